import { byteString } from "./byte-string.ts";
import { ProtocolViolation } from "./protocol-violation.ts";

/** Parsers of what a server sends; ranges as in `frontend-parsers.ts`. */

/** Field code → byte string, of an ErrorResponse or NoticeResponse. */
export function parseErrorFields(buffer: Buffer, start: number, end: number): Map<string, string> {
  const fields = new Map<string, string>();
  let at = start + 5;
  while (at < end && buffer[at] !== 0) {
    const code = String.fromCharCode(buffer[at] as number);
    const valueEnd = buffer.indexOf(0, at + 1);
    if (valueEnd === -1 || valueEnd >= end) break;
    fields.set(code, byteString(buffer, at + 1, valueEnd));
    at = valueEnd + 1;
  }
  return fields;
}

export function parseParameterStatus(
  buffer: Buffer,
  start: number,
  end: number,
): { readonly name: string; readonly value: string } {
  const nameEnd = buffer.indexOf(0, start + 5);
  const valueEnd = nameEnd === -1 ? -1 : buffer.indexOf(0, nameEnd + 1);
  if (valueEnd === -1 || valueEnd >= end) throw new ProtocolViolation("malformed ParameterStatus");
  return {
    name: byteString(buffer, start + 5, nameEnd),
    value: byteString(buffer, nameEnd + 1, valueEnd),
  };
}

/** Column values of a text DataRow as byte strings. */
export function parseDataRow(buffer: Buffer, start: number, end: number): (string | null)[] {
  const values: (string | null)[] = [];
  const count = buffer.readUInt16BE(start + 5);
  let at = start + 7;
  for (let i = 0; i < count; i += 1) {
    if (at + 4 > end) throw new ProtocolViolation("malformed DataRow");
    const length = buffer.readInt32BE(at);
    at += 4;
    if (length < 0) {
      values.push(null);
      continue;
    }
    if (at + length > end) throw new ProtocolViolation("malformed DataRow");
    values.push(byteString(buffer, at, at + length));
    at += length;
  }
  return values;
}

/** The tag of a CommandComplete. */
export function parseCommandTag(buffer: Buffer, start: number, end: number): string {
  return byteString(buffer, start + 5, end - 1);
}
