import { COLUMN_FLAG } from "../column-types.ts";
import { readBinaryValue } from "../commands/binary-value.ts";
import type { BinaryValue } from "../commands/binary-value.ts";
import { PayloadReader } from "../payload-reader.ts";
import { malformedPacket } from "../protocol-violation.ts";
import type { WireColumn } from "./column-definition.ts";

/** The first two bits of a binary row's NULL bitmap are not used. */
export const NULL_BITMAP_OFFSET = 2;

export function nullBitmapBytes(columnCount: number): number {
  return (columnCount + NULL_BITMAP_OFFSET + 7) >> 3;
}

/** One row of the binary protocol. */
export function parseBinaryRow(
  buffer: Buffer,
  start: number,
  end: number,
  columns: readonly Pick<WireColumn, "columnType" | "flags">[],
): BinaryValue[] {
  const reader = new PayloadReader(buffer, start, end);
  if (reader.uint8() !== 0) throw malformedPacket();
  const bitmapAt = reader.skip(nullBitmapBytes(columns.length));
  return columns.map(({ columnType, flags }, index) => {
    const bit = index + NULL_BITMAP_OFFSET;
    if ((buffer[bitmapAt + (bit >> 3)]! & (1 << (bit & 7))) !== 0) return null;
    return readBinaryValue(reader, columnType, (flags & COLUMN_FLAG.unsigned) !== 0);
  });
}
