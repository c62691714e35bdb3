import { setImmediate } from "node:timers";
import { must } from "@freshet/util";
import { LinkBase } from "./link-base.ts";
import type { LinkOptions } from "./link-base.ts";
import type { Link } from "./messages.ts";

/**
 * Two ends of a link within one thread: asynchronous, ordered, a batch per turn, as between
 * threads, but the objects themselves arrive.
 */
export function pairedLinks<A, B>(options: LinkOptions = {}): [Link<A, B>, Link<B, A>] {
  const one = new MemoryLink<A, B>(options);
  const other = new MemoryLink<B, A>(options);
  one.peer = other;
  other.peer = one;
  return [one, other];
}

class MemoryLink<Out, In> extends LinkBase<Out, In> {
  peer: MemoryLink<In, Out> | null = null;

  protected override deliver(messages: readonly Out[], cost: number): void {
    const peer = must(this.peer, "a paired link has a peer");
    setImmediate(() => {
      peer.received(messages);
      if (!peer.closed) this.acknowledged(cost);
    });
  }

  protected override disconnect(): void {
    const peer = must(this.peer, "a paired link has a peer");
    setImmediate(() => peer.ended());
  }
}
