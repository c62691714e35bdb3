import type { IndexSpec, Snapshot, Value } from "@freshet/types";
import type { Block } from "../plan/block.ts";
import { GROUP_SOURCE } from "../plan/expression.ts";
import { planJoin } from "../plan/join-plan.ts";
import { Layout } from "../plan/layout.ts";
import { compileExpr, compileFilter } from "./compile-expression.ts";
import type { Compiled, Env, EnvValue, SlotOf } from "./compile-expression.ts";
import { Grouping } from "./grouping.ts";
import type { Group, GroupKey } from "./grouping.ts";
import type { OutputRow } from "./order.ts";
import { Output } from "./output.ts";
import { Pipeline } from "./pipeline.ts";
import { createRun } from "./run.ts";

/**
 * Evaluates one block at given snapshots: the pull side of the engine ("fetch"), used for fills,
 * for recomputation and as what every incremental path must equal.
 */
export class BlockEvaluator {
  readonly block: Block;
  readonly layout: Layout;
  readonly grouping: Grouping | null;
  readonly output: Output;
  readonly #params: number;
  readonly #pipeline: Pipeline;
  readonly #project: readonly Compiled[];
  readonly #having: ((env: Env) => boolean) | null;

  constructor(block: Block, params: number, indexes: IndexSpec[]) {
    this.block = block;
    this.#params = params;
    this.layout = new Layout(block, params);
    const plan = planJoin(block, block.from, new Set());
    this.#pipeline = new Pipeline(block, this.layout, params, plan, indexes);
    const { grouping } = block;
    this.grouping = grouping === null ? null : new Grouping(grouping, this.layout.slotOf);
    const slotOf = grouping === null ? this.layout.slotOf : groupSlots(params);
    this.#project = block.output.map((column) => compileExpr(column.expr, slotOf));
    this.#having = grouping === null ? null : compileFilter(grouping.having, slotOf);
    this.output = new Output(block);
  }

  /** Output rows, hidden sort columns last. Throws Poisoned. */
  rows(params: readonly EnvValue[], snapshot: (source: number) => Snapshot): OutputRow[] {
    return this.rowsWithin(params, snapshot, Infinity, Infinity)!;
  }

  /**
   * The same, or null as soon as more than `most` joined rows have been read. Throws Poisoned at
   * more than `rowLimit` result rows.
   */
  rowsWithin(
    params: readonly EnvValue[],
    snapshot: (source: number) => Snapshot,
    most: number,
    rowLimit: number,
  ): OutputRow[] | null {
    try {
      return this.#rows(params, snapshot, most, rowLimit);
    } catch (error) {
      if (error === TOO_MANY) return null;
      throw error;
    }
  }

  #rows(
    params: readonly EnvValue[],
    snapshot: (source: number) => Snapshot,
    most: number,
    rowLimit: number,
  ): OutputRow[] {
    const collector = this.output.collector([...params], rowLimit);
    if (this.grouping === null) {
      this.scan(params, snapshot, (env) => collector.add(this.project(env)), most);
    } else {
      const groupEnv: Env = [...params];
      for (const group of this.groups(params, snapshot, false, most).values()) {
        const row = this.groupRow(groupEnv, group);
        if (row !== null) collector.add(row);
      }
    }
    return collector.finish();
  }

  /** Calls `visit` for every joined input row; returns how many there were. */
  scan(
    params: readonly EnvValue[],
    snapshot: (source: number) => Snapshot,
    visit: (env: Env) => void,
    most = Infinity,
  ): number {
    const run = createRun(this.layout.size, this.#pipeline.stepCount, snapshot);
    const { env } = run;
    for (let index = 0; index < params.length; index += 1) env[index] = params[index]!;
    let count = 0;
    // A SELECT without FROM has one row.
    const start = this.#pipeline.bind(run, () => {
      count += 1;
      if (count > most) throw TOO_MANY;
      visit(env);
    });
    start();
    return count;
  }

  groups(
    params: readonly EnvValue[],
    snapshot: (source: number) => Snapshot,
    removable: boolean,
    most = Infinity,
  ): Map<GroupKey, Group> {
    const grouping = this.grouping!;
    const groups = new Map<GroupKey, Group>();
    if (grouping.global) groups.set(grouping.keyOf([]), grouping.create([], removable));
    this.scan(params, snapshot, (env) => grouping.apply(groups, env, 1, removable), most);
    return groups;
  }

  project(env: Env): OutputRow {
    const project = this.#project;
    const row = new Array<Value>(project.length);
    for (let index = 0; index < project.length; index += 1) row[index] = project[index]!(env);
    return row;
  }

  /** The output row of a group, or null when HAVING rejects it. `env` holds the parameters. */
  groupRow(env: Env, group: Group): OutputRow | null {
    let slot = this.#params;
    for (const key of group.keys) env[slot++] = key;
    for (const accumulator of group.accumulators) env[slot++] = accumulator.result();
    if (this.#having !== null && !this.#having(env)) return null;
    return this.project(env);
  }
}

const TOO_MANY = new Error("more joined rows than asked for");

function groupSlots(params: number): SlotOf {
  return (source, column) => {
    if (source !== GROUP_SOURCE) throw new RangeError("a column that is not grouped");
    return params + column;
  };
}
