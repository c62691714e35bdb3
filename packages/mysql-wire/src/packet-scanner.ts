import { FrameCutter } from "@freshet/util";

export const HEADER_BYTES = 4;
/** Longest payload of one physical packet; a payload this long goes on in the next packet. */
export const MAX_PAYLOAD_BYTES = 0xffffff;

/**
 * Cuts a byte stream into physical packets for forwarding: the current range starts at the
 * header, and a packet longer than `assembleLimit` (header included, at least 36 so that
 * `ReplyTracker` sees what it needs) may come in parts.
 */
export class PacketScanner extends FrameCutter {
  /** Of the current packet. */
  sequence = 0;
  /** Payload bytes of the current physical packet, also when only a part of it is here. */
  length = 0;

  readonly #assembleLimit: number;

  constructor(assembleLimit: number) {
    super(HEADER_BYTES);
    this.#assembleLimit = assembleLimit;
  }

  /** Where the payload starts in `buffer`; only when `first`. */
  get payloadAt(): number {
    return this.start + HEADER_BYTES;
  }

  /** A logical packet goes on in the next physical one. */
  get continues(): boolean {
    return this.length === MAX_PAYLOAD_BYTES;
  }

  protected override get assembleLimit(): number {
    return this.#assembleLimit;
  }

  protected override readHeader(buffer: Buffer, at: number): void {
    this.length = buffer.readUIntLE(at, 3);
    this.sequence = buffer[at + 3] as number;
    this.total = this.length + HEADER_BYTES;
  }
}
