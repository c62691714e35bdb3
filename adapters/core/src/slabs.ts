const SLAB_BYTES = 256 * 1024;
/** Larger pieces get a buffer of their own: the overhead of one no longer matters. */
const OWN_BUFFER_BYTES = 16 * 1024;

export interface SlabOwner {
  /** Copies what it has in this slab elsewhere, if it still has anything there. */
  moveOut(slab: Slab): void;
}

/**
 * Buffers that many small pieces share, because a Buffer of its own costs an answer several
 * hundred bytes. A slab is filled once from front to back and its memory never used again, so
 * a view that a socket still writes from stays what it was; the collector frees a slab when the
 * last view is gone. A slab that is mostly dead is emptied: its owners move out, so that slabs
 * hold at most about twice the bytes that live.
 */
export class Slab {
  readonly buffer: Buffer;
  readonly owners: SlabOwner[] = [];
  /** Bytes handed out so far. */
  used = 0;
  /** Bytes of pieces that are still held. */
  live = 0;

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafeSlow(size);
  }
}

export class Slabs {
  #current = new Slab(SLAB_BYTES);

  /** Copies the bytes in; they end at the slab's `used` when this returns. */
  add(owner: SlabOwner, bytes: Uint8Array): Slab {
    const slab = this.#room(bytes.length);
    slab.buffer.set(bytes, slab.used);
    slab.used += bytes.length;
    slab.live += bytes.length;
    slab.owners.push(owner);
    return slab;
  }

  /** Gives up a piece of this length; the owner no longer points at it. */
  remove(slab: Slab, length: number): void {
    slab.live -= length;
    if (slab === this.#current || slab.live === 0 || slab.live * 2 >= slab.used) return;
    const owners = slab.owners.splice(0);
    for (const owner of owners) owner.moveOut(slab);
  }

  #room(length: number): Slab {
    if (length >= OWN_BUFFER_BYTES) return new Slab(length);
    if (this.#current.used + length > SLAB_BYTES) this.#current = new Slab(SLAB_BYTES);
    return this.#current;
  }
}
