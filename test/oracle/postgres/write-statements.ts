import type { WriteDialect, WriteMaker, WriteStatement } from "../dialect.ts";
import { copiedColumns, copyLines, largeTransaction } from "../bulk-writes.ts";
import type { Table } from "../schema.ts";
import { COLUMN_TYPES, LARGE_TEXT_EXPRESSION } from "./column-types.data.ts";

const WIDER: Readonly<Record<string, string>> = {
  int4: "int8",
  "varchar(40)": "text",
  "numeric(10,2)": "numeric(14,4)",
};

export const POSTGRES_WRITES: WriteDialect = {
  insert: (table, names, values, ignoring) =>
    `INSERT INTO ${table.name} (${names}) VALUES ${values}${ignoring ? " ON CONFLICT DO NOTHING" : ""}`,
  changes: [[1.5, upsert]],
  transactions: [
    [1, copy],
    [0.4, (maker) => largeTransaction(maker, series).map((text) => ({ text }))],
    [0.4, (maker) => truncate(maker).map((text) => ({ text }))],
  ],
  definitionChange(maker, extra) {
    const table = maker.table();
    const add = `ALTER TABLE ${table.name} ADD COLUMN ${extra} int4 DEFAULT 7`;
    const typeChange = typeChangeOf(table);
    return maker.random.pick([
      [add],
      [
        add,
        `UPDATE ${table.name} SET ${extra} = ref`,
        `ALTER TABLE ${table.name} DROP COLUMN ${extra}`,
      ],
      [add, `ALTER TABLE ${table.name} RENAME COLUMN ${extra} TO ${extra}_renamed`],
      [`CREATE INDEX ON ${table.name} (ref, tag)`],
      ["BEGIN", maker.change(), add, maker.change(), "COMMIT"],
      ["BEGIN", add, maker.change(), "ROLLBACK"],
      typeChange === null ? [add] : [typeChange],
    ]);
  },
  largeValue: ({ sql }) =>
    sql === "text" ? (seed) => LARGE_TEXT_EXPRESSION.replaceAll("$SEED", String(seed)) : null,
};

function typeChangeOf(table: Table): string | null {
  const column = table.columns.find(({ name, type }) => name.startsWith("c") && type in WIDER);
  if (column === undefined) return null;
  return `ALTER TABLE ${table.name} ALTER COLUMN ${column.name} TYPE ${WIDER[column.type]!}`;
}

function upsert(maker: WriteMaker, table: Table): string {
  if (table.key.length === 0) return maker.insert(table, 2);
  const insert = maker.insert(table, maker.random.between(1, 2), false);
  return `${insert} ON CONFLICT (${table.key.join(", ")}) DO UPDATE SET ref = EXCLUDED.ref, tag = ${table.name}.tag`;
}

function copy(maker: WriteMaker): readonly WriteStatement[] {
  const table = maker.table();
  const columns = copiedColumns(table);
  const lines = copyLines(maker, COLUMN_TYPES, columns);
  const names = columns.map(({ name }) => name).join(", ");
  return [{ text: `COPY ${table.name} (${names}) FROM STDIN`, copy: lines }];
}

function truncate(maker: WriteMaker): readonly string[] {
  const table = maker.table();
  return [
    "BEGIN",
    ...maker.changes(0, 1),
    `TRUNCATE ${table.name}`,
    maker.insert(table, 5),
    "COMMIT",
  ];
}

function series(from: number, to: number): string {
  return `generate_series(${from}, ${to}) AS i`;
}
