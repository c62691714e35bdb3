import {
  groupKey,
  type Row,
  type RowDelta,
  type SqlType,
  type TableId,
  type TableSchema,
} from "@freshet/types";
import type { WriteBatch } from "@freshet/storage";
import { type StreamChange, type StreamRow, UNCHANGED } from "../replication/contract.ts";

/** A change that cannot be true if our copy is: the table has to be copied again. */
export interface Divergence {
  readonly table: TableId;
  readonly reason: string;
}

/** Above this many changed rows a table's net change is not kept row by row. */
const DELTA_ROWS_LIMIT = 20_000;

/**
 * Applies stream changes to the store inside one write and gathers their net effect per table:
 * for keyed tables consolidated per key (first old row, last new row), for bags the plain list.
 */
export class ChangeApplier {
  readonly #batch: WriteBatch;
  readonly #effects = new Map<TableId, TableEffect>();
  readonly divergences: Divergence[] = [];

  constructor(batch: WriteBatch) {
    this.#batch = batch;
  }

  /** Per table its net change, or "all" when too many rows changed to say. */
  deltas(): Map<TableId, readonly RowDelta[] | "all"> {
    const result = new Map<TableId, readonly RowDelta[] | "all">();
    for (const [table, effect] of this.#effects) {
      const deltas = effect.result();
      if (deltas === "all" || deltas.length > 0) result.set(table, deltas);
    }
    return result;
  }

  apply(schema: TableSchema, change: StreamChange): void {
    const effect = this.#effect(schema);
    switch (change.kind) {
      case "insert":
        return this.#insert(schema, effect, change.row);
      case "update":
        return this.#update(schema, effect, change);
      case "delete": {
        const old = this.#remove(schema, change.old, change.oldIsFull);
        if (old !== null) effect.add(old, null);
        return;
      }
      case "truncate":
        this.#batch.truncate(schema.id);
        effect.overflow();
        return;
    }
  }

  #insert(schema: TableSchema, effect: TableEffect, row: Row): void {
    const replaced = this.#batch.upsert(schema.id, row);
    if (replaced !== null && schema.key !== null) {
      this.#diverged(schema, "an inserted row was already there");
    }
    effect.add(null, row);
  }

  #update(
    schema: TableSchema,
    effect: TableEffect,
    change: Extract<StreamChange, { kind: "update" }>,
  ): void {
    if (schema.key !== null) {
      const streamed = withKey(change.row, change.old, schema.key);
      if (schema.key.some((column) => streamed[column] === UNCHANGED)) {
        return this.#diverged(schema, "the stream left out the key of an updated row");
      }
      if (!this.#movesKey(schema, schema.key, streamed, change.old)) {
        return this.#replace(schema, schema.key, effect, streamed);
      }
    }
    if (change.old === null) {
      return this.#diverged(schema, "the stream sent no old row for a table without a key");
    }
    const old = this.#remove(schema, change.old, change.oldIsFull);
    if (old === null) return;
    const row = complete(change.row, old);
    const replaced = this.#batch.upsert(schema.id, row);
    if (replaced !== null) this.#diverged(schema, "a row moved to a key that was in use");
    effect.add(old, row);
  }

  #movesKey(
    schema: TableSchema,
    key: readonly number[],
    streamed: StreamRow,
    old: Row | null,
  ): boolean {
    if (old === null) return false;
    const types = key.map((column) => schema.columns[column]!.type);
    return groupKey(types, pick(old, key)) !== groupKey(types, pick(streamed as Row, key));
  }

  #replace(
    schema: TableSchema,
    key: readonly number[],
    effect: TableEffect,
    streamed: StreamRow,
  ): void {
    let row = streamed as Row;
    if (streamed.includes(UNCHANGED)) {
      const stored = this.#batch.get(schema.id, pick(row, key));
      if (stored === null)
        return this.#diverged(schema, "an updated row was not in the local copy");
      row = complete(streamed, stored);
    }
    const old = this.#batch.upsert(schema.id, row);
    if (old === null) this.#diverged(schema, "an updated row was not in the local copy");
    effect.add(old, row);
  }

  #remove(schema: TableSchema, old: Row, oldIsFull: boolean): Row | null {
    if (schema.key === null && !oldIsFull) {
      this.#diverged(schema, "the stream sent no whole old row for a table without a key");
      return null;
    }
    const removed = this.#batch.delete(
      schema.id,
      schema.key === null ? old : pick(old, schema.key),
    );
    if (removed === null) this.#diverged(schema, "a changed row was not in the local copy");
    return removed;
  }

  #diverged(schema: TableSchema, reason: string): void {
    this.divergences.push({ table: schema.id, reason });
  }

  #effect(schema: TableSchema): TableEffect {
    let effect = this.#effects.get(schema.id);
    if (effect === undefined) {
      effect = new TableEffect(schema);
      this.#effects.set(schema.id, effect);
    }
    return effect;
  }
}

/** The net change of one table within a batch. */
class TableEffect {
  readonly #key: readonly number[] | null;
  readonly #keyTypes: readonly SqlType[];
  readonly #byKey = new Map<string, { old: Row | null; new: Row | null }>();
  #list: RowDelta[] = [];
  #overflowed = false;

  constructor(schema: TableSchema) {
    this.#key = schema.key;
    this.#keyTypes = (schema.key ?? []).map((column) => schema.columns[column]!.type);
  }

  overflow(): void {
    this.#overflowed = true;
    this.#byKey.clear();
    this.#list = [];
  }

  add(old: Row | null, row: Row | null): void {
    if (this.#overflowed) return;
    if (this.#key === null) this.#list.push({ old, new: row });
    else if (old !== null && row !== null && this.#keyOf(old) !== this.#keyOf(row)) {
      this.#merge(this.#keyOf(old), old, null);
      this.#merge(this.#keyOf(row), null, row);
    } else {
      this.#merge(this.#keyOf((row ?? old)!), old, row);
    }
    if (this.#list.length + this.#byKey.size > DELTA_ROWS_LIMIT) this.overflow();
  }

  result(): readonly RowDelta[] | "all" {
    if (this.#overflowed) return "all";
    if (this.#key === null) return this.#list;
    const deltas: RowDelta[] = [];
    for (const delta of this.#byKey.values()) {
      if (delta.old !== null || delta.new !== null) deltas.push(delta);
    }
    return deltas;
  }

  #merge(key: string, old: Row | null, row: Row | null): void {
    const earlier = this.#byKey.get(key);
    if (earlier === undefined) this.#byKey.set(key, { old, new: row });
    else earlier.new = row;
  }

  #keyOf(row: Row): string {
    return groupKey(this.#keyTypes, pick(row, this.#key!));
  }
}

/** A long key that did not change is left out of the new row too, but stands in the old one. */
function withKey(row: StreamRow, old: Row | null, key: readonly number[]): StreamRow {
  if (old === null || !key.some((column) => row[column] === UNCHANGED)) return row;
  return row.map((value, column) =>
    value === UNCHANGED && key.includes(column) ? (old[column] ?? null) : value,
  );
}

function pick(row: Row, columns: readonly number[]): Row {
  return columns.map((column) => row[column] ?? null);
}

/** Fills what the stream left out because it had not changed (Postgres: TOASTed values). */
function complete(row: StreamRow, old: Row): Row {
  if (!row.includes(UNCHANGED)) return row as Row;
  return row.map((value, column) => (value === UNCHANGED ? (old[column] ?? null) : value));
}
