import type { Schema, Table } from "../schema.ts";

export function tableStatements({ tables }: Pick<Schema, "tables">): readonly string[] {
  return tables.map(statementOf);
}

function statementOf(table: Table): string {
  const parts = table.columns.map(
    ({ name, type, nullable }) => `${name} ${type}${nullable ? "" : " NOT NULL"}`,
  );
  const keyList = table.key.join(", ");
  if (table.identity === "primary key") parts.push(`PRIMARY KEY (${keyList})`);
  if (table.identity === "index") parts.push(`UNIQUE KEY identity (${keyList})`);
  const ranges = "(PARTITION low VALUES LESS THAN (3), PARTITION high VALUES LESS THAN MAXVALUE)";
  const by = table.partitioned ? ` PARTITION BY RANGE (part) ${ranges}` : "";
  return `CREATE TABLE ${table.name} (${parts.join(", ")})${by}`;
}
