import { postgresTextCodec, postgresType, postgresTypeOid } from "@freshet/types";
import type { Collation, Row, SqlType, TableSchema, Value } from "@freshet/types";
import type { Catalog } from "../contract.ts";

const C: Collation = { name: "C", equality: "bytes", order: "bytes" };

export function sqlType(name: string, collate = false, modifier = -1): SqlType {
  const type = postgresType(postgresTypeOid(name)!, modifier);
  if (type.kind !== "text" && type.kind !== "bpchar") return type;
  const collation = collate ? C : { name: "default", equality: "bytes", order: "none" };
  return { ...type, collation: collation as Collation };
}

interface Definition {
  readonly name: string;
  readonly key: readonly string[] | null;
  /** Name, type, `C` for a bytewise collation, modifier text, and the values to draw from. */
  readonly columns: readonly (readonly [
    string,
    string,
    boolean,
    number,
    string,
    readonly (string | null)[],
  ])[];
}

const small = ["0", "1", "2", "3", "4", "5", "-1"];
const words = ["a", "b", "ab", "B", "", "é", "a b", "x%", "\u{1F600}z"];

export const DEFINITIONS: readonly Definition[] = [
  {
    name: "title",
    key: ["id"],
    columns: [
      ["id", "int4", false, -1, "int4 primary key", []],
      ["name", "text", true, -1, 'text collate "C"', [...words, null]],
      ["kind", "text", false, -1, "text", ["movie", "series", "short", "Short", null]],
      ["year", "int2", false, -1, "int2", ["1999", "2000", "2001", null]],
      ["votes", "int8", false, -1, "int8", ["0", "10", "-7", "9007199254740993", null]],
      ["score", "numeric", false, -1, "numeric", ["1.0", "1.00", "2.5", "-3.125", "10", null]],
      [
        "price",
        "numeric",
        false,
        ((8 << 16) | 2) + 4,
        "numeric(8,2)",
        ["1.00", "2.50", "9.99", null],
      ],
      ["released", "date", false, -1, "date", ["2000-01-01", "1999-12-31", "2024-02-29", null]],
      ["active", "bool", false, -1, "bool", ["t", "f", null]],
    ],
  },
  {
    name: "rating",
    key: ["id"],
    columns: [
      ["id", "int4", false, -1, "int4 primary key", []],
      ["title_id", "int4", false, -1, "int4", [...small, null]],
      ["stars", "int4", false, -1, "int4", ["1", "2", "3", "4", "5", null]],
      [
        "weight",
        "numeric",
        false,
        ((6 << 16) | 2) + 4,
        "numeric(6,2)",
        ["0.50", "1.00", "2.25", null],
      ],
      ["who", "text", true, -1, 'text collate "C"', [...words, null]],
      [
        "seen",
        "timestamp",
        false,
        -1,
        "timestamp",
        ["2024-01-01 00:00:00", "2024-05-06 07:08:09.123", null],
      ],
    ],
  },
  {
    name: "person",
    key: ["id"],
    columns: [
      ["id", "int8", false, -1, "int8 primary key", []],
      ["name", "varchar", true, 24, 'varchar(20) collate "C"', [...words, null]],
      ["boss", "int8", false, -1, "int8", [...small, null]],
      ["height", "float8", false, -1, "float8", ["1.5", "0.1", "-2", "0", null]],
    ],
  },
  {
    name: "credit",
    key: ["title_id", "person_id"],
    columns: [
      ["title_id", "int4", false, -1, "int4", []],
      ["person_id", "int8", false, -1, "int8", []],
      ["role", "text", true, -1, 'text collate "C"', ["actor", "director", null]],
    ],
  },
  {
    name: "log",
    key: null,
    columns: [
      ["k", "int4", false, -1, "int4", small],
      ["v", "text", true, -1, 'text collate "C"', ["p", "q", null]],
    ],
  },
];

export const TABLES: readonly TableSchema[] = DEFINITIONS.map((definition, index) => {
  const position = (name: string): number =>
    definition.columns.findIndex((column) => column[0] === name);
  const key = definition.key?.map(position) ?? null;
  return {
    id: 1000 + index,
    schema: "public",
    name: definition.name,
    columns: definition.columns.map(([name, type, collate, modifier], at) => ({
      name,
      number: at + 1,
      type: sqlType(type, collate, modifier),
      notNull: key?.includes(at) ?? false,
    })),
    key,
    uniqueKeys: key === null ? [] : [key],
    generation: "1",
  };
});

export function tableNamed(name: string): TableSchema {
  return TABLES.find((table) => table.name === name)!;
}

export const sampleCatalog: Catalog = {
  table: (schema, name) => {
    const found = TABLES.find((table) => table.name === name && (schema ?? "public") === "public");
    return found ?? { refused: `relation ${name} does not exist` };
  },
  type: (path, modifiers) => {
    const oid = postgresTypeOid(path[path.length - 1]!);
    if (oid === null) return null;
    const [first, second] = modifiers;
    if (first === undefined) return sqlType(path[path.length - 1]!);
    const numeric = path[path.length - 1] === "numeric";
    const modifier = numeric ? ((first << 16) | (second ?? 0)) + 4 : first + 4;
    return sqlType(path[path.length - 1]!, false, modifier);
  },
};

export function randomRow(table: TableSchema, random: () => number): Row {
  const definition = DEFINITIONS.find((item) => item.name === table.name)!;
  return definition.columns.map(([, , , , , values], at): Value => {
    const text =
      values.length === 0
        ? String(Math.floor(random() * (table.key!.length > 1 ? 6 : 14)))
        : values[Math.floor(random() * values.length)]!;
    return text === null ? null : postgresTextCodec.parse(table.columns[at]!.type, text);
  });
}

/** CREATE TABLE statements of the same tables for a real server. */
export function ddl(): string {
  return DEFINITIONS.map((definition) => {
    const columns = definition.columns.map((column) => `${column[0]} ${column[4]}`);
    if (definition.key !== null && definition.key.length > 1) {
      columns.push(`primary key (${definition.key.join(", ")})`);
    }
    return `create table ${definition.name} (${columns.join(", ")})`;
  }).join(";\n");
}
