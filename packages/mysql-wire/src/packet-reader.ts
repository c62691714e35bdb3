import { ERROR } from "./errors.ts";
import { HEADER_BYTES, MAX_PAYLOAD_BYTES, PacketScanner } from "./packet-scanner.ts";
import { ProtocolViolation } from "./protocol-violation.ts";

const EMPTY = Buffer.alloc(0);

export interface PacketReaderOptions {
  /** max_allowed_packet: a joined payload longer than this is error 1153. Bytes. */
  readonly maxPacketBytes: number;
}

/**
 * Cuts a byte stream into whole payloads, joined where they span several physical packets. A
 * payload within one chunk is not copied. Sequence ids within a joined payload must follow each
 * other (1156); those of separate payloads are the owner's to check.
 */
export class PacketReader {
  /** The current payload without headers, valid until the next `next()`. */
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** Of the first and the last physical packet of the payload; the reply starts after the last. */
  sequence = 0;
  lastSequence = 0;

  readonly #scanner: LimitedScanner;
  readonly #parts: Buffer[] = [];

  constructor(options: PacketReaderOptions) {
    this.#scanner = new LimitedScanner(options.maxPacketBytes);
  }

  /** For the packets whose header has not been read yet; small before a client is known. */
  set maxPacketBytes(bytes: number) {
    this.#scanner.maxPacketBytes = bytes;
  }

  /** Bytes received and not yet handed out; the parts of an unfinished payload included. */
  get bufferedBytes(): number {
    return this.#scanner.bufferedBytes + this.#scanner.joinedBytes;
  }

  /** True when no chunk is in use any more: what is left of a cut packet is a copy. */
  get holdsNoChunk(): boolean {
    return this.#scanner.holdsNoChunk;
  }

  /** Takes back everything not handed out yet, as it came; the reader is empty afterwards. */
  drain(): Buffer {
    const rest = [...this.#parts, this.#scanner.drain()];
    this.#parts.length = 0;
    this.#scanner.joinedBytes = 0;
    return Buffer.concat(rest);
  }

  /** Bytes 0 to `end` of the chunk follow. */
  push(chunk: Buffer, end = chunk.length): void {
    this.#scanner.push(chunk, end);
  }

  /** Moves to the next payload; false when more bytes are needed. */
  next(): boolean {
    const scanner = this.#scanner;
    while (scanner.next()) {
      const joined = this.#parts.length > 0;
      if (!joined) this.sequence = scanner.sequence;
      else if (scanner.sequence !== ((this.lastSequence + 1) & 0xff)) {
        throw new ProtocolViolation("Got packets out of order", ERROR.netPacketsOutOfOrder);
      }
      this.lastSequence = scanner.sequence;
      if (scanner.continues) {
        // Kept with its header, so that `drain` gives back what came; the chunk may be reused.
        this.#parts.push(Buffer.from(scanner.buffer.subarray(scanner.start, scanner.end)));
        scanner.joinedBytes += scanner.length;
        continue;
      }
      if (joined) this.#join();
      else this.#set(scanner.buffer, scanner.payloadAt, scanner.end);
      return true;
    }
    return false;
  }

  #join(): void {
    const scanner = this.#scanner;
    const payloads = this.#parts.map((part) => part.subarray(HEADER_BYTES));
    payloads.push(scanner.buffer.subarray(scanner.payloadAt, scanner.end));
    const whole = Buffer.concat(payloads);
    this.#parts.length = 0;
    scanner.joinedBytes = 0;
    this.#set(whole, 0, whole.length);
  }

  #set(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    this.start = start;
    this.end = end;
  }
}

/** Refuses a packet by its header, before its bytes have been received. */
class LimitedScanner extends PacketScanner {
  /** Payload bytes of the packets before this one that are joined with it. */
  joinedBytes = 0;
  maxPacketBytes: number;

  constructor(maxPacketBytes: number) {
    super(HEADER_BYTES + MAX_PAYLOAD_BYTES);
    this.maxPacketBytes = maxPacketBytes;
  }

  protected override readHeader(buffer: Buffer, at: number): void {
    super.readHeader(buffer, at);
    if (this.joinedBytes + this.length > this.maxPacketBytes) {
      throw new ProtocolViolation(
        "Got a packet bigger than 'max_allowed_packet' bytes",
        ERROR.netPacketTooLarge,
      );
    }
  }
}
