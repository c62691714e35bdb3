import type { IndexRange, Row, TableSchema, Value } from "@freshet/types";
import type { ChosenIndex, RangeEdge } from "../plan/access.ts";
import type { Layout } from "../plan/layout.ts";
import { compileExpr, compileFilter } from "./compile-expression.ts";
import type { Compiled, Env, SlotOf } from "./compile-expression.ts";
import type { Expr } from "../plan/expression.ts";
import { hasherOf } from "./keys.ts";
import type { Hasher, HashKey } from "./keys.ts";
import { compileEdges } from "./lookup-values.ts";
import type { EachValues } from "./lookup-values.ts";
import type { Run, Sink, Step } from "./run.ts";

/** Look-ups before a hash table of the whole source becomes cheaper than going on. */
const MIN_PROBES = 256;
/** What one look-up costs compared with reading one row of a scan. */
const ROWS_PER_PROBE = 8;

interface TableState {
  probes: number;
  limit: number;
  hash: Map<HashKey, Row[]> | null;
}

/** Binds one base table: by scan, by index look-up, or by hash after many look-ups. */
export class TableStep implements Step {
  readonly #id: number;
  readonly #source: number;
  readonly #table: TableSchema;
  readonly #columns: readonly number[];
  readonly #base: number;
  readonly #lookup: ChosenIndex | null;
  readonly #each: EachValues;
  readonly #range: ((env: Env) => IndexRange | null) | null;
  readonly #filter: ((env: Env) => boolean) | null;
  readonly #hasher: Hasher | null;
  readonly #hashPositions: readonly number[];

  constructor(
    id: number,
    source: number,
    table: TableSchema,
    layout: Layout,
    slotOf: SlotOf,
    lookup: ChosenIndex | null,
    filters: readonly Expr[],
  ) {
    this.#id = id;
    this.#source = source;
    this.#table = table;
    this.#columns = layout.columns[source]!;
    this.#base = layout.base[source]!;
    this.#lookup = lookup;
    this.#each = compileEdges(lookup?.equal ?? [], slotOf);
    this.#range = compileRange(lookup?.range ?? [], slotOf);
    this.#filter = compileFilter(filters, slotOf);
    const equal = lookup?.equal ?? [];
    // With a range the index is kept: the hash could not serve it.
    const hashable = equal.length > 0 && this.#range === null;
    this.#hasher = hashable ? hasherOf(equal.map((edge) => edge.type)) : null;
    this.#hashPositions = equal.map((edge) => this.#columns.indexOf(edge.column));
  }

  bind(run: Run, next: Sink): Sink {
    const { env } = run;
    const accept = this.#acceptor(env, next);
    const snapshot = run.snapshot(this.#source);
    const lookup = this.#lookup;
    const columns = this.#columns;
    if (lookup === null) {
      const table = this.#table.id;
      return () => {
        for (const row of snapshot.scan(table, columns)) accept(row);
      };
    }
    const range = this.#range;
    const each = this.#each;
    const { index } = lookup;
    if (range !== null) {
      return () => {
        const bounds = range(env);
        if (bounds === null) return;
        each(env, (values) => {
          for (const row of snapshot.lookup(index, values, columns, { range: bounds })) accept(row);
        });
      };
    }
    const state = this.#state(run);
    const hasher = this.#hasher!;
    return () => {
      each(env, (values) => {
        if (state.hash === null) {
          state.probes += 1;
          if (state.probes > state.limit) this.#manyProbes(run, state);
        }
        if (state.hash !== null) {
          const rows = state.hash.get(hasher(values));
          if (rows !== undefined) for (const row of rows) accept(row);
          return;
        }
        for (const row of snapshot.lookup(index, values, columns)) accept(row);
      });
    };
  }

  #acceptor(env: Env, next: Sink): (row: Row) => void {
    const base = this.#base;
    const count = this.#columns.length;
    const filter = this.#filter;
    if (filter === null) {
      return (row) => {
        for (let index = 0; index < count; index += 1) env[base + index] = row[index]!;
        next();
      };
    }
    return (row) => {
      for (let index = 0; index < count; index += 1) env[base + index] = row[index]!;
      if (filter(env)) next();
    };
  }

  #state(run: Run): TableState {
    let state = run.state[this.#id] as TableState | undefined;
    if (state === undefined) {
      state = { probes: 0, limit: MIN_PROBES, hash: null };
      run.state[this.#id] = state;
    }
    return state;
  }

  /** Counting rows is left until there is reason to: most runs make few look-ups. */
  #manyProbes(run: Run, state: TableState): void {
    const rows = run.snapshot(this.#source).count(this.#table.id);
    state.limit = Math.floor(rows / ROWS_PER_PROBE);
    if (state.probes > state.limit) state.hash = this.#build(run);
  }

  #build(run: Run): Map<HashKey, Row[]> {
    const hash = new Map<HashKey, Row[]>();
    const positions = this.#hashPositions;
    const hasher = this.#hasher!;
    const [only] = positions;
    const single = positions.length === 1;
    const key: NonNullable<Value>[] = [];
    rows: for (const row of run.snapshot(this.#source).scan(this.#table.id, this.#columns)) {
      if (single) {
        const value = row[only!]!;
        if (value === null) continue;
        key[0] = value;
      } else {
        for (let index = 0; index < positions.length; index += 1) {
          const value = row[positions[index]!]!;
          if (value === null) continue rows;
          key[index] = value;
        }
      }
      const hashed = hasher(key);
      const bucket = hash.get(hashed);
      if (bucket === undefined) hash.set(hashed, [row]);
      else bucket.push(row);
    }
    return hash;
  }
}

/** Null result: a bound is NULL, so no row qualifies. */
function compileRange(
  edges: readonly RangeEdge[],
  slotOf: SlotOf,
): ((env: Env) => IndexRange | null) | null {
  if (edges.length === 0) return null;
  const bounds = edges.map((edge): { readonly edge: RangeEdge; readonly value: Compiled } => ({
    edge,
    value: compileExpr(edge.value, slotOf),
  }));
  return (env) => {
    const range: { lower?: IndexRange["lower"]; upper?: IndexRange["upper"] } = {};
    for (const { edge, value } of bounds) {
      const limit = value(env);
      if (limit === null) return null;
      const bound = { value: limit, inclusive: edge.inclusive };
      if (edge.lower) range.lower = bound;
      else range.upper = bound;
    }
    return range as IndexRange;
  };
}
