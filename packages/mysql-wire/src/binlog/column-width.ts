import { TYPE } from "../column-types.ts";
import { malformed } from "./binlog-error.ts";
import { packedDecimalBytes } from "./packed-decimal.ts";
import type { RowCursor } from "./row-cursor.ts";
import { MARIADB_TYPE, type StoredColumn } from "./stored-column.ts";
import { fractionBytes } from "./temporal-values.ts";

/** A fixed number of bytes, or the bytes of the length in front of the value. */
export type ColumnWidth = { readonly fixed: number } | { readonly prefix: number };

/** What a value of the column occupies in a row image. */
export function columnWidth({ type, meta }: StoredColumn): ColumnWidth {
  switch (type) {
    case TYPE.null:
      return { fixed: 0 };
    case TYPE.tiny:
    case TYPE.year:
      return { fixed: 1 };
    case TYPE.short:
      return { fixed: 2 };
    case TYPE.int24:
    case TYPE.date:
    case TYPE.newdate:
    case TYPE.time:
      return { fixed: 3 };
    case TYPE.long:
    case TYPE.float:
    case TYPE.timestamp:
      return { fixed: 4 };
    case TYPE.longlong:
    case TYPE.double:
    case TYPE.datetime:
      return { fixed: 8 };
    case TYPE.time2:
      return { fixed: 3 + fractionBytes(meta) };
    case TYPE.timestamp2:
      return { fixed: 4 + fractionBytes(meta) };
    case TYPE.datetime2:
      return { fixed: 5 + fractionBytes(meta) };
    case TYPE.newdecimal:
      return { fixed: packedDecimalBytes(meta >> 8, meta & 0xff) };
    case TYPE.bit:
      return { fixed: (meta + 7) >> 3 };
    case TYPE.enum:
    case TYPE.set:
      return { fixed: meta };
    case TYPE.varchar:
    case TYPE.varString:
    case TYPE.string:
    case MARIADB_TYPE.varcharCompressed:
      return { prefix: meta > 255 ? 2 : 1 };
    case TYPE.blob:
    case TYPE.tinyBlob:
    case TYPE.mediumBlob:
    case TYPE.longBlob:
    case TYPE.json:
    case TYPE.geometry:
    case TYPE.vector:
    case MARIADB_TYPE.blobCompressed:
      return { prefix: meta };
    default:
      throw malformed(`a column of the unknown type ${type}`);
  }
}

/** Moves over one value. */
export function compileSkip(column: StoredColumn): (cursor: RowCursor) => void {
  const width = columnWidth(column);
  if ("fixed" in width) {
    const { fixed } = width;
    return (cursor) => {
      cursor.skip(fixed);
    };
  }
  const { prefix } = width;
  return (cursor) => {
    cursor.skip(cursor.length(prefix));
  };
}
