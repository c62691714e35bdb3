import { isHashable, isOrderable, negateDecimal } from "@freshet/types";
import type { Decimal, SqlType } from "@freshet/types";
import { Unsupported } from "@freshet/sql";
import type {
  CompareExpr,
  ComparisonOperator,
  Expr,
  ScalarFunction,
} from "../../plan/expression.ts";
import { Poisoned } from "../../contract.ts";
import { convert } from "../convert.ts";
import type { Operand } from "../dialect.ts";
import { arithmetic } from "./arithmetic.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { baseType, coerce, implicitCast, isTextual } from "./coercion.ts";
import { integerOf, isInteger, isNumber, widerNumber } from "./numeric-tower.ts";
import { likeMatches } from "./strings.ts";
import { BOOL, DATE, DEFAULT_COLLATION, INT4, OID, TEXT, TIMESTAMP } from "./types.data.ts";

const COMPARISONS = new Set(["=", "<>", "!=", "<", "<=", ">", ">="]);

export function binary(operator: string, left: Operand, right: Operand): Expr {
  if (COMPARISONS.has(operator)) {
    return compare(operator === "!=" ? "<>" : (operator as ComparisonOperator), left, right);
  }
  switch (operator.toLowerCase()) {
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      return calculate(operator as Arithmetic, left, right);
    case "||":
      return concatenate(left, right);
    case "like":
    case "~~":
      return like(left, right);
    case "not like":
    case "!~~":
      return { kind: "not", arg: like(left, right), type: BOOL };
    default:
      throw new Unsupported(`operator ${operator}`);
  }
}

/**
 * A comparison in the type the upstream compares in. Beside a column, an integer literal takes
 * the column's type, which compares the same for every value in range.
 */
export function compare(op: ComparisonOperator, left: Operand, right: Operand): CompareExpr {
  const by = comparisonType(op, left, right);
  const reason = op === "=" || op === "<>" ? isHashable(by) : isOrderable(by);
  if (reason !== null) throw new Unsupported(`${op}: ${reason}`);
  const what = `operator ${op}`;
  return {
    kind: "compare",
    op,
    left: coerce(left, by, what),
    right: coerce(right, by, what),
    by,
    type: BOOL,
  };
}

export function comparisonType(what: string, left: Operand, right: Operand): SqlType {
  if (left.kind === "untyped") {
    if (right.kind === "untyped") throw new Unsupported(`${what} on two untyped operands`);
    return baseType(right.type);
  }
  if (right.kind === "untyped") return baseType(left.type);
  const a = left.type;
  const b = right.type;
  if (isInteger(a) && isInteger(b)) {
    if (right.kind === "const" && left.kind !== "const" && fits(right, a)) return a;
    if (left.kind === "const" && right.kind !== "const" && fits(left, b)) return b;
  }
  if (isNumber(a) && isNumber(b)) return widerNumber(a, b);
  if (isTextual(a) || isTextual(b)) {
    const collation = commonCollation(left, right);
    if (implicitCast(a, TEXT) !== undefined && implicitCast(b, TEXT) !== undefined) {
      return { ...TEXT, collation };
    }
  }
  if (a.kind === "bpchar" && b.kind === "bpchar") {
    return { ...baseType(a), collation: commonCollation(left, right) };
  }
  if (a.upstreamId === b.upstreamId) return baseType(a);
  if (isDateOrTimestamp(a) && isDateOrTimestamp(b)) return TIMESTAMP;
  throw new Unsupported(`${what} between ${a.name} and ${b.name}`);
}

function fits(expr: Expr & { kind: "const" }, type: SqlType): boolean {
  if (expr.value === null) return true;
  try {
    integerOf(type, BigInt(expr.value as number | bigint));
    return true;
  } catch {
    return false;
  }
}

function isDateOrTimestamp(type: SqlType): boolean {
  return type.upstreamId === OID.date || type.upstreamId === OID.timestamp;
}

/** The collation two operands share; constants give way; a conflict can only test equality. */
export function commonCollation(left: Operand, right: Operand): typeof DEFAULT_COLLATION {
  const a = left.kind === "untyped" || left.kind === "const" ? undefined : left.type.collation;
  const b = right.kind === "untyped" || right.kind === "const" ? undefined : right.type.collation;
  if (a === undefined || b === undefined) return a ?? b ?? DEFAULT_COLLATION;
  if (a.name === b.name) return a;
  const equality = a.equality === "bytes" && b.equality === "bytes" ? "bytes" : "none";
  return { name: `${a.name} with ${b.name}`, equality, order: "none" };
}

function calculate(operator: Arithmetic, left: Operand, right: Operand): Expr {
  const a = left.kind === "untyped" ? null : left.type;
  const b = right.kind === "untyped" ? null : right.type;
  const known = a ?? b;
  if (known === null) throw new Unsupported(`${operator} on two untyped operands`);
  if (isNumber(a ?? known) && isNumber(b ?? known)) {
    guardPlaceholder(left, known);
    guardPlaceholder(right, known);
    const type = widerNumber(a ?? known, b ?? known);
    const fn = arithmetic(operator, type);
    if (fn === null) throw new Unsupported(`operator ${operator} on ${type.name}`);
    const what = `operator ${operator}`;
    const args = [coerce(left, type, what), coerce(right, type, what)];
    return { kind: "call", fn, args, type };
  }
  return dateArithmetic(operator, left, right);
}

/** A literal of another integer type in a placeholder's place would change the result's type. */
function guardPlaceholder(operand: Operand, type: SqlType): void {
  if (operand.kind !== "untyped" || operand.form !== "placeholder") return;
  if (type.upstreamId === OID.int2 || type.upstreamId === OID.float4) {
    throw new Unsupported(`a parameter in arithmetic with ${type.name}`);
  }
}

function dateArithmetic(operator: Arithmetic, left: Operand, right: Operand): Expr {
  if (left.kind !== "untyped" && right.kind !== "untyped" && left.type.kind === "date") {
    if (operator === "-" && right.type.kind === "date") {
      const fn: ScalarFunction = { name: "date-date", evaluate: subtractDates };
      return { kind: "call", fn, args: [left, right], type: INT4 };
    }
    const integer = right.type.upstreamId === OID.int4 || right.type.upstreamId === OID.int2;
    if ((operator === "+" || operator === "-") && integer) {
      const sign = operator === "+" ? 1 : -1;
      const fn: ScalarFunction = {
        name: `date${operator}`,
        evaluate: (day, count) => checkDate((day as number) + sign * (count as number)),
      };
      return { kind: "call", fn, args: [left, right], type: DATE };
    }
  }
  const name = (operand: Operand): string =>
    operand.kind === "untyped" ? "an untyped operand" : operand.type.name;
  throw new Unsupported(`operator ${operator} between ${name(left)} and ${name(right)}`);
}

function subtractDates(a: unknown, b: unknown): number {
  const days = (a as number) - (b as number);
  if (!Number.isFinite(days)) throw new Poisoned("cannot subtract infinite dates");
  return days;
}

/** Days from 2000-01-01 that the type can hold: 4714-11-24 BC up to 5874897-12-31. */
function checkDate(days: number): number {
  if (Number.isFinite(days) && (days < -2451545 || days >= 2145031949)) {
    throw new Poisoned("date out of range");
  }
  return days;
}

function concatenate(left: Operand, right: Operand): Expr {
  const side = (operand: Operand): Expr => {
    if (operand.kind === "untyped") return operand.resolve(TEXT);
    const { type } = operand;
    if (implicitCast(type, TEXT) !== undefined) return coerce(operand, TEXT, "operator ||");
    if (isInteger(type)) {
      return convert(operand, TEXT, { name: `${type.name}->text`, evaluate: (v) => String(v) });
    }
    throw new Unsupported(`operator || on ${type.name}`);
  };
  const textual = [left, right].some(
    (operand) => operand.kind !== "untyped" && implicitCast(operand.type, TEXT) !== undefined,
  );
  if (!textual) throw new Unsupported("operator || without an operand of type text");
  const args = [side(left), side(right)];
  const fn: ScalarFunction = { name: "||", evaluate: (a, b) => (a as string) + (b as string) };
  const type = { ...TEXT, collation: commonCollation(left, right) };
  return { kind: "call", fn, args, type };
}

const LIKE: ScalarFunction = {
  name: "like",
  evaluate: (text, pattern) => likeMatches(text as string, pattern as string),
};

function like(left: Operand, right: Operand): Expr {
  if (left.kind === "untyped" || !isTextual(left.type)) {
    throw new Unsupported(`LIKE on ${left.kind === "untyped" ? "a literal" : left.type.name}`);
  }
  const type = { ...TEXT, collation: commonCollation(left, right) };
  const reason = isHashable(type);
  if (reason !== null) throw new Unsupported(`LIKE: ${reason}`);
  const args = [coerce(left, type, "LIKE"), coerce(right, type, "LIKE")];
  return { kind: "call", fn: LIKE, args, type: BOOL };
}

export function unary(operator: "-" | "+", operand: Operand): Expr {
  if (operand.kind === "untyped" || !isNumber(operand.type)) {
    throw new Unsupported(
      `unary ${operator} on ${operand.kind === "untyped" ? "a literal" : operand.type.name}`,
    );
  }
  if (operator === "+") return operand;
  const { type } = operand;
  const base = baseType(type);
  const name = `-${type.name}`;
  if (type.kind === "decimal") {
    return convert(operand, base, { name, evaluate: (v) => negateDecimal(v as Decimal) });
  }
  if (isInteger(type)) {
    const evaluate = (v: unknown): number | bigint =>
      integerOf(base, -BigInt(v as number | bigint));
    return convert(operand, base, { name, evaluate });
  }
  return convert(operand, base, { name, evaluate: (v) => -(v as number) });
}
