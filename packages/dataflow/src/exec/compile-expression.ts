import { comparatorOf, equalValues, groupKey, typeCollator } from "@freshet/types";
import type { SqlType, Value } from "@freshet/types";
import { hasSpellings } from "../plan/one-form.ts";
import type { CompareExpr, Expr, InExpr, ListParam } from "../plan/expression.ts";

/**
 * Expressions become closures over one flat environment: the parameters first, then the columns
 * of the sources bound so far. Three-valued logic: a condition is true, false or null. A closure
 * throws `Poisoned` where the upstream would raise.
 */
export type EnvValue = Value | ListParam;
export type Env = EnvValue[];
export type Compiled = (env: Env) => Value;

/** Where a column stands in the environment. */
export type SlotOf = (source: number, column: number) => number;

export function compileExpr(expr: Expr, slotOf: SlotOf): Compiled {
  const down = (child: Expr): Compiled => compileExpr(child, slotOf);
  switch (expr.kind) {
    case "const": {
      const value = expr.value;
      return () => value;
    }
    case "param": {
      const slot = expr.param;
      return (env) => env[slot] as Value;
    }
    case "column": {
      const slot = slotOf(expr.source, expr.column);
      return (env) => env[slot] as Value;
    }
    case "call":
      return compileCall(expr.fn.evaluate.bind(expr.fn), expr.args.map(down));
    case "compare":
      return compileCompare(expr, down(expr.left), down(expr.right));
    case "and":
      return compileAnd(expr.args.map(down));
    case "or":
      return compileOr(expr.args.map(down));
    case "not": {
      const arg = down(expr.arg);
      return (env) => {
        const value = arg(env);
        return value === null ? null : !value;
      };
    }
    case "is": {
      const arg = down(expr.arg);
      const { negated } = expr;
      const wanted = expr.test === "null" ? null : expr.test === "true";
      return (env) => (arg(env) === wanted) !== negated;
    }
    case "distinct-from": {
      const left = down(expr.left);
      const right = down(expr.right);
      const { by, negated } = expr;
      return (env) => {
        const a = left(env);
        const b = right(env);
        const same = a === null || b === null ? a === b : equalValues(by, a, b);
        return same === negated;
      };
    }
    case "in":
      return compileIn(expr, down(expr.operand), slotOf);
    case "case": {
      const whens = expr.branches.map((branch) => down(branch.when));
      const thens = expr.branches.map((branch) => down(branch.then));
      const otherwise = down(expr.otherwise);
      return (env) => {
        for (let index = 0; index < whens.length; index += 1) {
          if (whens[index]!(env) === true) return thens[index]!(env);
        }
        return otherwise(env);
      };
    }
    case "coalesce": {
      const args = expr.args.map(down);
      return (env) => {
        for (const arg of args) {
          const value = arg(env);
          if (value !== null) return value;
        }
        return null;
      };
    }
    case "extremum": {
      const args = expr.args.map(down);
      const compare = comparatorOf(expr.type);
      const sign = expr.greatest ? 1 : -1;
      return (env) => {
        let best: Value = null;
        for (const arg of args) {
          const value = arg(env);
          if (value === null) continue;
          if (best === null || compare(value, best) * sign > 0) best = value;
        }
        return best;
      };
    }
  }
}

function compileCall(
  evaluate: (...args: NonNullable<Value>[]) => Value,
  args: readonly Compiled[],
): Compiled {
  const [first, second] = args;
  if (args.length === 1) {
    return (env) => {
      const a = first!(env);
      return a === null ? null : evaluate(a);
    };
  }
  if (args.length === 2) {
    return (env) => {
      // Both always: the second may raise even where the first is NULL.
      const a = first!(env);
      const b = second!(env);
      return a === null || b === null ? null : evaluate(a, b);
    };
  }
  return (env) => {
    const values: NonNullable<Value>[] = [];
    for (const arg of args) {
      const value = arg(env);
      if (value !== null) values.push(value);
    }
    return values.length < args.length ? null : evaluate(...values);
  };
}

/** Kinds whose representation compares with JavaScript's own operators, in order and equality. */
export function comparesNatively(type: SqlType): boolean {
  switch (type.kind) {
    case "bool":
    case "int":
    case "bigint":
    case "date":
    case "time":
    case "timestamp":
    case "timestamptz":
    case "civildate":
    case "civildatetime":
    case "uuid":
    case "bytes":
      return true;
    default:
      return false;
  }
}

/** Kinds whose values are equal when their representations are, though not so ordered. */
function comparesIdentically(type: SqlType): boolean {
  return type.kind === "enum" || (type.kind === "text" && !hasSpellings(type));
}

function compileCompare(expr: CompareExpr, left: Compiled, right: Compiled): Compiled {
  const { by, op } = expr;
  const identity = comparesNatively(by) || comparesIdentically(by);
  if (op === "=" && identity) {
    return (env) => {
      const a = left(env);
      const b = right(env);
      return a === null || b === null ? null : a === b;
    };
  }
  if (op === "<>" && identity) {
    return (env) => {
      const a = left(env);
      const b = right(env);
      return a === null || b === null ? null : a !== b;
    };
  }
  if (op === "=" || op === "<>") {
    const wanted = op === "=";
    if (hasSpellings(by)) {
      const [a, b] = [sortKeyOf(by, left), sortKeyOf(by, right)];
      return (env) => {
        const x = a(env);
        const y = b(env);
        return x === null || y === null ? null : (x === y) === wanted;
      };
    }
    return (env) => {
      const a = left(env);
      const b = right(env);
      return a === null || b === null ? null : equalValues(by, a, b) === wanted;
    };
  }
  const test = orderTest(op);
  if (hasSpellings(by)) {
    const [a, b] = [sortKeyOf(by, left), sortKeyOf(by, right)];
    return (env) => {
      const x = a(env);
      const y = b(env);
      return x === null || y === null ? null : test(x === y ? 0 : x < y ? -1 : 1);
    };
  }
  const compare = comparatorOf(by);
  return (env) => {
    const a = left(env);
    const b = right(env);
    return a === null || b === null ? null : test(compare(a, b));
  };
}

/** The sort key of a side; the last one is remembered, as one side seldom changes. */
function sortKeyOf(by: SqlType, side: Compiled): (env: Env) => string | null {
  const collator = typeCollator(by)!;
  let last: Value = null;
  let key = "";
  return (env) => {
    const value = side(env);
    if (value === null) return null;
    if (value !== last) {
      key = collator.sortKey(value as string);
      last = value;
    }
    return key;
  };
}

function orderTest(op: "<" | "<=" | ">" | ">="): (order: number) => boolean {
  switch (op) {
    case "<":
      return (order) => order < 0;
    case "<=":
      return (order) => order <= 0;
    case ">":
      return (order) => order > 0;
    case ">=":
      return (order) => order >= 0;
  }
}

function compileAnd(args: readonly Compiled[]): Compiled {
  return (env) => {
    let result: boolean | null = true;
    for (const arg of args) {
      const value = arg(env);
      if (value === false) return false;
      if (value === null) result = null;
    }
    return result;
  };
}

function compileOr(args: readonly Compiled[]): Compiled {
  return (env) => {
    let result: boolean | null = false;
    for (const arg of args) {
      const value = arg(env);
      if (value === true) return true;
      if (value === null) result = null;
    }
    return result;
  };
}

function compileIn(expr: InExpr, operand: Compiled, slotOf: SlotOf): Compiled {
  const { negated } = expr;
  const types = [expr.by];
  if ("param" in expr.list) {
    const slot = expr.list.param;
    return (env) => {
      const value = operand(env);
      const list = env[slot] as ListParam | null;
      // `= ANY(NULL)` is unknown; `IN ()` cannot be written, an empty array is false.
      if (list === null) return null;
      if (list.values.length === 0 && !list.hasNull) return negated;
      if (value === null) return null;
      if (list.keys.has(groupKey(types, [value]))) return !negated;
      return list.hasNull ? null : negated;
    };
  }
  const elements = expr.list.map((element) => compileExpr(element, slotOf));
  return (env) => {
    const value = operand(env);
    if (value === null) return elements.length === 0 ? negated : null;
    let unknown = false;
    for (const element of elements) {
      const candidate = element(env);
      if (candidate === null) unknown = true;
      else if (equalValues(expr.by, value, candidate)) return !negated;
    }
    return unknown ? null : negated;
  };
}

/** True only where every condition is true: what WHERE, ON and HAVING keep. */
export function compileFilter(
  conditions: readonly Expr[],
  slotOf: SlotOf,
): ((env: Env) => boolean) | null {
  const compiled = conditions.map((condition) => compileExpr(condition, slotOf));
  const [first, second] = compiled;
  if (compiled.length === 0) return null;
  if (compiled.length === 1) return (env) => first!(env) === true;
  if (compiled.length === 2) return (env) => first!(env) === true && second!(env) === true;
  return (env) => {
    for (const condition of compiled) if (condition(env) !== true) return false;
    return true;
  };
}
