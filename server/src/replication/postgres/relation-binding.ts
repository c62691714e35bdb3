import { type Row, type SqlType, type Value, postgresTextCodec } from "@freshet/types";
import { type RelationMessage, type Tuple, UNCHANGED_TOAST } from "@freshet/pg-wire";
import { OperationalError } from "@freshet/util";
import { type StreamRow, UNCHANGED } from "../contract.ts";
import type { TrackedTable } from "./tracked-tables.ts";

/**
 * How one relation of the stream (a table or a partition, whose columns may stand in another
 * order) becomes rows of a tracked table.
 */
export class RelationBinding {
  readonly table: TrackedTable;
  readonly #sources: readonly number[];
  readonly #types: readonly SqlType[];
  readonly #keyColumns: ReadonlySet<number>;

  private constructor(table: TrackedTable, sources: readonly number[]) {
    this.table = table;
    this.#sources = sources;
    this.#types = table.schema.columns.map((column) => column.type);
    this.#keyColumns = new Set(table.schema.key ?? []);
  }

  /** Null when the stream's definition is not the one the table was added with. */
  static of(relation: RelationMessage, table: TrackedTable): RelationBinding | null {
    const { detail, schema } = table;
    if (relation.columns.length !== detail.columns.length) return null;
    const isRoot = relation.id === schema.id;
    if (isRoot && (relation.schema !== schema.schema || relation.name !== schema.name)) return null;
    const sources: number[] = [];
    const byName = new Map(relation.columns.map((column, index) => [column.name, index]));
    const full = relation.replicaIdentity === "f";
    if (isRoot && relation.replicaIdentity !== detail.identity) return null;
    for (const [position, column] of detail.columns.entries()) {
      const index = byName.get(column.name);
      const sent = index === undefined ? undefined : relation.columns[index];
      if (index === undefined || sent === undefined) return null;
      if (sent.typeId !== column.type || sent.typeModifier !== column.mod) return null;
      if (!full && sent.key !== (schema.key?.includes(position) ?? false)) return null;
      sources.push(index);
    }
    if (!full && schema.key === null) return null;
    return new RelationBinding(table, sources);
  }

  row(tuple: Tuple): Row {
    return this.#convert(tuple) as Row;
  }

  /** With a full old row the values that the server did not send again are taken from there. */
  newRow(tuple: Tuple, old: Tuple | null): StreamRow {
    const sources = this.#sources;
    const values = new Array<StreamRow[number]>(sources.length);
    for (let position = 0; position < sources.length; position += 1) {
      const source = sources[position] as number;
      let text = tuple[source];
      if (text === UNCHANGED_TOAST && old !== null) text = old[source];
      values[position] = text === UNCHANGED_TOAST ? UNCHANGED : this.#value(position, text);
    }
    return values;
  }

  /** The old row: everything, or the key columns with the others null. */
  oldRow(tuple: Tuple, full: boolean): Row {
    if (full) return this.#convert(tuple);
    const sources = this.#sources;
    const values = new Array<Value>(sources.length);
    for (let position = 0; position < sources.length; position += 1) {
      const isKey = this.#keyColumns.has(position);
      values[position] = isKey ? this.#value(position, tuple[sources[position] as number]) : null;
    }
    return values;
  }

  #convert(tuple: Tuple): Row {
    const sources = this.#sources;
    const values = new Array<Value>(sources.length);
    for (let position = 0; position < sources.length; position += 1) {
      values[position] = this.#value(position, tuple[sources[position] as number]);
    }
    return values;
  }

  #value(position: number, text: Tuple[number] | undefined): Value {
    if (text === null) return null;
    if (typeof text !== "string") {
      const { schema, name } = this.table.schema;
      throw new OperationalError(
        `the stream left out a value of ${schema}.${name} that it must send`,
      );
    }
    return postgresTextCodec.parse(this.#types[position] as SqlType, text);
  }
}
