import type { SqlType, Value } from "@freshet/types";
import type { Aggregate } from "../plan/block.ts";
import type { CompareExpr, ComparisonOperator, Expr } from "../plan/expression.ts";

/**
 * An operand as the dialect sees it: an expression, or something whose type follows from its
 * surroundings (a string literal, NULL, a placeholder).
 */
export type Operand = Expr | Untyped;

export interface Untyped {
  readonly kind: "untyped";
  /** What it is, for messages and for rules that differ. */
  readonly form: "string" | "null" | "placeholder";
  /** Fixes its type; reads the literal by that type's input rules. Throws Unsupported. */
  resolve(type: SqlType): Expr;
}

export interface AggregateCall {
  readonly name: readonly string[];
  readonly args: readonly Operand[];
  readonly star: boolean;
  readonly distinct: boolean;
  readonly filter: Expr | null;
}

/**
 * Everything the engine must know about one upstream's SQL: how operators and functions resolve,
 * what types results have, how literals are read. All methods throw `Unsupported` with a reason
 * for what is not known to be computed exactly as the upstream does.
 */
export interface DialectSemantics {
  readonly name: string;
  readonly booleanType: SqlType;
  /** The type LIMIT and OFFSET are computed in. */
  readonly limitType: SqlType;
  /** The type of an untyped output column. */
  readonly textType: SqlType;
  /** Typed literals of the grammar (numbers). */
  number(text: string): { readonly value: Value; readonly type: SqlType };
  /** Reads a literal's text as the upstream's input function of the type does. */
  parseLiteral(type: SqlType, text: string): Value;
  binary(operator: string, left: Operand, right: Operand): Expr;
  unary(operator: "-" | "+", operand: Operand): Expr;
  compare(op: ComparisonOperator, left: Operand, right: Operand): CompareExpr;
  call(name: readonly string[], args: readonly Operand[]): Expr;
  /** Whether a call names an aggregate. */
  isAggregate(name: readonly string[]): boolean;
  aggregate(call: AggregateCall): Aggregate;
  cast(operand: Operand, type: SqlType): Expr;
  /** The operand under an explicit collation. */
  collate(operand: Operand, collation: readonly string[]): Expr;
  /** One type for the branches of CASE, COALESCE and the like. */
  unify(operands: readonly Operand[], what: string): readonly Expr[];
  /** Coerces an operand to boolean where the grammar wants a condition. */
  condition(operand: Operand, what: string): Expr;
  /** The default place of NULLs for a direction. */
  nullsFirst(descending: boolean): boolean;
  /** The name of an output column without alias, by the kind of its expression. */
  functionColumnName(name: readonly string[]): string;
}
