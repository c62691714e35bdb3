import { pairedLinks, type ToAdapter, type ToServer } from "@freshet/rpc";

interface Sender {
  send(message: ToAdapter | ToServer): void;
}

/**
 * Breaks the product on purpose, in this process only: patches that make an answer shorter get
 * lost, as if deletes were ignored. Returns what undoes it.
 */
export function plantLostDeletes(): () => void {
  const [one, other] = pairedLinks<ToServer, ToAdapter>();
  let owner = Object.getPrototypeOf(one) as Sender;
  while (!Object.hasOwn(owner, "send")) owner = Object.getPrototypeOf(owner) as Sender;
  one.close();
  other.close();
  const send = owner.send;
  const counts = new Map<string, number>();
  owner.send = function (this: Sender, message: ToAdapter | ToServer): void {
    if (message.kind === "filled") counts.set(`${message.cache} ${message.key}`, message.rows.count);
    if (message.kind !== "publish") return send.call(this, message);
    const entries = message.entries.filter(({ cache, key, rows }) => {
      const name = `${cache} ${key}`;
      const before = counts.get(name) ?? 0;
      if (rows !== null && rows.count < before) return false;
      if (rows !== null) counts.set(name, rows.count);
      return true;
    });
    send.call(this, { ...message, entries });
  };
  return () => {
    owner.send = send;
  };
}
