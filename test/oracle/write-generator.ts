import { LARGE_TEXT_EXPRESSION } from "./column-types.data.ts";
import type { Random } from "./random.ts";
import { literal, quote, type Schema, type Table, type TableColumn, typeOf } from "./schema.ts";
import type { Step } from "./script.ts";

const IDS = 40;

/** Random statements that change the tables. */
export class WriteGenerator {
  readonly #random: Random;
  readonly #schema: Schema;
  /** Ids that no other statement makes. */
  #freshId = 1_000;
  #unit = 0;
  #extraColumns = 0;

  constructor(random: Random, schema: Schema) {
    this.#random = random;
    this.#schema = schema;
  }

  /** The rows to begin with, one statement each. */
  initialRows(): readonly string[] {
    const random = this.#random;
    return this.#schema.tables.flatMap((table) =>
      Array.from({ length: random.between(8, 25) }, () => this.#insert(table, 1, true)),
    );
  }

  /** One whole transaction or statement on connection `on`. */
  transaction(on: number): readonly Step[] {
    const random = this.#random;
    this.#unit += 1;
    const kind = random.weighted([
      [8, "single"],
      [6, "block"],
      [2, "rollback"],
      [2, "savepoint"],
      [1, "copy"],
      [0.4, "large"],
      [0.4, "truncate"],
    ] as const);
    switch (kind) {
      case "single":
        return this.#steps(on, [this.#change()]);
      case "block":
        return this.#steps(on, ["BEGIN", ...this.#changes(2, 5), "COMMIT"]);
      case "rollback":
        return this.#steps(on, ["BEGIN", ...this.#changes(1, 3), "ROLLBACK"]);
      case "savepoint":
        return this.#steps(on, [
          ...["BEGIN", ...this.#changes(1, 2), "SAVEPOINT s"],
          ...[...this.#changes(1, 2), "ROLLBACK TO s", ...this.#changes(0, 2)],
          ...["SAVEPOINT s2", ...this.#changes(1, 1), "RELEASE s2", "COMMIT"],
        ]);
      case "copy":
        return [this.#copy(on)];
      case "large":
        return this.#steps(on, this.#large());
      case "truncate": {
        const table = this.#table();
        return this.#steps(on, [
          "BEGIN",
          ...this.#changes(0, 1),
          `TRUNCATE ${table.name}`,
          this.#insert(table, 5),
          "COMMIT",
        ]);
      }
    }
  }

  /** Changes a table's definition in a way that leaves most queries valid. */
  definitionChange(on: number): readonly Step[] {
    const random = this.#random;
    const table = this.#table();
    this.#unit += 1;
    const extra = `extra${this.#extraColumns}`;
    const add = `ALTER TABLE ${table.name} ADD COLUMN ${extra} int4 DEFAULT 7`;
    this.#extraColumns += 1;
    const typeChange = this.#typeChange(table);
    return this.#steps(
      on,
      random.pick([
        [add],
        [
          add,
          `UPDATE ${table.name} SET ${extra} = ref`,
          `ALTER TABLE ${table.name} DROP COLUMN ${extra}`,
        ],
        [add, `ALTER TABLE ${table.name} RENAME COLUMN ${extra} TO ${extra}_renamed`],
        [`CREATE INDEX ON ${table.name} (ref, tag)`],
        ["BEGIN", this.#change(), add, this.#change(), "COMMIT"],
        ["BEGIN", add, this.#change(), "ROLLBACK"],
        typeChange === null ? [add] : [typeChange],
      ]),
    );
  }

  #typeChange(table: Table): string | null {
    const wider: Readonly<Record<string, string>> = {
      int4: "int8",
      "varchar(40)": "text",
      "numeric(10,2)": "numeric(14,4)",
    };
    const column = table.columns.find(({ name, type }) => name.startsWith("c") && type in wider);
    if (column === undefined) return null;
    return `ALTER TABLE ${table.name} ALTER COLUMN ${column.name} TYPE ${wider[column.type]!}`;
  }

  #steps(on: number, texts: readonly string[]): readonly Step[] {
    const unit = this.#unit;
    return texts.map((text): Step => ({ do: "sql", on, text, unit }));
  }

  #table(): Table {
    return this.#random.pick(this.#schema.tables);
  }

  #changes(least: number, most: number): readonly string[] {
    return Array.from({ length: this.#random.between(least, most) }, () => this.#change());
  }

  #change(): string {
    const random = this.#random;
    const table = this.#table();
    return random.weighted([
      [4, () => this.#insert(table, random.pick([1, 1, 1, 3, 8]))],
      [5, () => this.#update(table)],
      [3, () => `DELETE FROM ${table.name} WHERE ${this.#predicate(table)}`],
      [1, () => this.#keyUpdate(table)],
      [1.5, () => this.#upsert(table)],
    ] as const)();
  }

  #insert(table: Table, rows: number, ignoring = this.#random.chance(0.6)): string {
    const names = table.columns.map(({ name }) => name).join(", ");
    const values = Array.from({ length: rows }, () => this.#row(table)).join(", ");
    const conflict = ignoring && table.key.length > 0 ? " ON CONFLICT DO NOTHING" : "";
    return `INSERT INTO ${table.name} (${names}) VALUES ${values}${conflict}`;
  }

  #row(table: Table): string {
    return `(${table.columns.map((column) => this.#value(column)).join(", ")})`;
  }

  #value(column: TableColumn): string {
    const random = this.#random;
    const type = typeOf(column);
    if (column.name === "id") return String(random.between(1, IDS));
    if (column.name === "part" && column.type === "int4") return String(random.between(1, 4));
    if (column.nullable && random.chance(0.15)) return "NULL";
    if (type.sql === "text" && column.name.startsWith("c") && random.chance(0.15)) {
      return LARGE_TEXT_EXPRESSION.replaceAll("$SEED", String(random.between(1, 3)));
    }
    if (column.name === "ref") return String(random.between(1, 8));
    return literal(random.pickSkewed(type.values), type);
  }

  #predicate(table: Table): string {
    const random = this.#random;
    const byKey = table.key.length > 0 && random.chance(0.7);
    if (byKey) return `id = ${random.between(1, IDS)}`;
    const both = `ref = ${random.between(1, 8)} AND tag = ${quote(random.pick(["a", "b", "c"]))}`;
    return random.pick([`ref = ${random.between(1, 8)}`, both, "ref IS NULL", "tag IS NULL"]);
  }

  #update(table: Table): string {
    const random = this.#random;
    const changeable = table.columns.filter(({ name }) => !table.key.includes(name));
    const columns = random.sample(changeable, random.between(1, 2));
    const sets = columns.map((column) => {
      if (column.name === "ref" && random.chance(0.3)) return "ref = ref % 8 + 1";
      return `${column.name} = ${this.#value(column)}`;
    });
    return `UPDATE ${table.name} SET ${sets.join(", ")} WHERE ${this.#predicate(table)}`;
  }

  #keyUpdate(table: Table): string {
    const name = this.#random.pick(table.key.length > 0 ? table.key : ["ref"]);
    const column = table.columns.find((candidate) => candidate.name === name)!;
    return `UPDATE ${table.name} SET ${column.name} = ${this.#value(column)} WHERE ${this.#predicate(table)}`;
  }

  #upsert(table: Table): string {
    if (table.key.length === 0) return this.#insert(table, 2);
    const insert = this.#insert(table, this.#random.between(1, 2), false);
    return `${insert} ON CONFLICT (${table.key.join(", ")}) DO UPDATE SET ref = EXCLUDED.ref, tag = ${table.name}.tag`;
  }

  #copy(on: number): Step {
    const table = this.#table();
    const columns = table.columns.filter(
      ({ nullable, name }) => !nullable || name === "ref" || name === "tag",
    );
    const lines = Array.from({ length: this.#random.between(1, 6) }, () =>
      columns
        .map((column) => {
          if (column.name === "id") return String(this.#freshId++);
          const type = typeOf(column);
          const values = type.values.filter((value) => !/[\\\t\n]/.test(value));
          if (column.name === "part" && column.type === "int4") return "2";
          return values.length === 0 ? "\\\\x00" : this.#random.pickSkewed(values);
        })
        .join("\t"),
    );
    const names = columns.map(({ name }) => name).join(", ");
    const text = `COPY ${table.name} (${names}) FROM STDIN`;
    return { do: "sql", on, text, copy: `${lines.join("\n")}\n`, unit: this.#unit };
  }

  /** Thousands of rows in one transaction; most of them go again. */
  #large(): readonly string[] {
    const table = this.#table();
    const from = this.#freshId;
    this.#freshId += 3_000;
    const columns = table.columns.filter(({ nullable, name }) => !nullable || name === "ref");
    const values = columns.map((column) => {
      if (column.name === "id") return "i";
      if (column.name === "ref") return "i";
      return this.#value({ ...column, nullable: false });
    });
    const names = columns.map(({ name }) => name).join(", ");
    const where =
      table.key.length > 0
        ? `id BETWEEN ${from} AND ${from + 2_990}`
        : `ref BETWEEN ${from} AND ${from + 2_990}`;
    return [
      "BEGIN",
      `INSERT INTO ${table.name} (${names}) SELECT ${values.join(", ")} FROM generate_series(${from}, ${from + 2_999}) AS i`,
      this.#change(),
      `UPDATE ${table.name} SET ref = ref + 1 WHERE ${where}`,
      "COMMIT",
      `DELETE FROM ${table.name} WHERE ${where}`,
    ];
  }
}
