import { payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";

export const NULL_CELL = 0xfb;

/** One row of the text protocol; texts are Unicode and sent as UTF-8, null is NULL. */
export function textRow(values: readonly (string | null)[]): Buffer {
  return payload((out) => {
    for (const value of values) {
      if (value === null) out.uint8(NULL_CELL);
      else out.lenencBytes(Buffer.from(value, "utf8"));
    }
  });
}

/** The values as byte strings. */
export function parseTextRow(
  buffer: Buffer,
  start: number,
  end: number,
  columnCount: number,
): (string | null)[] {
  const reader = new PayloadReader(buffer, start, end);
  const values: (string | null)[] = [];
  for (let column = 0; column < columnCount; column += 1) {
    if (reader.left > 0 && buffer[reader.at] === NULL_CELL) {
      reader.skip(1);
      values.push(null);
    } else values.push(reader.lenencString());
  }
  return values;
}
