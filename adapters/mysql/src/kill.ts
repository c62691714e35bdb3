import { ERROR } from "@freshet/mysql-wire";
import { parseKill } from "@freshet/sql";
import { killKey, type KillRequest } from "./cancel.ts";
import type { Session } from "./session.ts";

const MAX_THREAD_ID = 0xffffffffn;

/** The client of ours that a KILL names; null when it is none of ours: the upstream's business. */
export function killedThread(
  session: Session,
  text: string,
): Pick<KillRequest, "threadId" | "scope"> | null {
  const kill = parseKill(text, session.lexer);
  if (kill === null || kill.id > MAX_THREAD_ID) return null;
  const threadId = Number(kill.id);
  return session.context.cancels.isOurs(threadId) ? { threadId, scope: kill.kind } : null;
}

/** KILL of a client of ours: of this thread at once, of another one by word to it. */
export async function killClient(
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
