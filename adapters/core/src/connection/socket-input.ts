import { Socket } from "node:net";
import { TLSSocket } from "node:tls";

const SMALLEST_BYTES = 4096;
const LARGEST_BYTES = 65_536;
/** A buffer grows by this factor when a read fills it, and shrinks when reads leave it empty. */
const STEP = 4;

/** Who reads a socket. */
export interface InputOwner {
  /** Bytes 0 to `end` of the buffer arrived. */
  take(buffer: Buffer, end: number): void;
  /**
   * True while ranges of what was taken may still be in use: frames not handled yet, bytes not
   * written out yet. What is taken meanwhile keeps a buffer of its own.
   */
  readonly holdsInput: boolean;
}

/** What a plain socket has beneath; not part of the documented interface of Node. */
interface Detachable {
  _handle: { reading: boolean; readStop(): unknown } | null;
  _server: unknown;
  server: unknown;
}

/**
 * Moves a plain socket's connection to a new socket that reads into one buffer again and again,
 * where Node's own way allocates 64 kB for each read. The owner sees bytes only through `take`;
 * 'data' is never emitted. Null, and nothing has changed, where it cannot be done: TLS, a socket
 * that is closing or connecting, or one with unread or unwritten bytes of its own.
 *
 * The buffer is used for the next read unless the owner holds on to it: then it is the owner's,
 * and the next read has a new one.
 */
export function readReusing(socket: Socket, owner: InputOwner): Socket | null {
  const from = socket as unknown as Detachable;
  const handle = from._handle;
  if (socket instanceof TLSSocket || !(socket instanceof Socket)) return null;
  if (socket.destroyed || socket.connecting || socket.readableEnded || !socket.writable)
    return null;
  if (socket.readableLength > 0 || socket.writableLength > 0 || handle === null) return null;
  if (typeof handle.readStop !== "function") return null;
  socket.setTimeout(0);
  handle.readStop();
  handle.reading = false;
  from._handle = null;
  const buffer = new InputBuffer(owner);
  const onread = { buffer: buffer.next, callback: buffer.arrived };
  const beneath: object = { handle, manualStart: true };
  const moved = new Socket({ ...beneath, allowHalfOpen: socket.allowHalfOpen, onread });
  // The listener counts its open connections by this.
  const to = moved as unknown as Detachable;
  to.server = from.server;
  to._server = from._server;
  from.server = from._server = null;
  return moved;
}

class InputBuffer {
  readonly #owner: InputOwner;
  #buffer = Buffer.allocUnsafeSlow(SMALLEST_BYTES);

  constructor(owner: InputOwner) {
    this.#owner = owner;
  }

  /** For the next read. */
  readonly next = (): Buffer => this.#buffer;

  readonly arrived = (bytes: number, into: Uint8Array): boolean => {
    const buffer = into as Buffer;
    const owner = this.#owner;
    let kept = false;
    if (owner.holdsInput) {
      owner.take(Buffer.from(buffer.subarray(0, bytes)), bytes);
    } else {
      owner.take(buffer, bytes);
      kept = owner.holdsInput;
    }
    const size = buffer.length;
    let wanted = size;
    if (bytes === size) wanted = Math.min(size * STEP, LARGEST_BYTES);
    else if (bytes * STEP * 2 < size) wanted = Math.max(size / STEP, SMALLEST_BYTES);
    if (kept || wanted !== size) this.#buffer = Buffer.allocUnsafeSlow(wanted);
    return true;
  };
}
