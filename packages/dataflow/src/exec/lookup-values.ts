import { groupKey } from "@freshet/types";
import type { SqlType, Value } from "@freshet/types";
import type { EqualityEdge } from "../plan/access.ts";
import { compileExpr } from "./compile-expression.ts";
import type { Env, SlotOf } from "./compile-expression.ts";
import type { ListParam } from "../plan/expression.ts";

type Known = NonNullable<Value>;

/**
 * Calls `visit` for each combination of values the edges' columns may have (one unless there is
 * an IN list); `values` is reused between calls. A NULL or unmatchable value gives none.
 */
export type EachValues = (env: Env, visit: (values: Known[]) => void) => void;

export function compileEdges(edges: readonly EqualityEdge[], slotOf: SlotOf): EachValues {
  const listAt = edges.findIndex((edge) => "list" in edge.value);
  const scalars = edges.map((edge) =>
    "expr" in edge.value ? compileExpr(edge.value.expr, slotOf) : () => null,
  );
  const narrows = edges.map((edge) => edge.narrow);
  const count = edges.length;
  const values: Known[] = new Array<Known>(count);
  if (count === 1 && listAt < 0) {
    const scalar = scalars[0]!;
    const narrow = narrows[0]!;
    return (env, visit) => {
      const value = scalar(env);
      if (value === null) return;
      const narrowed = narrow(value);
      if (narrowed !== undefined) visit([narrowed]);
    };
  }
  const fillScalars = (env: Env): boolean => {
    for (let index = 0; index < count; index += 1) {
      if (index === listAt) continue;
      const value = scalars[index]!(env);
      if (value === null) return false;
      const narrowed = narrows[index]!(value);
      if (narrowed === undefined) return false;
      values[index] = narrowed;
    }
    return true;
  };
  if (listAt < 0) {
    return (env, visit) => {
      if (fillScalars(env)) visit(values.slice());
    };
  }
  const elements = compileList(edges[listAt]!, slotOf);
  const narrow = narrows[listAt]!;
  return (env, visit) => {
    if (!fillScalars(env)) return;
    const scalarsNow = values.slice();
    for (const element of elements(env)) {
      const narrowed = narrow(element);
      if (narrowed === undefined) continue;
      const combination = scalarsNow.slice();
      combination[listAt] = narrowed;
      visit(combination);
    }
  };
}

function compileList(edge: EqualityEdge, slotOf: SlotOf): (env: Env) => readonly Known[] {
  if (!("list" in edge.value)) return () => [];
  const { list, by } = edge.value;
  if ("param" in list) {
    const slot = list.param;
    return (env) => (env[slot] as ListParam | null)?.values ?? [];
  }
  const elements = list.map((element) => compileExpr(element, slotOf));
  const types: readonly SqlType[] = [by];
  return (env) => {
    const distinct = new Map<string, Known>();
    for (const element of elements) {
      const value = element(env);
      if (value !== null) distinct.set(groupKey(types, [value]), value);
    }
    return [...distinct.values()];
  };
}
