import { type SqlType, typeOfMysqlColumn } from "@freshet/types";
import type { ServerInfo } from "./server-info.ts";
import type { ColumnDetail } from "./table-detail.ts";

/** The type of a stored column, or why its values cannot be kept. */
export function columnTypeOf(
  column: ColumnDetail,
  server: ServerInfo,
): SqlType | { readonly refused: string } {
  if (column.generated === "virtual" && server.flavour === "mariadb") {
    return { refused: "is virtual, and this server's binary log leaves out its values" };
  }
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
