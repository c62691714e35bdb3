import type { SqlType } from "@freshet/types";
import { TYPE } from "../column-types.ts";
import { malformed } from "./binlog-error.ts";
import {
  type TextCharset,
  charsetOfCollation,
  charsetOfCollationName,
  textDecoderOf,
} from "./charsets.ts";
import type { ReadValue } from "./column-reader.ts";
import { columnWidth } from "./column-width.ts";
import type { MapColumn } from "./events.ts";

/** The character set of a column's text: by the catalogue, else as the table map tells. */
export function charsetOf(column: MapColumn, type: SqlType): TextCharset | "binary" | null {
  const name = type.collation?.name;
  const named = name === undefined ? null : charsetOfCollationName(name);
  if (named !== null) return named;
  const told = column.collation === null ? null : charsetOfCollation(column.collation);
  return told === "other" ? null : told;
}

/** Strings and blobs: text for the kind `text`, else bytes. */
export function compileText(column: MapColumn, type: SqlType): ReadValue {
  const width = columnWidth(column);
  if (!("prefix" in width)) throw malformed("a column of fixed width where none can be");
  const { prefix } = width;
  const fixed = column.type === TYPE.string;
  if (type.kind === "bytes") return compileBytes(prefix, fixed ? column.meta : 0);
  const charset = charsetOf(column, type);
  if (charset === null || charset === "binary") throw malformed("text without a character set");
  const decode = textDecoderOf(charset);
  if (!fixed) {
    return (cursor) => {
      const length = cursor.length(prefix);
      const at = cursor.skip(length);
      return decode(cursor.bytes, at, at + length);
    };
  }
  return (cursor) => {
    const length = cursor.length(prefix);
    const at = cursor.skip(length);
    let end = at + length;
    // CHAR has no trailing spaces when it is read.
    while (end > at && cursor.bytes[end - 1] === 0x20) end -= 1;
    return decode(cursor.bytes, at, end);
  };
}

/** `\x` and hex; row images leave out the zeros at the end of a BINARY(n). */
function compileBytes(prefix: number, paddedLength: number): ReadValue {
  return (cursor) => {
    const length = cursor.length(prefix);
    const at = cursor.skip(length);
    const hex = `\\x${cursor.bytes.toString("hex", at, at + length)}`;
    return length < paddedLength ? hex + "00".repeat(paddedLength - length) : hex;
  };
}
