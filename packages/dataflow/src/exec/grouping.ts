import { groupKey } from "@freshet/types";
import type { SqlType, Value } from "@freshet/types";
import type { Aggregate, Block } from "../plan/block.ts";
import { accumulatorOf } from "./accumulators.ts";
import type { Accumulator } from "./accumulators.ts";
import { compileExpr, compileFilter } from "./compile-expression.ts";
import type { Compiled, Env, SlotOf } from "./compile-expression.ts";
import { isOwnKey } from "./keys.ts";

export type GroupKey = string | number | bigint | boolean | null;

/** One group: its keys as first seen, how many rows it has, its running aggregates. */
export interface Group {
  readonly keys: readonly Value[];
  rows: number;
  readonly accumulators: readonly Accumulator[];
}

/** GROUP BY compiled: from an input row in the environment to its group. */
export class Grouping {
  readonly #keys: readonly Compiled[];
  readonly #types: readonly SqlType[];
  readonly #args: readonly (Compiled | null)[];
  readonly #filters: readonly (((env: Env) => boolean) | null)[];
  readonly #aggregates: readonly Aggregate[];
  readonly #ownKey: boolean;
  readonly global: boolean;

  constructor(grouping: NonNullable<Block["grouping"]>, slotOf: SlotOf) {
    this.#keys = grouping.keys.map((key) => compileExpr(key, slotOf));
    this.#types = grouping.keys.map((key) => key.type);
    this.#aggregates = grouping.aggregates;
    this.#args = grouping.aggregates.map(({ arg }) =>
      arg === null ? null : compileExpr(arg, slotOf),
    );
    this.#filters = grouping.aggregates.map(({ filter }) =>
      filter === null ? null : compileFilter([filter], slotOf),
    );
    this.global = grouping.keys.length === 0;
    this.#ownKey = this.#types.length === 1 && isOwnKey(this.#types[0]!);
  }

  keyOf(keys: readonly Value[]): GroupKey {
    if (this.#ownKey) return keys[0] as GroupKey;
    return groupKey(this.#types, keys);
  }

  /** Adds (or removes) the environment's row; returns the group's key. */
  apply(groups: Map<GroupKey, Group>, env: Env, weight: 1 | -1, removable: boolean): GroupKey {
    const count = this.#keys.length;
    let keys: Value[] | null = null;
    let key: GroupKey;
    if (this.#ownKey) key = this.#keys[0]!(env) as GroupKey;
    else {
      keys = new Array<Value>(count);
      for (let index = 0; index < count; index += 1) keys[index] = this.#keys[index]!(env);
      key = groupKey(this.#types, keys);
    }
    let group = groups.get(key);
    if (group === undefined) {
      group = this.create(keys ?? [key as Value], removable);
      groups.set(key, group);
    }
    group.rows += weight;
    const { accumulators } = group;
    for (let index = 0; index < accumulators.length; index += 1) {
      const filter = this.#filters[index]!;
      if (filter !== null && !filter(env)) continue;
      const arg = this.#args[index]!;
      const value = arg === null ? true : arg(env);
      if (value === null) continue;
      if (weight === 1) accumulators[index]!.add(value);
      else accumulators[index]!.remove(value);
    }
    return key;
  }

  create(keys: readonly Value[], removable: boolean): Group {
    const accumulators = this.#aggregates.map((aggregate) => accumulatorOf(aggregate, removable));
    return { keys, rows: 0, accumulators };
  }
}
