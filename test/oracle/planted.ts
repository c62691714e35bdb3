import { pairedLinks, type ToAdapter, type ToServer } from "@freshet/rpc";

interface Sender {
  send(message: ToAdapter | ToServer): void;
}

type Send = (message: ToAdapter | ToServer) => void;

/** Puts a fault into the link between adapter and server, in this process only. */
function plant(fault: (message: ToAdapter | ToServer, send: Send) => void): () => void {
  const [one, other] = pairedLinks<ToServer, ToAdapter>();
  let owner = Object.getPrototypeOf(one) as Sender;
  while (!Object.hasOwn(owner, "send")) owner = Object.getPrototypeOf(owner) as Sender;
  one.close();
  other.close();
  const original = owner.send;
  owner.send = function (this: Sender, message: ToAdapter | ToServer): void {
    fault(message, (changed) => original.call(this, changed));
  };
  return () => {
    owner.send = original;
  };
}

/** Patches that make an answer shorter get lost, as if deletes were ignored. */
export function plantLostDeletes(): () => void {
  const counts = new Map<string, number>();
  return plant((message, send) => {
    if (message.kind === "filled")
      counts.set(`${message.cache} ${message.key}`, message.rows.count);
    if (message.kind !== "publish") return send(message);
    const entries = message.entries.filter(({ cache, key, rows }) => {
      const name = `${cache} ${key}`;
      const before = counts.get(name) ?? 0;
      if (rows !== null && rows.count < before) return false;
      if (rows !== null) counts.set(name, rows.count);
      return true;
    });
    send({ ...message, entries });
  });
}

/** Nobody waits for own writes: what is asked for is a position that was reached long ago. */
export function plantUnawaitedWrites(): () => void {
  let reached: string | null = null;
  return plant((message, send) => {
    if (message.kind === "publish") reached ??= message.position;
    const awaits = message.kind === "await-position" && reached !== null;
    send(awaits ? { ...message, position: reached! } : message);
  });
}

/** Entries of one publication arrive as two, so that half a commit can be seen. */
export function plantTornCommits(): () => void {
  return plant((message, send) => {
    if (message.kind !== "publish" || message.entries.length < 2) return send(message);
    const half = Math.ceil(message.entries.length / 2);
    send({ ...message, entries: message.entries.slice(0, half) });
    const rest = { ...message, entries: message.entries.slice(half) };
    setTimeout(() => send(rest), 2);
  });
}
