import { Unsupported } from "@freshet/sql";
import { isHashable, isOrderable } from "@freshet/types";
import type { Decimal, SqlType } from "@freshet/types";
import type {
  CompareExpr,
  ComparisonOperator,
  Expr,
  ScalarFunction,
} from "../../plan/expression.ts";
import type { Operand } from "../dialect.ts";
import { calculate } from "./arithmetic.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { baseType, coerce, constantAs, valueOperand } from "./coercion.ts";
import { commonCollation } from "./collations.ts";
import { concatenate } from "./functions.ts";
import {
  inRange,
  isFloat,
  isInteger,
  isNumber,
  precisionOf,
  scaleOf,
  widerInteger,
} from "./number-types.ts";
import { isQuotient, settled } from "./quotients.ts";
import { likeUnder } from "./strings.ts";
import { truth } from "./truth.ts";
import {
  CONDITION,
  datetimeType,
  decimalType,
  DOUBLE,
  INT,
  MYSQL_TYPE,
  TEXT,
  UNSIGNED_BIGINT,
  YEAR,
} from "./types.data.ts";

const COMPARISONS = new Set(["=", "<>", "!=", "<", "<=", ">", ">="]);

export function binary(operator: string, left: Operand, right: Operand): Expr {
  if (COMPARISONS.has(operator)) {
    return compare(operator === "!=" ? "<>" : (operator as ComparisonOperator), left, right);
  }
  const word = operator.toLowerCase();
  switch (word) {
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "div":
      return calculate(word as Arithmetic, left, right);
    case "mod":
      return calculate("%", left, right);
    case "||":
      return concatenate([left, right], "||");
    case "like":
      return like(left, right);
    case "not like":
      return { kind: "not", arg: like(left, right), type: CONDITION };
    case "xor": {
      const args = [truth(left, "XOR"), truth(right, "XOR")];
      return { kind: "call", fn: XOR, args, type: CONDITION };
    }
    case "<=>": {
      const { left: a, right: b, by } = compare("=", left, right);
      return { kind: "distinct-from", negated: true, left: a, right: b, by, type: CONDITION };
    }
    default:
      throw new Unsupported(`operator ${operator}`);
  }
}

const XOR: ScalarFunction = { name: "xor", evaluate: (a, b) => a !== b };

/**
 * A comparison in the type the upstream compares in. Beside a column, an integer takes the
 * column's type, which compares the same for every value in range.
 */
export function compare(op: ComparisonOperator, first: Operand, second: Operand): CompareExpr {
  const left = valueOperand(first);
  const right = valueOperand(second);
  const by = comparisonType(op, left, right);
  const equality = op === "=" || op === "<>";
  const reason = equality ? isHashable(by) : isOrderable(by);
  if (reason !== null) throw new Unsupported(`${op}: ${reason}`);
  if (by.kind === "enum" && !equality) throw new Unsupported(`${op} of ENUM, which compares texts`);
  const what = `operator ${op}`;
  const made = { kind: "compare", op, by, type: CONDITION } as const;
  const a = side(left, by, what);
  const b = side(right, by, what);
  return { ...made, left: settle(a, b), right: settle(b, a) };
}

function side(operand: Operand, by: SqlType, what: string): Expr {
  if (operand.kind === "const" && isInteger(by) && isInteger(operand.type)) {
    return constantAs(operand, by);
  }
  return coerce(operand, by, what);
}

/** A quotient compares with the other side only where its rounding does not decide. */
function settle(expr: Expr, other: Expr): Expr {
  if (!isQuotient(expr.type)) return expr;
  const { type } = expr;
  if (other.type.kind !== "decimal" || isQuotient(other.type)) {
    throw new Unsupported(`a quotient compared with ${other.type.name}`);
  }
  const fn: ScalarFunction = {
    name: "settled",
    evaluate: (a, b) => settled(a as Decimal, type, b as Decimal),
  };
  return { kind: "call", fn, args: [expr, other], type };
}

function comparisonType(op: string, left: Operand, right: Operand): SqlType {
  if (left.kind === "untyped") {
    if (right.kind === "untyped") throw new Unsupported(`${op} on two literals`);
    return beside(right.type, left);
  }
  if (right.kind === "untyped") return beside(left.type, right);
  const a = left.type;
  const b = right.type;
  if (isNumber(a) && isNumber(b)) return numberComparison(op, left, right);
  if (a.kind !== b.kind) {
    const dates = ["civildate", "civildatetime"];
    if (dates.includes(a.kind) && dates.includes(b.kind)) {
      return datetimeType(Math.max(a.kind === "civildate" ? 0 : a.modifier, b.modifier, 0));
    }
    throw new Unsupported(`${op} between ${a.name} and ${b.name}`);
  }
  switch (a.kind) {
    case "text":
      return { ...TEXT, collation: commonCollation([left, right], op) };
    case "bytes":
    case "civildate":
    case "timestamptz":
      return baseType(a);
    case "civildatetime":
    case "time":
      return { ...baseType(a), modifier: Math.max(a.modifier, b.modifier) };
    default:
      throw new Unsupported(`${op} between ${a.name} and ${b.name}`);
  }
}

/** The type a literal or parameter is read as beside a value of this type. */
function beside(type: SqlType, operand: Operand): SqlType {
  // A text would be stored in a BIT, a number is compared with its own.
  if (type.upstreamId === MYSQL_TYPE.bit && operand.kind === "const") return UNSIGNED_BIGINT;
  if (type.kind === "timestamptz" && operand.kind === "untyped" && operand.form !== "null") {
    throw new Unsupported("TIMESTAMP compared with a literal: it depends on the time zone");
  }
  return isQuotient(type) ? decimalType(type.modifier >> 8, scaleOf(type)) : baseType(type);
}

function numberComparison(op: string, left: Expr, right: Expr): SqlType {
  const a = left.type;
  const b = right.type;
  if (isFloat(a) || isFloat(b)) return DOUBLE;
  if (isInteger(a) && isInteger(b)) {
    const years = [a, b].filter((type) => type.upstreamId === MYSQL_TYPE.year).length;
    if (years > 0) return years === 2 ? YEAR : yearComparison(op, left, right);
    if (right.kind === "const" && left.kind !== "const" && fits(right, a)) return beside(a, right);
    if (left.kind === "const" && right.kind !== "const" && fits(left, b)) return beside(b, left);
    return a.kind === "int" && b.kind === "int" ? INT : widerInteger(a, b);
  }
  const scale = Math.max(scaleOf(a), scaleOf(b));
  const whole = Math.max(precisionOf(a) - scaleOf(a), precisionOf(b) - scaleOf(b));
  return decimalType(Math.min(whole + scale, 65), scale);
}

/** Numbers below 100 beside a YEAR may be taken as years of this or the last century. */
function yearComparison(op: string, left: Expr, right: Expr): SqlType {
  const other = left.type.upstreamId === MYSQL_TYPE.year ? right : left;
  if (other.kind !== "const" || (other.value !== null && !isYear(Number(other.value)))) {
    throw new Unsupported(`${op} of YEAR with anything but a year of four digits`);
  }
  return YEAR;
}

/** Of four digits, and in the range of the type. */
function isYear(value: number): boolean {
  return value >= 1901 && value <= 2155;
}

function fits(expr: Expr & { kind: "const" }, type: SqlType): boolean {
  return expr.value === null || inRange(type, BigInt(expr.value as number | bigint));
}

function like(left: Operand, right: Operand): Expr {
  if (left.kind === "untyped" || left.type.kind !== "text") {
    throw new Unsupported(`LIKE on ${left.kind === "untyped" ? "a literal" : left.type.name}`);
  }
  const collation = commonCollation([left, right], "LIKE");
  const type = { ...TEXT, collation };
  const reason = isHashable(type);
  if (reason !== null) throw new Unsupported(`LIKE: ${reason}`);
  const matches = likeUnder(collation);
  const fn: ScalarFunction = {
    name: `like/${collation.name}`,
    evaluate: (text, pattern) => matches(text as string, pattern as string),
  };
  const args = [coerce(left, type, "LIKE"), coerce(right, type, "LIKE")];
  const [, pattern] = args;
  if (pattern?.kind === "const" && String(pattern.value).includes("\\")) {
    throw new Unsupported("LIKE with a backslash, whose meaning depends on the mode");
  }
  return { kind: "call", fn, args, type: CONDITION };
}
