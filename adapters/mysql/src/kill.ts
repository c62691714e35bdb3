import { ERROR } from "@freshet/mysql-wire";
import { killKey, type KillRequest, type KillScope } from "./cancel.ts";
import type { Session } from "./session.ts";

const KILL = /^\s*kill\s+(?:hard\s+|soft\s+)?(?:(connection|query)\s+)?(\d{10})\s*;?\s*$/i;

/** The client of ours that a KILL names; null when it is none of ours: the upstream's business. */
export function killedThread(
  session: Session,
  text: string,
): { readonly threadId: number; readonly scope: KillScope } | null {
  const match = KILL.exec(text);
  if (match === null) return null;
  const threadId = Number(match[2]);
  if (!session.context.cancels.isOurs(threadId)) return null;
  return { threadId, scope: match[1]?.toLowerCase() === "query" ? "query" : "connection" };
}

/** KILL of a client of ours: of this thread at once, of another one by word to it. */
export async function killByText(
  session: Session,
  { threadId, scope }: Pick<KillRequest, "threadId" | "scope">,
): Promise<void> {
  await session.link?.queue.idle();
  if (session.closed) return;
  const { cancels, onForeignCancel } = session.context;
  const request = { threadId, scope, user: session.user };
  if (threadId === session.threadId && scope === "connection") {
    session.error(ERROR.queryInterrupted, "70100", "Query execution was interrupted");
    return session.end();
  }
  const foreign = cancels.foreignThread(threadId);
  if (foreign !== null) {
    onForeignCancel(foreign, killKey(request));
    return session.ok();
  }
  switch (cancels.request(request)) {
    case "done":
      return session.ok();
    case "unknown":
      return session.error(ERROR.noSuchThread, "HY000", `Unknown thread id: ${threadId}`);
    case "denied":
      return session.error(ERROR.killDenied, "HY000", `You are not owner of thread ${threadId}`);
  }
}
