import type { OracleDialect, WriteMaker, WriteStatement } from "./dialect.ts";
import type { Random } from "./random.ts";
import { columnType, type Schema, type Table, type TableColumn } from "./schema.ts";
import type { Step } from "./script.ts";

const IDS = 40;

/** Random statements that change the tables. */
export class WriteGenerator implements WriteMaker {
  readonly random: Random;
  readonly #dialect: OracleDialect;
  readonly #schema: Schema;
  #freshId = 1_000;
  #unit = 0;
  #extraColumns = 0;

  constructor(dialect: OracleDialect, random: Random, schema: Schema) {
    this.#dialect = dialect;
    this.random = random;
    this.#schema = schema;
  }

  /** The rows to begin with, one statement each. */
  initialRows(): readonly string[] {
    const { random } = this;
    return this.#schema.tables.flatMap((table) =>
      Array.from({ length: random.between(8, 25) }, () => this.insert(table, 1, true)),
    );
  }

  /** One whole transaction or statement on connection `on`. */
  transaction(on: number): readonly Step[] {
    this.#unit += 1;
    const make = this.random.weighted<() => readonly WriteStatement[]>([
      [8, () => statements([this.change()])],
      [6, () => statements(["BEGIN", ...this.changes(2, 5), "COMMIT"])],
      [2, () => statements(["BEGIN", ...this.changes(1, 3), "ROLLBACK"])],
      [2, () => statements(this.#savepoints())],
      ...this.#dialect.writes.transactions.map(
        ([weight, other]) => [weight, () => other(this)] as const,
      ),
    ]);
    return this.#steps(on, make());
  }

  /** Changes a table's definition in a way that leaves most queries valid. */
  definitionChange(on: number): readonly Step[] {
    this.#unit += 1;
    const extra = `extra${this.#extraColumns}`;
    this.#extraColumns += 1;
    return this.#steps(on, statements(this.#dialect.writes.definitionChange(this, extra)));
  }

  freshIds(count: number): number {
    const first = this.#freshId;
    this.#freshId += count;
    return first;
  }

  table(): Table {
    return this.random.pick(this.#schema.tables);
  }

  changes(least: number, most: number): readonly string[] {
    return Array.from({ length: this.random.between(least, most) }, () => this.change());
  }

  change(): string {
    const { random } = this;
    const table = this.table();
    return random.weighted<() => string>([
      [4, () => this.insert(table, random.pick([1, 1, 1, 3, 8]))],
      [5, () => this.#update(table)],
      [3, () => `DELETE FROM ${table.name} WHERE ${this.predicate(table)}`],
      [1, () => this.#keyUpdate(table)],
      ...this.#dialect.writes.changes.map(
        ([weight, other]) => [weight, () => other(this, table)] as const,
      ),
    ])();
  }

  insert(table: Table, rows: number, ignoring = this.random.chance(0.6)): string {
    const names = table.columns.map(({ name }) => name).join(", ");
    const values = Array.from({ length: rows }, () => this.#row(table)).join(", ");
    return this.#dialect.writes.insert(table, names, values, ignoring && table.key.length > 0);
  }

  value(column: TableColumn): string {
    const { random } = this;
    const type = columnType(this.#dialect, column.type);
    if (column.name === "id") return String(random.between(1, IDS));
    if (column.name === "part" && type.family === "integer") return String(random.between(1, 4));
    if (column.nullable && random.chance(0.15)) return "NULL";
    const large = column.name.startsWith("c") ? this.#dialect.writes.largeValue(type) : null;
    if (large !== null && random.chance(0.15)) return large(random.between(1, 3));
    if (column.name === "ref") return String(random.between(1, 8));
    return this.#dialect.literal(random.pickSkewed(type.values), type);
  }

  predicate(table: Table): string {
    const { random } = this;
    const byKey = table.key.length > 0 && random.chance(0.7);
    if (byKey) return `id = ${random.between(1, IDS)}`;
    const tag = (): string => this.#dialect.quote(random.pick(["a", "b", "c"]));
    const both = `ref = ${random.between(1, 8)} AND tag = ${tag()}`;
    return random.pick([`ref = ${random.between(1, 8)}`, both, "ref IS NULL", "tag IS NULL"]);
  }

  #steps(on: number, made: readonly WriteStatement[]): readonly Step[] {
    const unit = this.#unit;
    return made.map((statement): Step => ({ do: "sql", on, ...statement, unit }));
  }

  #savepoints(): readonly string[] {
    return [
      ...["BEGIN", ...this.changes(1, 2), "SAVEPOINT s"],
      ...[...this.changes(1, 2), "ROLLBACK TO s", ...this.changes(0, 2)],
      ...["SAVEPOINT s2", ...this.changes(1, 1), "RELEASE SAVEPOINT s2", "COMMIT"],
    ];
  }

  #row(table: Table): string {
    return `(${table.columns.map((column) => this.value(column)).join(", ")})`;
  }

  #update(table: Table): string {
    const { random } = this;
    const changeable = table.columns.filter(({ name }) => !table.key.includes(name));
    const columns = random.sample(changeable, random.between(1, 2));
    const sets = columns.map((column) => {
      if (column.name === "ref" && random.chance(0.3)) return "ref = ref % 8 + 1";
      return `${column.name} = ${this.value(column)}`;
    });
    return `UPDATE ${table.name} SET ${sets.join(", ")} WHERE ${this.predicate(table)}`;
  }

  #keyUpdate(table: Table): string {
    const name = this.random.pick(table.key.length > 0 ? table.key : ["ref"]);
    const column = table.columns.find((candidate) => candidate.name === name)!;
    return `UPDATE ${table.name} SET ${column.name} = ${this.value(column)} WHERE ${this.predicate(table)}`;
  }
}

export function statements(texts: readonly string[]): readonly WriteStatement[] {
  return texts.map((text) => ({ text }));
}
