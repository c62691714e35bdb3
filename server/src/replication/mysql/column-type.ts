import type { SqlType } from "@freshet/types";
import type { ServerInfo } from "./server-info.ts";
import type { ColumnDetail } from "./table-detail.ts";

export function columnTypeOf(
  column: ColumnDetail,
  server: ServerInfo,
): SqlType | { readonly refused: string } {
  void server;
  return { refused: `has type ${column.dataType}` };
}
