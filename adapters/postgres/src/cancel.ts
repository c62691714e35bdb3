import { randomBytes, timingSafeEqual } from "node:crypto";

const MAX_THREADS = 127;
const COUNTER_LIMIT = 1 << 24;
/** Protocol 3.0 fixes 4 bytes; 3.2 allows up to 256. */
const SECRET_BYTES_3_0 = 4;
const SECRET_BYTES_3_2 = 32;

export interface Cancellable {
  cancel(): void;
}

/**
 * The cancel keys of one thread's clients. The first byte of the process id is the thread, so
 * a cancel that the kernel hands to another thread's listener finds its way.
 */
export class CancelRegistry {
  readonly #threadIndex: number;
  readonly #clients = new Map<number, { readonly secret: Buffer; readonly client: Cancellable }>();
  #next = randomBytes(3).readUIntBE(0, 3);

  constructor(threadIndex: number) {
    if (threadIndex < 0 || threadIndex >= MAX_THREADS) throw new RangeError("thread index");
    this.#threadIndex = threadIndex;
  }

  /** `minor` is the protocol's minor version the client speaks. */
  register(
    client: Cancellable,
    minor: number,
  ): { readonly processId: number; readonly secret: Buffer } {
    let processId: number;
    do {
      this.#next = (this.#next + 1) % COUNTER_LIMIT;
      processId = this.#threadIndex * COUNTER_LIMIT + this.#next;
    } while (processId === 0 || this.#clients.has(processId));
    const secret = randomBytes(minor >= 2 ? SECRET_BYTES_3_2 : SECRET_BYTES_3_0);
    this.#clients.set(processId, { secret, client });
    return { processId, secret };
  }

  forget(processId: number): void {
    this.#clients.delete(processId);
  }

  /** Delivers; returns the thread to relay to when the key is another's, else null. */
  request(key: Buffer): number | null {
    if (key.length < 8) return null;
    const processId = key.readInt32BE(0);
    const thread = processId >>> 24;
    if (thread !== this.#threadIndex) return thread < MAX_THREADS ? thread : null;
    const found = this.#clients.get(processId);
    const secret = key.subarray(4);
    if (found?.secret.length !== secret.length) return null;
    if (timingSafeEqual(found.secret, secret)) found.client.cancel();
    return null;
  }
}
