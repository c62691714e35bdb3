import { groupKey } from "@freshet/types";
import type { DeltaBatch, IndexSpec, Row, Snapshot, SqlType, TableId } from "@freshet/types";
import type { Env } from "../exec/compile-expression.ts";
import { compareForms } from "../exec/order.ts";
import { createRun } from "../exec/run.ts";
import type { Block } from "../plan/block.ts";
import { Layout } from "../plan/layout.ts";
import { EntryIndex, joinParts } from "./entry-index.ts";
import type { Entry } from "./entry.ts";
import { traceDerived } from "./trace-derived.ts";
import { keyKind } from "../plan/one-form.ts";
import { planTrace } from "./trace-plan.ts";
import type { TracePlan } from "./trace-plan.ts";

interface Occurrence {
  readonly table: TableId;
  /** Base columns this occurrence reads. */
  readonly columns: readonly number[];
  /** Null: any relevant change concerns all keys. */
  readonly trace: TracedSource | null;
}

export interface TracedSource {
  readonly plan: TracePlan;
  /** Puts what a changed row says about the plan's source into the environment. */
  enter(row: Row, env: Env): void;
}

/** Combinations followed per batch and entry before all keys are taken as affected. */
const ROWS_PER_ENTRY = 4;
const MIN_ROWS = 1000;

/** The immutable part: for each occurrence of a base table, how its changes find filled keys. */
export class TraceProgram {
  readonly layout: Layout;
  readonly occurrences: readonly Occurrence[];
  readonly params: number;

  constructor(block: Block, params: number, indexes: IndexSpec[]) {
    this.layout = new Layout(block, params);
    this.params = params;
    const { layout } = this;
    this.occurrences = block.sources.flatMap((source, number): readonly Occurrence[] => {
      if (source.kind === "derived") {
        return nestedOccurrences(source.block, params, (inner, nested) =>
          traceDerived(block, layout, params, number, indexes, nested, inner),
        );
      }
      const plan = planTrace(block, layout, params, number, indexes);
      const columns = layout.columns[number]!;
      const base = layout.base[number]!;
      const enter = (row: Row, env: Env): void => {
        for (let at = 0; at < columns.length; at += 1) env[base + at] = row[columns[at]!]!;
      };
      return [{ table: source.table.id, columns, trace: { plan, enter } }];
    });
  }
}

function nestedOccurrences(
  block: Block,
  params: number,
  trace: ((source: number, block: Block) => TracedSource | null) | null,
): readonly Occurrence[] {
  const layout = new Layout(block, params);
  return block.sources.flatMap((source, number): readonly Occurrence[] =>
    source.kind === "derived"
      ? nestedOccurrences(source.block, params, null)
      : [
          {
            table: source.table.id,
            columns: layout.columns[number]!,
            trace: trace === null ? null : trace(number, block),
          },
        ],
  );
}

/** Finds the entries that a batch may change. */
export class Tracer<E extends Entry> {
  readonly #program: TraceProgram;
  readonly #entries: ReadonlyMap<string, E>;
  readonly #indexes = new Map<string, EntryIndex<E>>();

  constructor(program: TraceProgram, entries: ReadonlyMap<string, E>) {
    this.#program = program;
    this.#entries = entries;
  }

  added(entry: E): void {
    for (const index of this.#indexes.values()) index.add(entry);
  }

  removed(entry: E): void {
    for (const index of this.#indexes.values()) index.delete(entry);
  }

  affected(batch: DeltaBatch, before: Snapshot, after: Snapshot): ReadonlySet<E> {
    const found = new Set<E>();
    for (const occurrence of this.#program.occurrences) {
      const deltas = batch.get(occurrence.table);
      if (deltas === undefined) continue;
      const oldRows: Row[] = [];
      const newRows: Row[] = [];
      for (const delta of deltas) {
        if (
          delta.old !== null &&
          delta.new !== null &&
          sameOn(occurrence.columns, delta.old, delta.new)
        ) {
          continue;
        }
        if (delta.old !== null) oldRows.push(delta.old);
        if (delta.new !== null) newRows.push(delta.new);
      }
      if (oldRows.length + newRows.length === 0) continue;
      if (occurrence.trace === null) return this.#all();
      const complete =
        this.#follow(occurrence.trace, oldRows, before, found) &&
        this.#follow(occurrence.trace, newRows, after, found);
      if (!complete || found.size === this.#entries.size) return this.#all();
    }
    return found;
  }

  #all(): ReadonlySet<E> {
    return new Set(this.#entries.values());
  }

  /** False: given up, take all keys. */
  #follow(
    { plan, enter }: TracedSource,
    rows: readonly Row[],
    snapshot: Snapshot,
    found: Set<E>,
  ): boolean {
    if (rows.length === 0) return true;
    const { layout, params } = this.#program;
    const index = plan.equal.length > 0 ? this.#indexFor(plan) : null;
    const run = createRun(layout.size, plan.pipeline.stepCount, () => snapshot);
    const { env } = run;
    let budget = MIN_ROWS + ROWS_PER_ENTRY * this.#entries.size;
    const test = (entry: E): void => {
      if (found.has(entry)) return;
      if (plan.residual !== null) {
        for (let at = 0; at < params; at += 1) env[at] = entry.params[at]!;
        if (!plan.residual(env)) return;
      }
      found.add(entry);
    };
    const start = plan.pipeline.bind(run, () => {
      budget -= 1;
      if (budget < 0) throw GIVE_UP;
      if (index === null) {
        if (plan.residual !== null) budget -= this.#entries.size;
        for (const entry of this.#entries.values()) test(entry);
        return;
      }
      const key = traceKey(plan, env);
      if (key !== null) for (const entry of index.find(key) ?? []) test(entry);
      for (const entry of index.always) test(entry);
    });
    try {
      for (const row of rows) {
        enter(row, env);
        start();
        if (found.size === this.#entries.size) return true;
      }
    } catch (error) {
      // An expression that raises here will raise, or not, where the entry is recomputed.
      if (error === GIVE_UP || isPoisoned(error)) return false;
      throw error;
    }
    return true;
  }

  #indexFor(plan: TracePlan): EntryIndex<E> {
    const params = plan.equal.map((traced) => traced.param);
    const name = plan.equal.map((traced) => `${traced.param}/${keyKind(traced.type)}`).join(",");
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = new EntryIndex<E>(
        params,
        plan.equal.map((traced): SqlType => traced.type),
      );
      for (const entry of this.#entries.values()) index.add(entry);
      this.#indexes.set(name, index);
    }
    return index;
  }
}

const GIVE_UP = new Error("too many combinations");

function isPoisoned(error: unknown): boolean {
  return error instanceof Error && error.name === "Poisoned";
}

/** Null when a value is NULL: it equals no parameter. */
export function traceKey(plan: Pick<TracePlan, "equal">, env: Env): string | null {
  const parts: string[] = [];
  for (const traced of plan.equal) {
    const value = traced.value(env);
    if (value === null) return null;
    parts.push(groupKey([traced.type], [value]));
  }
  return joinParts(parts);
}

/** Whether two images of a row agree in these columns, in form as well as in value. */
export function sameOn(columns: readonly number[], a: Row, b: Row): boolean {
  for (const column of columns) if (compareForms(a[column]!, b[column]!) !== 0) return false;
  return true;
}
