import { groupKey } from "@freshet/types";
import type { IndexSpec, SqlType } from "@freshet/types";
import { compileExpr, compileFilter } from "../exec/compile-expression.ts";
import type { Compiled, Env, EnvValue } from "../exec/compile-expression.ts";
import { Pipeline } from "../exec/pipeline.ts";
import { plainColumn } from "../plan/access.ts";
import type { Block, Group } from "../plan/block.ts";
import { columnsOf, paramsOf, sourcesOf } from "../plan/expression.ts";
import type { Expr } from "../plan/expression.ts";
import { planJoin } from "../plan/join-plan.ts";
import type { Layout } from "../plan/layout.ts";
import { isList } from "./entry.ts";

/** A parameter that must equal an expression for an entry to see the traced rows. */
export interface TracedParam {
  readonly param: number;
  readonly type: SqlType;
  readonly value: Compiled;
}

/**
 * From a changed row of one source to the filled keys it can concern: a row matters to an entry
 * only if it takes part in some combination that satisfies the conditions of its group and of the
 * groups around it. Following any part of those conditions gives a superset, which is sound.
 */
export interface TracePlan {
  readonly source: number;
  /** Binds the sources on the way to the parameters, from the changed row. */
  readonly pipeline: Pipeline;
  readonly equal: readonly TracedParam[];
  /** Conditions with parameters on what is bound, tested against each candidate. */
  readonly residual: ((env: Env) => boolean) | null;
  /** Every source is bound, each by an index look-up from the changed row. */
  readonly indexed: boolean;
  /** Whether the row bound meets the equalities for these parameters, without an index. */
  meetsEqual(env: Env, params: readonly EnvValue[]): boolean;
}

export interface TraceOptions {
  /** Bind every source, not only those on the way to parameters. */
  readonly everything?: boolean;
  /** The only columns of the changed source that are known; null: all. */
  readonly known?: ReadonlySet<number> | null;
}

export function planTrace(
  block: Block,
  layout: Layout,
  params: number,
  source: number,
  indexes: IndexSpec[],
  { everything = false, known = null }: TraceOptions = {},
): TracePlan {
  const chain = groupsAround(block.from, source)!;
  const inScope = new Set(chain.flatMap((group) => group.sources));
  const conjuncts = chain
    .flatMap((group, depth) => decidedBeforeLefts(group, chain.slice(0, depth + 1)))
    .filter(
      (conjunct) =>
        known === null ||
        columnsOf(conjunct).every((column) => column.source !== source || known.has(column.column)),
    );
  const free = conjuncts.filter((conjunct) => paramsOf(conjunct).size === 0);
  const needed = everything ? inScope : neededSources(block, source, conjuncts, free);
  const within = (expr: Expr): boolean => [...sourcesOf(expr)].every((other) => needed.has(other));
  const group: Group = { sources: [...needed], conjuncts: free.filter(within), lefts: [] };
  const plan = planJoin(block, group, new Set([source]));
  const pipeline = new Pipeline(block, layout, params, plan, indexes);
  const equal: TracedParam[] = [];
  const residual: Expr[] = [];
  for (const conjunct of conjuncts) {
    if (paramsOf(conjunct).size === 0 || !within(conjunct)) continue;
    const fixed = equalParam(conjunct);
    if (fixed === null || equal.some((other) => other.param === fixed.param))
      residual.push(conjunct);
    else {
      const value = compileExpr(fixed.value, layout.slotOf);
      equal.push({ param: fixed.param, type: fixed.type, value });
    }
  }
  equal.sort((a, b) => a.param - b.param);
  const indexed = plan.steps.every(
    (step) => step.kind === "table" && step.lookup !== null && step.lookup.equal.length > 0,
  );
  const meetsEqual = (env: Env, values: readonly EnvValue[]): boolean =>
    equal.every((traced) => {
      const wanted = values[traced.param]!;
      const value = traced.value(env);
      if (wanted === null || value === null) return false;
      const key = groupKey([traced.type], [value]);
      return isList(wanted) ? wanted.keys.has(key) : groupKey([traced.type], [wanted]) === key;
    });
  const compiled = compileFilter(residual, layout.slotOf);
  return { source, pipeline, equal, residual: compiled, indexed, meetsEqual };
}

/**
 * The group's conditions that do not look at its left joins. One that does filters rows after the
 * join, so a changed row that fails it still matters: it decides whether NULLs stand in its place.
 */
function decidedBeforeLefts(group: Group, around: readonly Group[]): readonly Expr[] {
  const bound = new Set(around.flatMap((outer) => outer.sources));
  return group.conjuncts.filter((conjunct) =>
    [...sourcesOf(conjunct)].every((source) => bound.has(source)),
  );
}

/** `expression = $n` or `expression IN ($n…)`, the expression without parameters. */
function equalParam(
  conjunct: Expr,
): { readonly param: number; readonly type: SqlType; readonly value: Expr } | null {
  if (conjunct.kind === "in" && !conjunct.negated && "param" in conjunct.list) {
    if (paramsOf(conjunct.operand).size > 0) return null;
    return { param: conjunct.list.param, type: conjunct.by, value: conjunct.operand };
  }
  if (conjunct.kind !== "compare" || conjunct.op !== "=") return null;
  for (const [side, other] of [
    [conjunct.left, conjunct.right],
    [conjunct.right, conjunct.left],
  ] as const) {
    if (side.kind === "param" && paramsOf(other).size === 0) {
      return { param: side.param, type: conjunct.by, value: other };
    }
  }
  return null;
}

/** The groups from the outermost to the one that holds the source. */
function groupsAround(group: Group, source: number): readonly Group[] | null {
  if (group.sources.includes(source)) return [group];
  for (const left of group.lefts) {
    const inner = groupsAround(left, source);
    if (inner !== null) return [group, ...inner];
  }
  return null;
}

/** Sources on paths of column equalities from the changed one to those that parameters name. */
function neededSources(
  block: Block,
  start: number,
  conjuncts: readonly Expr[],
  free: readonly Expr[],
): Set<number> {
  const cameFrom = new Map<number, number | null>([[start, null]]);
  const queue = [start];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const conjunct of free) {
      if (conjunct.kind !== "compare" || conjunct.op !== "=") continue;
      const ends = [plainColumn(conjunct.left)?.source, plainColumn(conjunct.right)?.source];
      if (!ends.includes(at)) continue;
      const other = ends.find((end) => end !== at);
      if (other === undefined || cameFrom.has(other)) continue;
      if (block.sources[other]!.kind === "derived") continue;
      cameFrom.set(other, at);
      queue.push(other);
    }
  }
  const needed = new Set([start]);
  for (const conjunct of conjuncts) {
    if (equalParam(conjunct) === null) continue;
    const sources = [...sourcesOf(conjunct)];
    if (!sources.every((source) => cameFrom.has(source))) continue;
    for (const source of sources) {
      for (let at: number | null = source; at !== null; at = cameFrom.get(at)!) needed.add(at);
    }
  }
  return needed;
}
