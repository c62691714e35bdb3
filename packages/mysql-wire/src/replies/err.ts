import { payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";

export const ERR_HEADER = 0xff;
/** The error number that marks a MariaDB progress report. */
export const PROGRESS_REPORT = 0xffff;
const SQL_STATE_MARK = 0x23;

export interface ErrPacket {
  readonly code: number;
  /** Five characters; HY000 where the packet had none. */
  readonly sqlState: string;
  /** Byte string: the client's character set. */
  readonly message: string;
}

/** `beforeHandshake`: a server's very first packet has no SQLSTATE. */
export function errPacket(error: ErrPacket, beforeHandshake = false): Buffer {
  return payload((out) => {
    out.uint8(ERR_HEADER);
    out.uint16(error.code);
    if (!beforeHandshake) {
      out.uint8(SQL_STATE_MARK);
      out.byteText(error.sqlState.padEnd(5, "0").slice(0, 5));
    }
    out.byteText(error.message);
  });
}

export function parseErr(buffer: Buffer, start: number, end: number): ErrPacket {
  const reader = new PayloadReader(buffer, start + 1, end);
  const code = reader.uint16();
  let sqlState = "HY000";
  if (reader.left >= 6 && buffer[reader.at] === SQL_STATE_MARK) {
    reader.skip(1);
    sqlState = reader.string(5);
  }
  return { code, sqlState, message: reader.rest() };
}
