import type { Column, TableSchema } from "@freshet/types";
import { must } from "@freshet/util";
import type { Connection } from "mysql2";
import { qualified, quoteName } from "./names.ts";
import { queryRows } from "./session.ts";

const CHUNK_ROWS = 100_000;
const CHUNKS_LIMIT = 1000;

/**
 * The SELECTs that together read the table once. Tables with one whole number as their key are
 * read in ranges of it, others at once. `client` must see what the readers see.
 */
export async function copyCommands(
  client: Connection,
  schema: TableSchema,
  estimatedRows: number,
): Promise<readonly string[]> {
  const columns = schema.columns.map(columnExpression).join(", ");
  const select = `SELECT ${columns} FROM ${qualified(schema)}`;
  const wanted = Math.min(CHUNKS_LIMIT, Math.ceil(estimatedRows / CHUNK_ROWS));
  const key = schema.key?.length === 1 ? schema.columns[schema.key[0]!] : undefined;
  const isNumber =
    key?.type.kind === "int" || (key?.type.kind === "bigint" && key.type.name !== "bit");
  if (wanted < 2 || key === undefined || !isNumber) return [select];
  const name = quoteName(key.name);
  const rows = await queryRows(
    client,
    `SELECT MIN(${name}) AS low, MAX(${name}) AS high FROM ${qualified(schema)}`,
  );
  const { low, high } = must(rows[0], "an aggregate has a row");
  if (low === null || high === null || low === undefined || high === undefined) return [select];
  const first = BigInt(low);
  const span = BigInt(high) - first + 1n;
  const step = span / BigInt(wanted) + 1n;
  const commands: string[] = [];
  for (let from = first; from <= BigInt(high); from += step) {
    commands.push(`${select} WHERE ${name} >= ${from} AND ${name} < ${from + step}`);
  }
  return commands;
}

/** Text that loses nothing: the server rounds single precision to six digits. */
export function columnExpression(column: Column): string {
  const name = quoteName(column.name);
  if (column.type.kind === "float4") return `CAST(${name} AS DOUBLE)`;
  if (column.type.name === "bit") return `CAST(${name} AS UNSIGNED)`;
  return name;
}
