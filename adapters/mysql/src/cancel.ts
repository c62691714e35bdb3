import { randomBytes } from "node:crypto";

const MAX_THREADS = 127;
const COUNTER_LIMIT = 1 << 23;
/**
 * Ids from here on are ours; upstreams count from 1. All are below 2^31: some drivers write
 * larger ones as negative numbers into their KILL.
 */
const FIRST_THREAD_ID = 1 << 30;
/** Id, what to end, and who asks. */
const KEY_HEAD_BYTES = 5;

export type KillScope = "query" | "connection";

export interface Killable {
  /** Unicode. */
  readonly user: string;
  kill(scope: KillScope): void;
}

export interface KillRequest {
  readonly threadId: number;
  readonly scope: KillScope;
  /** Who asks; Unicode. */
  readonly user: string;
}

/**
 * The thread ids we greet with. They carry the adapter thread's number, so that a KILL that is
 * sent through another thread finds its way.
 */
export class CancelRegistry {
  readonly #threadIndex: number;
  readonly #administrator: string;
  readonly #clients = new Map<number, Killable>();
  #next = randomBytes(3).readUIntBE(0, 3);

  /** `administrator` may end everybody's statements, others their own. */
  constructor(threadIndex: number, administrator: string) {
    if (threadIndex < 0 || threadIndex >= MAX_THREADS) throw new RangeError("thread index");
    this.#threadIndex = threadIndex;
    this.#administrator = administrator;
  }

  /** An id for a client that is about to be greeted. */
  reserve(): number {
    let threadId: number;
    do {
      this.#next = (this.#next + 1) % COUNTER_LIMIT;
      threadId = FIRST_THREAD_ID + this.#threadIndex * COUNTER_LIMIT + this.#next;
    } while (this.#clients.has(threadId));
    return threadId;
  }

  register(threadId: number, client: Killable): void {
    this.#clients.set(threadId, client);
  }

  forget(threadId: number): void {
    this.#clients.delete(threadId);
  }

  isOurs(threadId: number): boolean {
    return threadId >= FIRST_THREAD_ID && threadId < FIRST_THREAD_ID + MAX_THREADS * COUNTER_LIMIT;
  }

  /** The thread an id of ours belongs to when it is not this one. */
  foreignThread(threadId: number): number | null {
    const thread = Math.floor((threadId - FIRST_THREAD_ID) / COUNTER_LIMIT);
    return thread === this.#threadIndex ? null : thread;
  }

  /** Ends a client of this thread. */
  request({ threadId, scope, user }: KillRequest): "done" | "unknown" | "denied" {
    const client = this.#clients.get(threadId);
    if (client === undefined) return "unknown";
    if (user !== client.user && user !== this.#administrator) return "denied";
    client.kill(scope);
    return "done";
  }

  /** From another thread; what cannot be done is dropped. */
  receive(key: Buffer): void {
    if (key.length < KEY_HEAD_BYTES) return;
    this.request({
      threadId: key.readUInt32LE(0),
      scope: key[4] === 1 ? "query" : "connection",
      user: key.toString("utf8", KEY_HEAD_BYTES),
    });
  }
}

/** For another thread's `receive`. */
export function killKey({ threadId, scope, user }: KillRequest): Buffer {
  const head = Buffer.alloc(KEY_HEAD_BYTES);
  head.writeUInt32LE(threadId, 0);
  head[4] = scope === "query" ? 1 : 0;
  return Buffer.concat([head, Buffer.from(user, "utf8")]);
}
