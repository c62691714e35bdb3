import type { Socket } from "node:net";

/** Up to here pieces are copied together, so that one write (one packet) carries them. */
const COPY_LIMIT_BYTES = 65_536;

/**
 * Collects ranges of buffers for one socket and writes them with as few calls as possible.
 * Contiguous ranges of one buffer merge, so a forwarded chunk leaves as it came.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #buffers: Buffer[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #length = 0;
  /** False after a write that filled the socket's buffer, until its `drain`. */
  writable = true;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get length(): number {
    return this.#length;
  }

  add(buffer: Buffer, start = 0, end = buffer.length): void {
    if (end === start) return;
    this.#length += end - start;
    const last = this.#buffers.length - 1;
    if (last >= 0 && this.#buffers[last] === buffer && this.#ends[last] === start) {
      this.#ends[last] = end;
      return;
    }
    this.#buffers.push(buffer);
    this.#starts.push(start);
    this.#ends.push(end);
  }

  /** Number of bytes handed to the socket. */
  flush(): number {
    const length = this.#length;
    if (length === 0) return 0;
    this.#length = 0;
    const count = this.#buffers.length;
    if (this.#socket.destroyed || this.#socket.writableEnded) {
      // The peer is gone; its close event ends the session.
    } else if (count === 1) {
      this.#write(this.#piece(0));
    } else if (length <= COPY_LIMIT_BYTES) {
      const joined = Buffer.allocUnsafe(length);
      let at = 0;
      for (let i = 0; i < count; i += 1) {
        const start = this.#starts[i] as number;
        const end = this.#ends[i] as number;
        (this.#buffers[i] as Buffer).copy(joined, at, start, end);
        at += end - start;
      }
      this.#write(joined);
    } else {
      this.#socket.cork();
      for (let i = 0; i < count; i += 1) this.#write(this.#piece(i));
      this.#socket.uncork();
    }
    this.#buffers.length = 0;
    this.#starts.length = 0;
    this.#ends.length = 0;
    return length;
  }

  #piece(index: number): Buffer {
    const buffer = this.#buffers[index] as Buffer;
    const start = this.#starts[index] as number;
    const end = this.#ends[index] as number;
    return start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end);
  }

  #write(bytes: Buffer): void {
    if (!this.#socket.write(bytes)) this.writable = false;
  }
}
