import { createHash } from "node:crypto";
import type { Column, TableId, TableSchema } from "@freshet/types";
import { columnTypeOf } from "./column-type.ts";
import { qualified } from "./names.ts";
import { refusalOf } from "./refusals.ts";
import type { ServerInfo } from "./server-info.ts";
import type { IndexDetail, TableDetail } from "./table-detail.ts";

/**
 * The dialect-neutral definition, or why there is none. Columns whose values cannot be kept are
 * left out: a query that names one is not cacheable, the others are.
 */
export function defineTable(
  detail: TableDetail,
  server: ServerInfo,
  id: TableId | null,
): TableSchema | { readonly refused: string } {
  const refused = refusalOf(detail, server);
  if (refused !== null) return { refused };
  if (id === null) return { refused: `the number of ${qualified(detail)} is another table's` };
  const columns: Column[] = [];
  let reason = "it has none";
  for (const column of detail.columns) {
    const type = columnTypeOf(column);
    if ("refused" in type) {
      reason = `column "${column.name}" ${type.refused}`;
      continue;
    }
    columns.push({
      name: column.name,
      number: column.number,
      type,
      notNull: !column.nullable,
      ...(column.invisible ? { hidden: true } : {}),
    });
  }
  if (columns.length === 0) {
    return { refused: `${qualified(detail)} has no column that can be kept: ${reason}` };
  }
  const primary = detail.indexes.find((index) => index.name === "PRIMARY");
  const key = primary === undefined ? null : positionsOf(columns, primary);
  const uniqueKeys = new Map<string, readonly number[]>();
  if (key !== null) uniqueKeys.set(key.join(), key);
  for (const index of detail.indexes) {
    const positions = index.unique ? positionsOf(columns, index) : null;
    if (positions !== null) uniqueKeys.set(positions.join(), positions);
  }
  return {
    id,
    schema: detail.schema,
    name: detail.name,
    columns,
    key,
    uniqueKeys: [...uniqueKeys.values()],
    generation: generationOf(detail, columns, key, server),
  };
}

/** Null when it does not identify rows: a column is not kept, may be null or cannot be compared. */
function positionsOf(columns: readonly Column[], index: IndexDetail): readonly number[] | null {
  if (!index.whole) return null;
  const positions: number[] = [];
  for (const name of index.columns) {
    const position = columns.findIndex(
      (column) => column.name.toLowerCase() === name.toLowerCase(),
    );
    const column = columns[position];
    if (column === undefined || !column.notNull) return null;
    if (column.type.kind === "opaque" || column.type.collation?.equality === "none") return null;
    positions.push(position);
  }
  return positions;
}

/**
 * Everything whose change makes plans or copied rows wrong. (Times of creation are not in it: the
 * binary log tells of every redefinition, and a table that was emptied is the same table.)
 */
function generationOf(
  detail: TableDetail,
  columns: readonly Column[],
  key: readonly number[] | null,
  server: ServerInfo,
): string {
  const facts = {
    table: [detail.schema, detail.name, detail.kind, detail.engine],
    columns: detail.columns,
    kept: columns,
    key,
    flavour: server.flavour,
  };
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 24);
}
