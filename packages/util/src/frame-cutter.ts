const EMPTY = Buffer.alloc(0);

/**
 * Cuts a byte stream into length-prefixed frames without copying: a frame is a range of the chunk
 * it came in, and only a frame cut by a chunk's end is put together. Pull-based, so that the owner
 * may stop in the middle of a chunk (`push` keeps further chunks in order).
 */
export abstract class FrameCutter {
  /** The current frame or part, valid until the next `next()`; the range includes the header. */
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** True for whole frames and first parts: the header stands at `start`. */
  first = true;
  /** True for whole frames and last parts. */
  last = true;
  /** Whole length of the frame with its header, also when this is only a part. */
  total = 0;

  readonly #headerBytes: number;
  readonly #queue: Buffer[] = [];
  #chunk: Buffer | null = null;
  #at = 0;
  /** Where the current chunk ends. */
  #chunkEnd = 0;
  readonly #header: Buffer;
  #headerLength = 0;
  #body: Buffer | null = null;
  #bodyLength = 0;
  #streamLeft = 0;

  constructor(headerBytes: number) {
    this.#headerBytes = headerBytes;
    this.#header = Buffer.alloc(headerBytes);
  }

  /** Reads the header at `at` and sets `total`. */
  protected abstract readHeader(buffer: Buffer, at: number): void;

  /**
   * A frame longer than this (header included) that is not whole in one chunk is handed on in
   * parts: the first part has at least this many bytes, the rest come as they arrive. A frame up
   * to this long is always whole. At least the header; asked after `readHeader`.
   */
  protected abstract get assembleLimit(): number;

  /** True when no chunk is in use any more: what is left of a cut frame is a copy. */
  get holdsNoChunk(): boolean {
    return this.#chunk === null || (this.#at === this.#chunkEnd && this.#queue.length === 0);
  }

  /** Bytes received and not yet handed out. */
  get bufferedBytes(): number {
    let bytes = this.#chunk === null ? 0 : this.#chunkEnd - this.#at;
    for (const chunk of this.#queue) bytes += chunk.length;
    return bytes + this.#headerLength + this.#bodyLength;
  }

  /** Takes back everything not handed out yet; the reader is empty afterwards. */
  drain(): Buffer {
    const parts: Buffer[] = [this.#header.subarray(0, this.#headerLength)];
    if (this.#body !== null) parts.push(this.#body.subarray(0, this.#bodyLength));
    if (this.#chunk !== null) parts.push(this.#chunk.subarray(this.#at, this.#chunkEnd));
    const all = Buffer.concat([...parts, ...this.#queue]);
    this.#queue.length = 0;
    this.#chunk = null;
    this.#body = null;
    this.#headerLength = this.#bodyLength = this.#streamLeft = 0;
    return all;
  }

  /** Bytes 0 to `end` of the chunk follow. */
  push(chunk: Buffer, end = chunk.length): void {
    if (this.#chunk === null) {
      this.#chunk = chunk;
      this.#chunkEnd = end;
      this.#at = 0;
    } else {
      this.#queue.push(end === chunk.length ? chunk : chunk.subarray(0, end));
    }
  }

  /** Moves to the next frame or part; false when more bytes are needed. */
  next(): boolean {
    for (;;) {
      const chunk = this.#chunk;
      if (chunk === null) return false;
      const available = this.#chunkEnd - this.#at;
      if (available === 0) {
        const following = this.#queue.length === 0 ? null : (this.#queue.shift() ?? null);
        this.#chunk = following;
        this.#chunkEnd = following === null ? 0 : following.length;
        this.#at = 0;
        continue;
      }
      if (this.#streamLeft > 0) {
        this.#emitRest(chunk, available);
        return true;
      }
      if (this.#headerLength === 0 && this.#body === null) {
        if (this.#take(chunk, available)) return true;
      } else if (this.#continue(chunk, available)) {
        return true;
      }
    }
  }

  #emitRest(chunk: Buffer, available: number): void {
    const bytes = Math.min(available, this.#streamLeft);
    this.#streamLeft -= bytes;
    this.#emit(chunk, this.#at, this.#at + bytes, false, this.#streamLeft === 0);
    this.#at += bytes;
  }

  #take(chunk: Buffer, available: number): boolean {
    if (available < this.#headerBytes) {
      chunk.copy(this.#header, 0, this.#at, this.#chunkEnd);
      this.#headerLength = available;
      this.#at = this.#chunkEnd;
      return false;
    }
    const start = this.#at;
    this.readHeader(chunk, start);
    if (available >= this.total) {
      this.#at = start + this.total;
      this.#emit(chunk, start, this.#at, true, true);
      return true;
    }
    const limit = this.assembleLimit;
    if (this.total > limit && available >= limit) {
      this.#streamLeft = this.total - available;
      this.#at = this.#chunkEnd;
      this.#emit(chunk, start, this.#chunkEnd, true, false);
      return true;
    }
    const body = Buffer.allocUnsafe(Math.min(this.total, limit));
    chunk.copy(body, 0, start, this.#chunkEnd);
    this.#body = body;
    this.#bodyLength = available;
    this.#at = this.#chunkEnd;
    return false;
  }

  #continue(chunk: Buffer, available: number): boolean {
    if (this.#body === null) {
      const bytes = Math.min(this.#headerBytes - this.#headerLength, available);
      chunk.copy(this.#header, this.#headerLength, this.#at, this.#at + bytes);
      this.#headerLength += bytes;
      this.#at += bytes;
      if (this.#headerLength < this.#headerBytes) return false;
      this.#headerLength = 0;
      this.readHeader(this.#header, 0);
      this.#body = Buffer.allocUnsafe(Math.min(this.total, this.assembleLimit));
      this.#header.copy(this.#body, 0);
      this.#bodyLength = this.#headerBytes;
    } else {
      const bytes = Math.min(this.#body.length - this.#bodyLength, available);
      chunk.copy(this.#body, this.#bodyLength, this.#at, this.#at + bytes);
      this.#bodyLength += bytes;
      this.#at += bytes;
    }
    const body = this.#body;
    if (this.#bodyLength < body.length) return false;
    this.#body = null;
    this.#bodyLength = 0;
    this.#streamLeft = this.total - body.length;
    this.#emit(body, 0, body.length, true, this.#streamLeft === 0);
    return true;
  }

  #emit(buffer: Buffer, start: number, end: number, first: boolean, last: boolean): void {
    this.buffer = buffer;
    this.start = start;
    this.end = end;
    this.first = first;
    this.last = last;
  }
}
