import type { Expression } from "@freshet/sql";
import type { SqlType, Value } from "@freshet/types";
import type { ParamSpec } from "../contract.ts";
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

/** Where the dialects' rules for names and queries differ. */
export interface DialectRules {
  /** HAVING sees the aliases of the select list. */
  readonly aliasesInHaving: boolean;
  /** USING columns come in the order of the left table, which is the side that is kept. */
  readonly usingInTableOrder: boolean;
  /** `= NULL` has one meaning under every setting. */
  readonly equalsNull: boolean;
  /** Which of several equal spellings a group shows is open: such a group is poisoned. */
  readonly onlyOneForm: boolean;
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
  readonly rules: DialectRules;
  /** Typed literals of the grammar (numbers). */
  number(text: string): { readonly value: Value; readonly type: SqlType };
  /** Reads a literal's text as the upstream's input function of the type does. */
  parseLiteral(type: SqlType, text: string): Value;
  binary(operator: string, left: Operand, right: Operand): Expr;
  unary(operator: "-" | "+", operand: Operand): Expr;
  compare(op: ComparisonOperator, left: Operand, right: Operand): CompareExpr;
  call(name: readonly string[], args: readonly Operand[]): Expr;
  /** Functions that are not strict (COALESCE, NULLIF, …); null when the name is none of them. */
  conditional(name: readonly string[], args: readonly Operand[]): Expr | null;
  /** Whether a call names an aggregate. */
  isAggregate(name: readonly string[]): boolean;
  aggregate(call: AggregateCall): Aggregate;
  /** A type that only casts name, or null for the catalogue's. */
  castType(path: readonly string[], modifiers: readonly number[]): SqlType | null;
  cast(operand: Operand, type: SqlType): Expr;
  /** The operand under an explicit collation. */
  collate(operand: Operand, collation: readonly string[]): Expr;
  /** One type for the branches of CASE, COALESCE and the like. */
  unify(operands: readonly Operand[], what: string): readonly Expr[];
  /** Coerces an operand to boolean where the grammar wants a condition. */
  condition(operand: Operand, what: string): Expr;
  /** An operand as a value: a result column of any SELECT, a grouping key. */
  value(operand: Operand): Expr;
  /** A value as the outermost SELECT sends it. */
  output(expr: Expr): Expr;
  /** A value that is grouped, made distinct, or put into a derived table. */
  stored(expr: Expr): Expr;
  /** What IS NULL looks at. */
  tested(operand: Operand): Expr;
  /** Throws Unsupported where values of the type cannot be grouped, though they can be hashed. */
  grouped(type: SqlType): void;
  /** Throws Unsupported where ORDER BY may not sort as comparing the values does. */
  sorted(type: SqlType): void;
  /** Throws Unsupported where values of the type cannot be parameters. */
  parameter(type: SqlType): void;
  /** Throws Poisoned for a parameter that the upstream would not take by its type alone. */
  acceptParameter(type: SqlType, value: NonNullable<Value>, role: ParamSpec["role"]): void;
  /** The default place of NULLs for a direction. */
  nullsFirst(descending: boolean): boolean;
  /** The name of an output column without alias. */
  columnName(node: Expression): string;
  /** Column names and aliases are the same if these are. */
  fold(name: string): string;
}
