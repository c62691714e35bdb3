/** The peer broke the protocol: SQLSTATE 08P01 unless said otherwise; the connection ends. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  readonly code: string;

  constructor(message: string, code = "08P01") {
    super(message);
    this.code = code;
  }
}
