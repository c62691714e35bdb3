/**
 * - `malformed`: cut short, impossible lengths or values.
 * - `checksum`: the CRC32 does not agree.
 * - `unknown-event`: a type that may not be ignored.
 * - `unsupported`: known, but its rows cannot be given exactly (partial JSON updates, encryption).
 * - `incident`: the server says that its log has a gap.
 * - `too-large`: a compressed transaction beyond the limit.
 * - `unrepresentable`: the stream is whole, but a row has a value without a representation (text
 *   that is not valid UTF-8, which MariaDB stores): its table cannot be kept.
 */
export type BinlogErrorReason =
  | "malformed"
  | "checksum"
  | "unknown-event"
  | "unsupported"
  | "incident"
  | "too-large"
  | "unrepresentable";

/** Always fatal to the stream: whoever goes on after it has lost changes. */
export class BinlogError extends Error {
  override readonly name = "BinlogError";
  readonly reason: BinlogErrorReason;

  constructor(reason: BinlogErrorReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

export function malformed(message: string, cause?: unknown): BinlogError {
  return new BinlogError("malformed", message, cause);
}
