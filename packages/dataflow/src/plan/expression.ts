import type { SqlType, Value } from "@freshet/types";

/**
 * Bound expressions: every name resolved, every node typed, every implicit conversion explicit.
 * A `column` names a source of its block by number; `GROUP_SOURCE` is the row of grouping keys
 * followed by aggregates that exists after GROUP BY.
 */
export type Expr =
  | ConstExpr
  | ParamExpr
  | ColumnExpr
  | CallExpr
  | CompareExpr
  | { readonly kind: "and" | "or"; readonly args: readonly Expr[]; readonly type: SqlType }
  | { readonly kind: "not"; readonly arg: Expr; readonly type: SqlType }
  | {
      readonly kind: "is";
      readonly test: "null" | "true" | "false";
      readonly negated: boolean;
      readonly arg: Expr;
      readonly type: SqlType;
    }
  | {
      readonly kind: "distinct-from";
      readonly negated: boolean;
      readonly left: Expr;
      readonly right: Expr;
      readonly by: SqlType;
      readonly type: SqlType;
    }
  | InExpr
  | {
      readonly kind: "case";
      readonly branches: readonly { readonly when: Expr; readonly then: Expr }[];
      readonly otherwise: Expr;
      readonly type: SqlType;
    }
  | { readonly kind: "coalesce"; readonly args: readonly Expr[]; readonly type: SqlType }
  | {
      readonly kind: "extremum";
      readonly greatest: boolean;
      readonly args: readonly Expr[];
      readonly type: SqlType;
    };

export interface ConstExpr {
  readonly kind: "const";
  readonly value: Value;
  readonly type: SqlType;
}

export interface ParamExpr {
  readonly kind: "param";
  readonly param: number;
  readonly type: SqlType;
}

export interface ColumnExpr {
  readonly kind: "column";
  readonly source: number;
  readonly column: number;
  readonly type: SqlType;
}

export interface CallExpr {
  readonly kind: "call";
  readonly fn: ScalarFunction;
  readonly args: readonly Expr[];
  readonly type: SqlType;
}

export type ComparisonOperator = "=" | "<>" | "<" | "<=" | ">" | ">=";

/** Both sides already have the type `by`, which says how they compare. */
export interface CompareExpr {
  readonly kind: "compare";
  readonly op: ComparisonOperator;
  readonly left: Expr;
  readonly right: Expr;
  readonly by: SqlType;
  readonly type: SqlType;
}

export interface InExpr {
  readonly kind: "in";
  readonly negated: boolean;
  readonly operand: Expr;
  /** Elements, or the list parameter that holds them. */
  readonly list: readonly Expr[] | { readonly param: number };
  readonly by: SqlType;
  readonly type: SqlType;
}

/** A built-in function or operator with exact semantics; strict: NULL in, NULL out. */
export interface ScalarFunction {
  readonly name: string;
  evaluate(...args: readonly NonNullable<Value>[]): Value;
  /** Converts without loss or change of order, so an index on the argument serves the result. */
  readonly widens?: boolean;
  /** Gives its argument back; only what is known of the type differs. Equal means the same. */
  readonly identity?: boolean;
}

/** The source number of the row that exists after grouping. */
export const GROUP_SOURCE = -1;

/** A list parameter's value as expressions see it. */
export interface ListParam {
  readonly values: readonly NonNullable<Value>[];
  readonly hasNull: boolean;
  readonly keys: ReadonlySet<string>;
}

export function children(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "const":
    case "param":
    case "column":
      return [];
    case "call":
    case "and":
    case "or":
    case "coalesce":
    case "extremum":
      return expr.args;
    case "compare":
    case "distinct-from":
      return [expr.left, expr.right];
    case "not":
    case "is":
      return [expr.arg];
    case "in":
      return "param" in expr.list ? [expr.operand] : [expr.operand, ...expr.list];
    case "case":
      return [...expr.branches.flatMap((branch) => [branch.when, branch.then]), expr.otherwise];
  }
}

/** Rebuilds bottom-up: `change` sees each node with its children already rebuilt. */
export function rewrite(expr: Expr, change: (node: Expr) => Expr): Expr {
  const down = (node: Expr): Expr => rewrite(node, change);
  switch (expr.kind) {
    case "const":
    case "param":
    case "column":
      return change(expr);
    case "call":
      return change({ ...expr, args: expr.args.map(down) });
    case "and":
    case "or":
    case "coalesce":
    case "extremum":
      return change({ ...expr, args: expr.args.map(down) });
    case "compare":
    case "distinct-from":
      return change({ ...expr, left: down(expr.left), right: down(expr.right) });
    case "not":
    case "is":
      return change({ ...expr, arg: down(expr.arg) });
    case "in":
      return change({
        ...expr,
        operand: down(expr.operand),
        list: "param" in expr.list ? expr.list : expr.list.map(down),
      });
    case "case":
      return change({
        ...expr,
        branches: expr.branches.map((b) => ({ when: down(b.when), then: down(b.then) })),
        otherwise: down(expr.otherwise),
      });
  }
}

export function walk(expr: Expr, visit: (node: Expr) => void): void {
  visit(expr);
  for (const child of children(expr)) walk(child, visit);
}

export function columnsOf(expr: Expr): readonly ColumnExpr[] {
  const found: ColumnExpr[] = [];
  walk(expr, (node) => {
    if (node.kind === "column") found.push(node);
  });
  return found;
}

export function sourcesOf(expr: Expr): Set<number> {
  return new Set(columnsOf(expr).map((column) => column.source));
}

export function paramsOf(expr: Expr): Set<number> {
  const found = new Set<number>();
  walk(expr, (node) => {
    if (node.kind === "param") found.add(node.param);
    else if (node.kind === "in" && "param" in node.list) found.add(node.list.param);
  });
  return found;
}

/** Structural equality, as GROUP BY matches select items; parameters equal only themselves. */
export function sameExpr(a: Expr, b: Expr): boolean {
  return a === b || fingerprint(a) === fingerprint(b);
}

/** Equal for two expressions exactly when they are the same expression. */
export function fingerprint(expr: Expr): string {
  const type = `${expr.type.upstreamId}/${expr.type.modifier}`;
  const inner = children(expr).map(fingerprint).join(",");
  switch (expr.kind) {
    case "const":
      return `k${type}:${JSON.stringify(expr.value, (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : typeof v === "number" && !Number.isFinite(v) ? String(v) : v))}`;
    case "param":
      return `p${expr.param}`;
    case "column":
      return `c${expr.source}.${expr.column}`;
    case "call":
      return `${expr.fn.name}/${type}(${inner})`;
    case "compare":
      return `(${expr.op}/${expr.by.upstreamId} ${inner})`;
    case "is":
      return `is-${expr.negated}-${expr.test}(${inner})`;
    case "in":
      return `in-${expr.negated}-${"param" in expr.list ? expr.list.param : ""}(${inner})`;
    case "distinct-from":
      return `df-${expr.negated}(${inner})`;
    case "extremum":
      return `ext-${expr.greatest}(${inner})`;
    case "case":
      return `case/${type}(${inner})`;
    case "and":
    case "or":
    case "not":
    case "coalesce":
      return `${expr.kind}(${inner})`;
  }
}

/** Conjuncts of a condition, nested ANDs opened. */
export function conjunctsOf(expr: Expr): readonly Expr[] {
  return expr.kind === "and" ? expr.args.flatMap(conjunctsOf) : [expr];
}
