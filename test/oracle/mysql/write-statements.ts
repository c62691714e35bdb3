import { copiedColumns, copyLines, largeTransaction } from "../bulk-writes.ts";
import type { ColumnType, WriteDialect, WriteMaker, WriteStatement } from "../dialect.ts";
import type { Table } from "../schema.ts";

const WIDER: Readonly<Record<string, string>> = {
  int: "bigint",
  tinyint: "int",
  "decimal(10,2)": "decimal(14,4)",
  datetime: "datetime(3)",
  "varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin": "text CHARACTER SET utf8mb4",
  "varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci":
    "varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
};

export function mysqlWrites(types: readonly ColumnType[]): WriteDialect {
  return {
    insert: (table, names, values, ignoring) =>
      `INSERT ${ignoring ? "IGNORE " : ""}INTO ${table.name} (${names}) VALUES ${values}`,
    changes: [
      [1.5, upsert],
      [1, (maker, table) => maker.insert(table, 2, false).replace("INSERT", "REPLACE")],
      [1, firstOnes],
      [0.7, joined],
      [0.7, insertSelected],
    ],
    transactions: [
      [1, (maker) => loadData(maker, types)],
      [0.4, (maker) => texts(largeTransaction(maker, series))],
      [0.4, (maker) => texts(truncate(maker))],
      [1, (maker) => texts(withoutAutocommit(maker))],
      [0.3, (maker) => texts(distributed(maker))],
      [0.3, (maker) => texts(chained(maker))],
    ],
    definitionChange,
    largeValue: ({ sql }) =>
      /^(text|mediumtext|blob)/.test(sql) ? (seed) => `repeat(sha2('${seed}', 256), 300)` : null,
  };
}

function texts(all: readonly string[]): readonly WriteStatement[] {
  return all.map((text) => ({ text }));
}

function upsert(maker: WriteMaker, table: Table): string {
  const insert = maker.insert(table, maker.random.between(1, 2), false);
  const set = maker.random.pick(["ref = VALUES(ref), tag = tag", "tag = VALUES(tag)", "ref = 3"]);
  return `${insert} ON DUPLICATE KEY UPDATE ${set}`;
}

function firstOnes(maker: WriteMaker, { name }: Table): string {
  const { random } = maker;
  const by = random.pick(["ref", "tag DESC", "ref DESC, tag"]);
  const rest = `ORDER BY ${by} LIMIT ${random.between(1, 3)}`;
  return random.chance(0.5)
    ? `UPDATE ${name} SET ref = ref % 8 + 1 ${rest}`
    : `DELETE FROM ${name} WHERE ref > 2 ${rest}`;
}

/** Changes of one or both of two tables. */
function joined(maker: WriteMaker, { name }: Table): string {
  const { random } = maker;
  const other = maker.table().name;
  const from = `${name} AS x JOIN ${other} AS y ON x.ref = y.ref`;
  const where = `WHERE y.ref = ${random.between(1, 8)}`;
  return random.pick([
    `UPDATE ${from} SET x.tag = 'b' ${where}`,
    `UPDATE ${from} SET x.tag = 'c', y.tag = 'a' ${where} AND x.tag <> y.tag`,
    `DELETE x FROM ${from} ${where} AND x.tag = 'a'`,
    `DELETE x, y FROM ${from} ${where} AND x.tag = 'c'`,
  ]);
}

function insertSelected(maker: WriteMaker, table: Table): string {
  const first = maker.freshIds(50);
  const names = table.columns.map(({ name }) => name);
  const values = names.map((name) => (name === "id" ? `id + ${first}` : name));
  return `INSERT IGNORE INTO ${table.name} (${names.join(", ")}) SELECT ${values.join(", ")} FROM ${table.name} WHERE ${maker.predicate(table)} LIMIT 5`;
}

function loadData(maker: WriteMaker, types: readonly ColumnType[]): readonly WriteStatement[] {
  const table = maker.table();
  const columns = copiedColumns(table).filter(
    ({ type }) => types.find(({ sql }) => sql === type)?.literal !== "hex",
  );
  const lines = copyLines(maker, types, columns);
  const names = columns.map(({ name }) => name).join(", ");
  const text = `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${table.name} CHARACTER SET utf8mb4 (${names})`;
  return [{ text, copy: lines }];
}

/** It commits what was before it. */
function truncate(maker: WriteMaker): readonly string[] {
  const table = maker.table();
  const whole = `TRUNCATE TABLE ${table.name}`;
  const part = `ALTER TABLE ${table.name} TRUNCATE PARTITION low`;
  return [
    "BEGIN",
    ...maker.changes(0, 1),
    table.partitioned && maker.random.chance(0.6) ? part : whole,
    maker.insert(table, 5),
    "COMMIT",
  ];
}

function withoutAutocommit(maker: WriteMaker): readonly string[] {
  return [
    "SET autocommit = 0",
    ...maker.changes(1, 3),
    maker.random.pick(["COMMIT", "COMMIT", "ROLLBACK"]),
    ...maker.changes(0, 2),
    "SET autocommit = 1",
  ];
}

function distributed(maker: WriteMaker): readonly string[] {
  const id = `'x${maker.freshIds(1)}'`;
  const prepared = [`XA END ${id}`, `XA PREPARE ${id}`];
  return [
    `XA START ${id}`,
    ...maker.changes(1, 2),
    ...maker.random.pick([
      [...prepared, `XA COMMIT ${id}`],
      [...prepared, `XA ROLLBACK ${id}`],
      [`XA END ${id}`, `XA COMMIT ${id} ONE PHASE`],
    ]),
  ];
}

function chained(maker: WriteMaker): readonly string[] {
  return [
    "START TRANSACTION",
    ...maker.changes(1, 2),
    "COMMIT AND CHAIN",
    ...maker.changes(1, 2),
    maker.random.pick(["COMMIT", "ROLLBACK"]),
  ];
}

function series(from: number, to: number): string {
  const digits =
    "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
  const number = `${from} + e.d + 10 * f.d + 100 * g.d + 1000 * h.d`;
  const all = ["e", "f", "g", "h"].map((alias) => `${digits} AS ${alias}`).join(", ");
  return `(SELECT ${number} AS i FROM ${all} WHERE ${number} <= ${to}) AS series`;
}

function definitionChange(maker: WriteMaker, extra: string): readonly string[] {
  const table = maker.table();
  const { name } = table;
  const alter = `ALTER TABLE ${name}`;
  const add = `${alter} ADD COLUMN ${extra} int DEFAULT 7`;
  const tag = table.columns.find((column) => column.name === "tag")!;
  const wider = table.columns.find((column) => column.name.startsWith("c") && column.type in WIDER);
  return maker.random.pick([
    [add],
    [`${add} FIRST`],
    [add, `UPDATE ${name} SET ${extra} = ref`, `${alter} DROP COLUMN ${extra}`],
    [add, `${alter} RENAME COLUMN ${extra} TO ${extra}_renamed`],
    [`${alter} ADD KEY (ref)`],
    ["BEGIN", maker.change(), add, maker.change(), "COMMIT"],
    [`${alter} MODIFY ref int AFTER tag`],
    [`${alter} MODIFY tag ${tag.type} FIRST`],
    [`${alter} MODIFY tag varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`],
    [`${alter} ENGINE = InnoDB`],
    [`RENAME TABLE ${name} TO aside`, maker.change(), `RENAME TABLE aside TO ${name}`],
    [
      `CREATE TABLE fresh LIKE ${name}`,
      `INSERT INTO fresh SELECT * FROM ${name} WHERE ref < 6`,
      `RENAME TABLE ${name} TO aside, fresh TO ${name}`,
      maker.change(),
      "DROP TABLE aside",
    ],
    wider === undefined ? [add] : [`${alter} MODIFY ${wider.name} ${WIDER[wider.type]!}`],
  ]);
}
