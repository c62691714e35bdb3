import type { SqlType } from "@freshet/types";
import type { Expr, ScalarFunction } from "../plan/expression.ts";

/** Applies a conversion (null: only the type's name changes); constants are folded. */
export function convert(expr: Expr, type: SqlType, fn: ScalarFunction | null): Expr {
  if (fn === null) {
    if (expr.kind === "const") return { ...expr, type };
    return expr;
  }
  if (expr.kind === "const") {
    return { ...expr, type, value: expr.value === null ? null : fn.evaluate(expr.value) };
  }
  return { kind: "call", fn, args: [expr], type };
}
