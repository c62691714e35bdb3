import type { Schema, Table } from "../schema.ts";
import { ENUM_STATEMENT } from "./column-types.data.ts";

export function tableStatements({ tables }: Pick<Schema, "tables">): readonly string[] {
  return [ENUM_STATEMENT, ...tables.flatMap(statementsOf)];
}

function statementsOf(table: Table): readonly string[] {
  const columns = table.columns.map(
    ({ name, type, nullable }) => `${name} ${type}${nullable ? "" : " NOT NULL"}`,
  );
  const keyList = table.key.join(", ");
  if (table.identity === "primary key") columns.push(`PRIMARY KEY (${keyList})`);
  const by = table.partitioned ? " PARTITION BY RANGE (part)" : "";
  const statements = [`CREATE TABLE ${table.name} (${columns.join(", ")})${by}`];
  if (table.partitioned) {
    statements.push(
      `CREATE TABLE ${table.name}_low PARTITION OF ${table.name} FOR VALUES FROM (MINVALUE) TO (3)`,
      `CREATE TABLE ${table.name}_high PARTITION OF ${table.name} DEFAULT`,
    );
  }
  if (table.identity === "index") {
    statements.push(
      `CREATE UNIQUE INDEX ${table.name}_identity ON ${table.name} (${keyList})`,
      `ALTER TABLE ${table.name} REPLICA IDENTITY USING INDEX ${table.name}_identity`,
    );
  }
  if (table.identity === "full") statements.push(`ALTER TABLE ${table.name} REPLICA IDENTITY FULL`);
  return statements;
}
