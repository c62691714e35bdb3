import { groupKey } from "@freshet/types";
import type { SqlType, Value } from "@freshet/types";
import type { EqualityEdge } from "../plan/access.ts";
import type { Expr } from "../plan/expression.ts";
import type { Layout } from "../plan/layout.ts";
import type { BlockEvaluator } from "./block-evaluator.ts";
import { compileFilter } from "./compile-expression.ts";
import type { Env, SlotOf } from "./compile-expression.ts";
import { compileEdges } from "./lookup-values.ts";
import type { EachValues } from "./lookup-values.ts";
import type { Run, Sink, Step } from "./run.ts";

/** Distinct keys evaluated one by one before the whole derived table is evaluated once. */
const MAX_KEYED = 64;

type OutputRow = readonly Value[];

interface DerivedState {
  readonly keyed: Map<string, readonly OutputRow[]>;
  all: readonly OutputRow[] | null;
  hash: Map<string, OutputRow[]> | null;
}

/**
 * Binds the rows of a derived table. With equalities on columns that its grouping keeps apart,
 * only the wanted part of it is evaluated (`keyed` takes those values as further parameters).
 */
export class DerivedStep implements Step {
  readonly #id: number;
  readonly #source: number;
  readonly #columns: readonly number[];
  readonly #base: number;
  readonly #params: number;
  readonly #full: BlockEvaluator;
  readonly #keyed: BlockEvaluator | null;
  readonly #each: EachValues;
  readonly #edges: readonly EqualityEdge[];
  readonly #types: readonly SqlType[];
  readonly #filter: ((env: Env) => boolean) | null;

  constructor(
    id: number,
    source: number,
    layout: Layout,
    slotOf: SlotOf,
    params: number,
    full: BlockEvaluator,
    keyed: BlockEvaluator | null,
    edges: readonly EqualityEdge[],
    filters: readonly Expr[],
  ) {
    this.#id = id;
    this.#source = source;
    this.#columns = layout.columns[source]!;
    this.#base = layout.base[source]!;
    this.#params = params;
    this.#full = full;
    this.#keyed = keyed;
    this.#edges = edges;
    this.#types = edges.map((edge) => edge.type);
    this.#each = compileEdges(edges, slotOf);
    this.#filter = compileFilter(filters, slotOf);
  }

  bind(run: Run, next: Sink): Sink {
    const { env } = run;
    const columns = this.#columns;
    const base = this.#base;
    const filter = this.#filter;
    const state = this.#state(run);
    const accept = (rows: readonly OutputRow[]): void => {
      for (const row of rows) {
        for (let index = 0; index < columns.length; index += 1) {
          env[base + index] = row[columns[index]!]!;
        }
        if (filter === null || filter(env)) next();
      }
    };
    if (this.#edges.length === 0) return () => accept(this.#all(run, state));
    return () => this.#each(env, (values) => accept(this.#matching(run, state, values)));
  }

  #state(run: Run): DerivedState {
    let state = run.state[this.#id] as DerivedState | undefined;
    if (state === undefined) {
      state = { keyed: new Map(), all: null, hash: null };
      run.state[this.#id] = state;
    }
    return state;
  }

  #all(run: Run, state: DerivedState): readonly OutputRow[] {
    const snapshot = run.snapshot(this.#source);
    state.all ??= this.#full.rows(run.env.slice(0, this.#params), () => snapshot);
    return state.all;
  }

  #matching(run: Run, state: DerivedState, values: NonNullable<Value>[]): readonly OutputRow[] {
    const key = groupKey(this.#types, values);
    if (state.hash === null && this.#keyed !== null && state.keyed.size < MAX_KEYED) {
      let rows = state.keyed.get(key);
      if (rows === undefined) {
        const snapshot = run.snapshot(this.#source);
        rows = this.#keyed.rows([...run.env.slice(0, this.#params), ...values], () => snapshot);
        state.keyed.set(key, rows);
      }
      return rows;
    }
    state.hash ??= this.#build(this.#all(run, state));
    return state.hash.get(key) ?? [];
  }

  #build(rows: readonly OutputRow[]): Map<string, OutputRow[]> {
    const hash = new Map<string, OutputRow[]>();
    const columns = this.#edges.map((edge) => edge.column);
    for (const row of rows) {
      const values = columns.map((column) => row[column]!);
      if (values.some((value) => value === null)) continue;
      const key = groupKey(this.#types, values);
      const bucket = hash.get(key);
      if (bucket === undefined) hash.set(key, [row]);
      else bucket.push(row);
    }
    return hash;
  }
}
