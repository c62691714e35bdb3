import { groupKey } from "@freshet/types";
import type { Snapshot, SqlType } from "@freshet/types";
import type { BlockEvaluator } from "../exec/block-evaluator.ts";
import type { Env, EnvValue } from "../exec/compile-expression.ts";
import type { Group, GroupKey } from "../exec/grouping.ts";
import type { OutputRow } from "../exec/order.ts";
import { ResultWindow } from "./result-window.ts";

/** The state of one entry that is kept by deltas of joined rows. */
export interface KeptState {
  /** Joined rows behind the entry. */
  readonly rows: number;
  /** Bytes held, estimated from the numbers of groups, values and rows. */
  readonly bytes: number;
  /** Takes one joined row (in the environment, parameters included) in or out. */
  apply(env: Env, weight: 1 | -1): void;
  /** The result now. Throws Poisoned. */
  result(): readonly OutputRow[] | "short";
}

export function loadState(
  evaluator: BlockEvaluator,
  params: readonly EnvValue[],
  snapshot: (source: number) => Snapshot,
  slack: number,
): KeptState {
  return evaluator.grouping === null
    ? new KeptRows(evaluator, params, snapshot, slack)
    : new KeptGroups(evaluator, params, snapshot, slack);
}

function windowOf(
  evaluator: BlockEvaluator,
  params: readonly EnvValue[],
  slack: number,
): ResultWindow {
  const { limit, offset } = evaluator.output.window([...params]);
  return new ResultWindow(evaluator.output.compare, offset, limit, slack);
}

/** Bytes of bookkeeping assumed per group, per aggregate, per counted value and per row cell. */
const GROUP_BYTES = 240;
const AGGREGATE_BYTES = 96;
const VALUE_BYTES = 120;
const CELL_BYTES = 32;

/** SELECT without grouping; with DISTINCT, how often each row occurs. */
class KeptRows implements KeptState {
  readonly #evaluator: BlockEvaluator;
  readonly #window: ResultWindow;
  readonly #types: readonly SqlType[];
  readonly #counts: Map<string, number> | null;
  rows: number;

  constructor(
    evaluator: BlockEvaluator,
    params: readonly EnvValue[],
    snapshot: (source: number) => Snapshot,
    slack: number,
  ) {
    this.#evaluator = evaluator;
    const { block } = evaluator;
    this.#types = block.output.slice(0, block.visible).map((column) => column.expr.type);
    this.#counts = block.distinct ? new Map() : null;
    this.#window = windowOf(evaluator, params, slack);
    this.#window.startLoad();
    this.rows = 0;
    evaluator.scan(params, snapshot, (env) => this.apply(env, 1));
    this.#window.finishLoad();
  }

  get bytes(): number {
    const cells = this.#evaluator.block.output.length;
    return this.#window.size * (cells + 1) * CELL_BYTES + (this.#counts?.size ?? 0) * VALUE_BYTES;
  }

  apply(env: Env, weight: 1 | -1): void {
    this.rows += weight;
    const row = this.#evaluator.project(env);
    if (this.#counts !== null) {
      const visible = row.slice(0, this.#types.length);
      const key = groupKey(this.#types, visible);
      const count = (this.#counts.get(key) ?? 0) + weight;
      if (count === 0) this.#counts.delete(key);
      else this.#counts.set(key, count);
      if (count !== (weight === 1 ? 1 : 0)) return;
    }
    if (weight === 1) this.#window.add(row);
    else this.#window.remove(row);
  }

  result(): readonly OutputRow[] | "short" {
    return this.#window.short ? "short" : this.#window.shown();
  }
}

/** SELECT with grouping: running aggregates per group, and the groups' rows in order. */
class KeptGroups implements KeptState {
  readonly #evaluator: BlockEvaluator;
  readonly #params: readonly EnvValue[];
  readonly #env: Env;
  readonly #groups: Map<GroupKey, Group>;
  readonly #outputs = new Map<GroupKey, OutputRow>();
  readonly #touched = new Set<GroupKey>();
  readonly #counting: boolean;
  readonly #slack: number;
  #window: ResultWindow;
  rows = 0;

  constructor(
    evaluator: BlockEvaluator,
    params: readonly EnvValue[],
    snapshot: (source: number) => Snapshot,
    slack: number,
  ) {
    this.#evaluator = evaluator;
    this.#params = params;
    this.#slack = slack;
    this.#env = [...params];
    this.#groups = evaluator.groups(params, snapshot, true);
    this.#window = windowOf(evaluator, params, slack);
    this.#counting = evaluator.block.grouping!.aggregates.some(
      (aggregate) => aggregate.distinct || aggregate.call === "min" || aggregate.call === "max",
    );
    this.#window.startLoad();
    for (const [key, group] of this.#groups) {
      this.rows += group.rows;
      const row = this.#evaluator.groupRow(this.#env, group);
      if (row === null) continue;
      this.#outputs.set(key, row);
      this.#window.add(row);
    }
    this.#window.finishLoad();
  }

  get bytes(): number {
    const { output, grouping } = this.#evaluator.block;
    const group =
      GROUP_BYTES + grouping!.aggregates.length * AGGREGATE_BYTES + output.length * CELL_BYTES;
    return this.#groups.size * group + (this.#counting ? this.rows * VALUE_BYTES : 0);
  }

  apply(env: Env, weight: 1 | -1): void {
    this.rows += weight;
    this.#touched.add(this.#evaluator.grouping!.apply(this.#groups, env, weight, true));
  }

  result(): readonly OutputRow[] | "short" {
    for (const key of this.#touched) this.#refresh(key);
    this.#touched.clear();
    if (this.#window.short) this.#refill();
    return this.#window.shown();
  }

  #refresh(key: GroupKey): void {
    const before = this.#outputs.get(key);
    const group = this.#groups.get(key)!;
    const gone = group.rows === 0 && !this.#evaluator.grouping!.global;
    if (gone) this.#groups.delete(key);
    const after = gone ? null : this.#evaluator.groupRow(this.#env, group);
    if (before !== undefined) this.#window.remove(before);
    if (after === null) this.#outputs.delete(key);
    else {
      this.#outputs.set(key, after);
      this.#window.add(after);
    }
  }

  /** Reads on in the groups' rows, all of which are kept. */
  #refill(): void {
    this.#window = windowOf(this.#evaluator, this.#params, this.#slack);
    this.#window.startLoad();
    for (const row of this.#outputs.values()) this.#window.add(row);
    this.#window.finishLoad();
  }
}
