import type { ColumnType, WriteMaker } from "./dialect.ts";
import type { Table, TableColumn } from "./schema.ts";

/** Lines for a bulk load, in the text format that all servers read: tabs and line feeds. */
export function copyLines(
  maker: WriteMaker,
  types: readonly ColumnType[],
  columns: readonly TableColumn[],
): string {
  const { random } = maker;
  const lines = Array.from({ length: random.between(1, 6) }, () =>
    columns
      .map((column) => {
        if (column.name === "id") return String(maker.freshIds(1));
        const type = types.find(({ sql }) => sql === column.type)!;
        const values = type.values.filter((value) => !/[\\\t\n]/.test(value));
        if (column.name === "part" && type.family === "integer") return "2";
        return values.length === 0 ? "\\\\x00" : random.pickSkewed(values);
      })
      .join("\t"),
  );
  return `${lines.join("\n")}\n`;
}

/** Those that a bulk load of a table names. */
export function copiedColumns(table: Table): readonly TableColumn[] {
  return table.columns.filter(
    ({ nullable, name }) => !nullable || name === "ref" || name === "tag",
  );
}

/** Thousands of rows in one transaction; most of them go again. */
export function largeTransaction(
  maker: WriteMaker,
  series: (from: number, to: number) => string,
): readonly string[] {
  const table = maker.table();
  const from = maker.freshIds(LARGE_ROWS);
  const columns = table.columns.filter(({ nullable, name }) => !nullable || name === "ref");
  const values = columns.map((column) =>
    column.name === "id" || column.name === "ref"
      ? "i"
      : maker.value({ ...column, nullable: false }),
  );
  const names = columns.map(({ name }) => name).join(", ");
  const by = table.key.length > 0 ? "id" : "ref";
  const where = `${by} BETWEEN ${from} AND ${from + LARGE_ROWS - 10}`;
  return [
    "BEGIN",
    `INSERT INTO ${table.name} (${names}) SELECT ${values.join(", ")} FROM ${series(from, from + LARGE_ROWS - 1)}`,
    maker.change(),
    `UPDATE ${table.name} SET ref = ref + 1 WHERE ${where}`,
    "COMMIT",
    `DELETE FROM ${table.name} WHERE ${where}`,
  ];
}

const LARGE_ROWS = 3_000;
