import type { DeltaBatch, IndexSpec, Row, Snapshot, SqlType, TableId } from "@freshet/types";
import { Poisoned } from "../contract.ts";
import type { Env } from "../exec/compile-expression.ts";
import { createRun } from "../exec/run.ts";
import type { Block } from "../plan/block.ts";
import { hasSpellings, keyKind } from "../plan/one-form.ts";
import type { Layout } from "../plan/layout.ts";
import { EntryIndex } from "./entry-index.ts";
import type { Entry } from "./entry.ts";
import { planTrace } from "./trace-plan.ts";
import type { TracePlan } from "./trace-plan.ts";
import { sameOn, traceKey } from "./tracer.ts";

interface DeltaTerm {
  readonly source: number;
  readonly table: TableId;
  readonly columns: readonly number[];
  readonly plan: TracePlan;
}

/**
 * The difference of an inner join between two snapshots, by telescoping: one term per source, with
 * earlier sources read after the batch and later ones before it. Parameters stay open: each joined
 * row is offered to the entries whose conditions it meets.
 */
export class DeltaProgram {
  readonly layout: Layout;
  readonly params: number;
  readonly terms: readonly DeltaTerm[];

  private constructor(layout: Layout, params: number, terms: readonly DeltaTerm[]) {
    this.layout = layout;
    this.params = params;
    this.terms = terms;
  }

  /** Null when a query cannot be kept so: outer joins, derived tables, joins without indexes. */
  static of(
    block: Block,
    layout: Layout,
    params: number,
    indexes: IndexSpec[],
  ): DeltaProgram | null {
    if (block.from.lefts.length > 0 || block.sources.length === 0 || !hasOneForm(block))
      return null;
    const wanted: IndexSpec[] = [];
    const terms: DeltaTerm[] = [];
    for (const [source, described] of block.sources.entries()) {
      if (described.kind !== "table") return null;
      const plan = planTrace(block, layout, params, source, wanted, { everything: true });
      if (!plan.indexed) return null;
      const columns = layout.columns[source]!;
      terms.push({ source, table: described.table.id, columns, plan });
    }
    indexes.push(...wanted);
    return new DeltaProgram(layout, params, terms);
  }
}

/** A kind of value whose equal values are all printed alike, so any of them stands for the rest. */
function oneForm(type: SqlType): boolean {
  switch (type.kind) {
    case "decimal":
      return type.modifier !== -1;
    case "bpchar":
      return type.modifier !== -1;
    case "float4":
    case "float8":
    case "interval":
    case "opaque":
      return false;
    default:
      return true;
  }
}

/** Groups, distinct rows and extrema must not remember the form of a row that has gone. */
function hasOneForm(block: Block): boolean {
  const visible = block.output.slice(0, block.visible);
  const shown = visible.map((column) => column.expr.type);
  if (block.distinct && !shown.every((type) => oneForm(type) && !hasSpellings(type))) return false;
  if (block.grouping === null) return true;
  // DISTINCT over groups: two groups may give one row.
  if (block.distinct) return false;
  return (
    block.grouping.keys.every((key) => oneForm(key.type)) &&
    block.grouping.aggregates.every(
      ({ call, arg, distinct }) =>
        arg === null || oneForm(arg.type) || !(distinct || call === "min" || call === "max"),
    )
  );
}

/** Joined rows per batch before evaluating the entries again is taken to be cheaper. */
const MAX_JOINED_ROWS = 50_000;

export type Offer<E> = (entry: E, env: Env, weight: 1 | -1) => void;

/** Runs a delta program over the entries that are kept by it. */
export class DeltaRunner<E extends Entry> {
  readonly #program: DeltaProgram;
  readonly #entries: ReadonlyMap<string, E>;
  readonly #indexes = new Map<string, EntryIndex<E>>();

  constructor(program: DeltaProgram, entries: ReadonlyMap<string, E>) {
    this.#program = program;
    this.#entries = entries;
  }

  added(entry: E): void {
    for (const index of this.#indexes.values()) index.add(entry);
  }

  removed(entry: E): void {
    for (const index of this.#indexes.values()) index.delete(entry);
  }

  /** Offers every joined row that came or went; false: given up, state is no longer right. */
  run(batch: DeltaBatch, before: Snapshot, after: Snapshot, offer: Offer<E>): boolean {
    try {
      let joined = 0;
      for (const term of this.#program.terms) {
        const deltas = batch.get(term.table);
        if (deltas === undefined) continue;
        const changed = deltas.filter(
          (delta) =>
            delta.old === null || delta.new === null || !sameOn(term.columns, delta.old, delta.new),
        );
        // All removals first, so that no intermediate state has a negative count.
        const olds = changed.flatMap((delta) => (delta.old === null ? [] : [delta.old]));
        const news = changed.flatMap((delta) => (delta.new === null ? [] : [delta.new]));
        const snapshot = (source: number): Snapshot => (source < term.source ? after : before);
        joined += this.#term(term, olds, -1, snapshot, offer, joined);
        joined += this.#term(term, news, 1, snapshot, offer, joined);
      }
      return true;
    } catch (error) {
      if (error === TOO_MANY || error instanceof Poisoned) return false;
      throw error;
    }
  }

  #term(
    term: DeltaTerm,
    rows: readonly Row[],
    weight: 1 | -1,
    snapshot: (source: number) => Snapshot,
    offer: Offer<E>,
    already: number,
  ): number {
    if (rows.length === 0) return 0;
    const { layout, params } = this.#program;
    const { plan, columns } = term;
    const run = createRun(layout.size, plan.pipeline.stepCount, snapshot);
    const { env } = run;
    const index = plan.equal.length > 0 ? this.#indexFor(plan) : null;
    let joined = 0;
    const test = (entry: E): void => {
      for (let at = 0; at < params; at += 1) env[at] = entry.params[at]!;
      if (plan.residual === null || plan.residual(env)) offer(entry, env, weight);
    };
    const start = plan.pipeline.bind(run, () => {
      joined += 1;
      if (already + joined > MAX_JOINED_ROWS) throw TOO_MANY;
      if (index === null) {
        for (const entry of this.#entries.values()) test(entry);
        return;
      }
      const key = traceKey(plan, env);
      if (key !== null) for (const entry of index.find(key) ?? []) test(entry);
      for (const entry of index.always) testAlways(entry, key);
    });
    /** Filed under no key because its lists are long: the equalities are tested one by one. */
    const testAlways = (entry: E, key: string | null): void => {
      if (key !== null && plan.meetsEqual(env, entry.params)) test(entry);
    };
    const base = layout.base[term.source]!;
    for (const row of rows) {
      for (let at = 0; at < columns.length; at += 1) env[base + at] = row[columns[at]!]!;
      start();
    }
    return joined;
  }

  #indexFor(plan: TracePlan): EntryIndex<E> {
    const name = plan.equal.map((traced) => `${traced.param}/${keyKind(traced.type)}`).join(",");
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = new EntryIndex<E>(
        plan.equal.map((traced) => traced.param),
        plan.equal.map((traced) => traced.type),
      );
      for (const entry of this.#entries.values()) index.add(entry);
      this.#indexes.set(name, index);
    }
    return index;
  }
}

const TOO_MANY = new Error("too many joined rows");
