import { FrameCutter } from "@freshet/util";
import { ProtocolViolation } from "./protocol-violation.ts";

/** Largest message Postgres itself takes: 1 GB less one. */
const MAX_MESSAGE_BYTES = 0x3fffffff;
const HEADER_BYTES = 5;

export interface FrameReaderOptions {
  /**
   * A frame longer than this (header included) that is not whole in one chunk is handed on in
   * parts: the first part has at least this many bytes, the rest come as they arrive. A frame
   * up to this long is always whole. At least 5.
   */
  readonly assembleLimit: (type: number) => number;
}

/** Cuts a byte stream into typed messages; see `FrameCutter`. */
export class FrameReader extends FrameCutter {
  type = 0;

  readonly #assembleLimit: (type: number) => number;

  constructor(options: FrameReaderOptions) {
    super(HEADER_BYTES);
    this.#assembleLimit = options.assembleLimit;
  }

  protected override get assembleLimit(): number {
    return this.#assembleLimit(this.type);
  }

  protected override readHeader(buffer: Buffer, at: number): void {
    const type = buffer[at] as number;
    const length = buffer.readInt32BE(at + 1);
    if (length < 4 || length > MAX_MESSAGE_BYTES) {
      throw new ProtocolViolation("invalid message length");
    }
    this.type = type;
    this.total = length + 1;
  }
}
