import { ERROR, sqlStateOf } from "./errors.ts";

/**
 * The peer broke the protocol. `code` is the MySQL error number (1835 malformed packet unless
 * said otherwise) and `sqlState` belongs to it; the connection ends after the ERR packet.
 */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  readonly code: number;
  readonly sqlState: string;

  constructor(message: string, code: number = ERROR.malformedPacket) {
    super(message);
    this.code = code;
    this.sqlState = sqlStateOf(code);
  }
}

export function malformedPacket(): ProtocolViolation {
  return new ProtocolViolation("Malformed communication packet.");
}
