import { mysqlTextCodec, typeOfMysqlColumn } from "@freshet/types";
import type { Row, SqlType, TableSchema, Value } from "@freshet/types";
import type { Catalog } from "../contract.ts";

export type MysqlFlavour = "mysql" | "mariadb";

/** Name, column type, collation, and the values to draw from (none: small numbers of a key). */
type ColumnDefinition = readonly [
  name: string,
  type: string,
  collation: string | null,
  values: readonly (string | null)[],
];

interface Definition {
  readonly name: string;
  readonly key: readonly string[] | null;
  readonly columns: readonly ColumnDefinition[];
}

const words = [
  "a",
  "A",
  "b",
  "ab",
  "Ab",
  "",
  "é",
  "e",
  "E",
  "a b",
  "a ",
  "x%",
  "ß",
  "ss",
  "z\u{1F600}",
];
const small = ["0", "1", "2", "3", "4", "5", "-1"];

/** The collation most columns have: one of each server's own. */
export function mainCollation(flavour: MysqlFlavour): string {
  return flavour === "mysql" ? "utf8mb4_0900_ai_ci" : "utf8mb4_general_ci";
}

function definitions(flavour: MysqlFlavour): readonly Definition[] {
  const ci = mainCollation(flavour);
  return [
    {
      name: "title",
      key: ["id"],
      columns: [
        ["id", "int", null, []],
        ["name", "varchar(20)", ci, [...words, null]],
        ["kind", "enum('series','movie','Short')", ci, ["movie", "series", "Short", null]],
        ["year", "smallint unsigned", null, ["1999", "2000", "65535", null]],
        [
          "votes",
          "bigint",
          null,
          ["0", "10", "-7", "9007199254740993", "-9223372036854775808", null],
        ],
        [
          "total",
          "bigint unsigned",
          null,
          ["0", "3", "18446744073709551615", "9223372036854775808"],
        ],
        ["score", "decimal(6,3)", null, ["1.000", "2.500", "-3.125", "10.000", "0.000", null]],
        ["price", "decimal(8,2)", null, ["1.00", "2.50", "9.99", "0.00", "-0.05", null]],
        ["released", "date", null, ["2000-01-01", "1999-12-31", "2024-02-29", null]],
        ["active", "tinyint(1)", null, ["0", "1", "2", null]],
        ["premiere", "date", null, ["0000-00-00", "2020-00-00", "2000-01-01", "9999-12-31", null]],
      ],
    },
    {
      name: "rating",
      key: ["id"],
      columns: [
        ["id", "int", null, []],
        ["title_id", "int", null, [...small, null]],
        ["stars", "tinyint unsigned", null, ["1", "2", "3", "4", "5", "255", null]],
        ["weight", "decimal(6,2)", null, ["0.50", "1.00", "2.25", "0.00", null]],
        ["who", "varchar(10)", "utf8mb4_bin", [...words, null]],
        ["seen", "datetime(3)", null, ["2024-01-01 00:00:00.000", "2024-05-06 07:08:09.123", null]],
        ["took", "time", null, ["00:00:01", "-12:30:00", "838:59:59", null]],
        ["ts", "timestamp", null, ["2024-01-01 00:00:00", "2001-02-03 04:05:06", null]],
        ["made", "year", null, ["1999", "2024", null]],
      ],
    },
    {
      name: "person",
      key: ["id"],
      columns: [
        ["id", "bigint unsigned", null, []],
        ["name", "varchar(20)", ci, [...words, null]],
        ["boss", "bigint", null, [...small, null]],
        ["height", "double", null, ["1.5", "0.1", "-2", "0", "1e300", null]],
        ["data", "varbinary(10)", null, ["\\x", "\\x61", "\\x4100", "\\xff", null]],
        ["mass", "float", null, ["0.1", "1.5", "-2.25", "0", "16777216", null]],
        ["flags", "bit(4)", null, ["0", "5", "15", null]],
      ],
    },
    {
      name: "credit",
      key: ["title_id", "person_id"],
      columns: [
        ["title_id", "int", null, []],
        ["person_id", "bigint unsigned", null, []],
        ["role", "varchar(10)", ci, ["actor", "Actor", "director", null]],
      ],
    },
    {
      name: "tag",
      key: ["word"],
      columns: [
        ["word", "varchar(10)", ci, ["a", "A", "b", "B ", "é", "movie", "x"]],
        ["n", "int", null, [...small, null]],
        ["code", "char(5)", "utf8mb4_general_ci", ["a", "A", "b", "", "é", "x y", null]],
      ],
    },
    {
      name: "log",
      key: null,
      columns: [
        ["k", "int", null, small],
        ["v", "varchar(5)", "latin1_swedish_ci", ["p", "q", "P", "é", null]],
      ],
    },
  ];
}

function typeOf([name, type, collation]: ColumnDefinition): SqlType {
  const numbers = /\(([\d,]+)\)/.exec(type)?.[1]?.split(",").map(Number) ?? [];
  const dataType = type.replace(/[( ].*/, "");
  const made = typeOfMysqlColumn({
    dataType,
    columnType: type,
    characterSet: collation?.split("_")[0] ?? null,
    collation,
    length: numbers[0] ?? null,
    precision: dataType === "double" ? 22 : (numbers[0] ?? null),
    scale: dataType === "decimal" ? (numbers[1] ?? 0) : null,
    fractionalDigits: numbers[0] ?? null,
  });
  if (typeof made === "string") throw new TypeError(`${name}: ${made}`);
  return made;
}

export interface MysqlTables {
  readonly tables: readonly TableSchema[];
  readonly catalog: Catalog;
  randomRow(table: TableSchema, random: () => number): Row;
  /** CREATE TABLE statements of the same tables. */
  ddl(): readonly string[];
}

export function mysqlTables(flavour: MysqlFlavour): MysqlTables {
  const all = definitions(flavour);
  const tables = all.map((definition, index): TableSchema => {
    const { columns } = definition;
    const key = definition.key?.map((name) => columns.findIndex((c) => c[0] === name)) ?? null;
    return {
      id: 1000 + index,
      schema: "test",
      name: definition.name,
      columns: columns.map((column, at) => ({
        name: column[0],
        number: at + 1,
        type: typeOf(column),
        notNull: key?.includes(at) ?? false,
      })),
      key,
      uniqueKeys: key === null ? [] : [key],
      generation: "1",
    };
  });
  return {
    tables,
    catalog: {
      table: (schema, name) =>
        tables.find((table) => table.name === name && (schema ?? "test") === "test") ?? {
          refused: `table ${name} does not exist`,
        },
      type: () => null,
    },
    randomRow: (table, random) => randomRow(all, table, random),
    ddl: () => all.map(createTable),
  };
}

function randomRow(all: readonly Definition[], table: TableSchema, random: () => number): Row {
  const { columns } = all.find((item) => item.name === table.name)!;
  return columns.map(([, , , values], at): Value => {
    const text =
      values.length === 0
        ? String(Math.floor(random() * (table.key!.length > 1 ? 6 : 14)))
        : values[Math.floor(random() * values.length)]!;
    return text === null ? null : mysqlTextCodec.parse(table.columns[at]!.type, text);
  });
}

function createTable({ name, columns, key }: Definition): string {
  const lines = columns.map(([column, type, collation]) => {
    const charset = collation?.split("_")[0];
    const text = charset === undefined ? "" : ` character set ${charset} collate ${collation}`;
    const nullable = type === "timestamp" ? " null" : "";
    return `\`${column}\` ${type}${text}${nullable}`;
  });
  if (key !== null) lines.push(`primary key (${key.join(", ")})`);
  return `create table \`${name}\` (${lines.join(", ")})`;
}
