import { CLIENT } from "../capabilities.ts";
import { payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";
import { EOF_HEADER, okPacket } from "./ok.ts";
import type { OkFields } from "./ok.ts";

/** Longest EOF packet, less one: a payload of 9 bytes or more that starts with 0xfe is a row. */
export const EOF_MAX_BYTES = 8;

export function eofPacket(status: number, warnings = 0): Buffer {
  return payload((out) => {
    out.uint8(EOF_HEADER);
    out.uint16(warnings);
    out.uint16(status);
  });
}

export function parseEof(
  buffer: Buffer,
  start: number,
  end: number,
): { readonly status: number; readonly warnings: number } {
  const reader = new PayloadReader(buffer, start + 1, end);
  // Pre-4.1 servers send the header alone.
  if (reader.left < 4) return { status: 0, warnings: 0 };
  const warnings = reader.uint16();
  return { status: reader.uint16(), warnings };
}

/** What ends the rows of a result: EOF, or OK with the EOF header by CLIENT.deprecateEof. */
export function resultEnd(ok: OkFields, capabilities: number): Buffer {
  return (capabilities & CLIENT.deprecateEof) !== 0
    ? okPacket(ok, capabilities, EOF_HEADER)
    : eofPacket(ok.status, ok.warnings);
}
