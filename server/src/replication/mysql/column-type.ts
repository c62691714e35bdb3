import { type SqlType, typeOfMysqlColumn } from "@freshet/types";
import type { ColumnDetail } from "./table-detail.ts";

/** The type of a stored column, or why its values cannot be kept. */
export function columnTypeOf(column: ColumnDetail): SqlType | { readonly refused: string } {
  const type = typeOfMysqlColumn({
    dataType: column.dataType,
    columnType: column.columnType,
    characterSet: column.charset,
    collation: column.collation,
    length: column.length,
    precision: column.numericPrecision,
    scale: column.numericScale,
    fractionalDigits: column.dateTimePrecision,
  });
  return typeof type === "string" ? { refused: `has ${type}` } : type;
}
