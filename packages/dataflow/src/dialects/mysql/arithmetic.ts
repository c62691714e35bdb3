import { Unsupported } from "@freshet/sql";
import {
  addDecimals,
  moduloDecimals,
  multiplyDecimals,
  negateDecimal,
  subtractDecimals,
} from "@freshet/types";
import type { Decimal, SqlType, Value } from "@freshet/types";
import { Poisoned } from "../../contract.ts";
import type { Expr, ScalarFunction } from "../../plan/expression.ts";
import { convert } from "../convert.ts";
import type { Operand } from "../dialect.ts";
import { coerce, valueOf } from "./coercion.ts";
import {
  checkDigits,
  exactType,
  inRange,
  isFloat,
  isInteger,
  isNumber,
  precisionOf,
  scaleOf,
  widerInteger,
} from "./number-types.ts";
import {
  divide,
  DIVISION_DIGITS,
  isMixed,
  isQuotient,
  mixedType,
  quotientType,
} from "./quotients.ts";
import { BIGINT, decimalType, DOUBLE, MYSQL_TYPE, UNSIGNED_BIGINT } from "./types.data.ts";

export type Arithmetic = "+" | "-" | "*" | "/" | "%" | "div";

/** A number that may be computed with; texts would be taken as doubles. */
function numeric(operand: Operand, operator: string): Expr {
  if (operand.kind === "untyped") {
    throw new Unsupported(
      `${operator} with ${operand.form === "placeholder" ? "a parameter" : "a string"}`,
    );
  }
  const value = valueOf(operand);
  const { type } = value;
  const special = type.upstreamId === MYSQL_TYPE.bit || type.upstreamId === MYSQL_TYPE.year;
  if (!isNumber(type) || special) throw new Unsupported(`operator ${operator} on ${type.name}`);
  if (isQuotient(type)) throw new Unsupported(`operator ${operator} on a quotient`);
  return value;
}

export function calculate(operator: Arithmetic, left: Operand, right: Operand): Expr {
  const a = numeric(left, operator);
  const b = numeric(right, operator);
  if (isFloat(a.type) || isFloat(b.type)) return doubles(operator, a, b);
  if (operator === "/") return quotient(a, b);
  if (operator === "div") return integerQuotient(a, b);
  if (isInteger(a.type) && isInteger(b.type)) return integers(operator, a, b);
  return decimals(operator, a, b);
}

function check(type: SqlType, value: bigint): bigint {
  if (!inRange(type, value)) throw new Poisoned(`${type.name} out of range`);
  return value;
}

/** NULL, with a warning under ERROR_FOR_DIVISION_BY_ZERO: as many as the plan meets. */
function dividedByZero(): never {
  throw new Poisoned("a division by zero, of which the upstream warns");
}

function integers(operator: "+" | "-" | "*" | "%", a: Expr, b: Expr): Expr {
  // The sign of a remainder is the dividend's, and so is its type's.
  const type =
    operator !== "%"
      ? widerInteger(a.type, b.type)
      : a.type.unsigned === true
        ? UNSIGNED_BIGINT
        : BIGINT;
  const fn: ScalarFunction = { name: operator, evaluate: INTEGER[operator](type) };
  return {
    kind: "call",
    fn,
    args: [coerce(a, BIGINT, operator), coerce(b, BIGINT, operator)],
    type,
  };
}

type Evaluate = (a: NonNullable<Value>, b: NonNullable<Value>) => Value;

const INTEGER: Record<"+" | "-" | "*" | "%", (type: SqlType) => Evaluate> = {
  "+": (type) => (a, b) => check(type, (a as bigint) + (b as bigint)),
  "*": (type) => (a, b) => check(type, (a as bigint) * (b as bigint)),
  "-": (type) => (a, b) => {
    const value = (a as bigint) - (b as bigint);
    // With NO_UNSIGNED_SUBTRACTION the type is signed: beyond both ranges nothing is sure.
    if (type.unsigned === true) check(BIGINT, value);
    return check(type, value);
  },
  "%": (type) => (a, b) => {
    if (b === 0n) return dividedByZero();
    return check(type, (a as bigint) % (b as bigint));
  },
};

function decimals(operator: "+" | "-" | "*" | "%", a: Expr, b: Expr): Expr {
  const scales = [scaleOf(a.type), scaleOf(b.type)] as const;
  const whole = [precisionOf(a.type) - scales[0], precisionOf(b.type) - scales[1]] as const;
  const scale = operator === "*" ? scales[0] + scales[1] : Math.max(...scales);
  const digits = operator === "*" ? whole[0] + whole[1] : Math.max(...whole) + 1;
  const plain = exactType(digits, scale);
  const type = isMixed(a.type) || isMixed(b.type) ? mixedType(plain) : plain;
  const operation = DECIMAL[operator];
  const fn: ScalarFunction = {
    name: operator,
    evaluate: (x, y) => checkDigits(operation(x as Decimal, y as Decimal)),
  };
  return { kind: "call", fn, args: [exact(a), exact(b)], type };
}

const DECIMAL: Record<"+" | "-" | "*" | "%", (a: Decimal, b: Decimal) => Decimal> = {
  "+": addDecimals,
  "-": subtractDecimals,
  "*": multiplyDecimals,
  "%": (a, b) => (b.unscaled === 0n ? dividedByZero() : moduloDecimals(a, b)),
};

/** The operand as a decimal. */
function exact(expr: Expr): Expr {
  return coerce(expr, decimalType(precisionOf(expr.type), scaleOf(expr.type)), "arithmetic");
}

function quotient(a: Expr, b: Expr): Expr {
  const scale = scaleOf(a.type);
  if (isMixed(a.type) || isMixed(b.type)) throw new Unsupported("a division of several scales");
  const digits = precisionOf(a.type) - scale + scaleOf(b.type);
  const type = quotientType(exactType(digits, scale + DIVISION_DIGITS));
  const fn: ScalarFunction = {
    name: "/",
    evaluate: (x, y) => {
      const value = divide(x as Decimal, y as Decimal);
      return value === null ? dividedByZero() : checkDigits(value);
    },
  };
  return { kind: "call", fn, args: [exact(a), exact(b)], type };
}

function integerQuotient(a: Expr, b: Expr): Expr {
  const type = widerInteger(a.type, b.type);
  const fn: ScalarFunction = {
    name: "div",
    evaluate: (x, y) => {
      const value = divide(x as Decimal, y as Decimal);
      if (value === null) return dividedByZero();
      return check(type, value.unscaled / 10n ** BigInt(value.scale));
    },
  };
  return { kind: "call", fn, args: [exact(a), exact(b)], type };
}

/** A column of floating point without a fixed number of digits, whose results print in full. */
function isFree(expr: Expr): boolean {
  return isFloat(expr.type) && expr.type.modifier === -1 && expr.kind !== "const";
}

function doubles(operator: Arithmetic, a: Expr, b: Expr): Expr {
  if (!isFree(a) && !isFree(b)) throw new Unsupported(`${operator} on numbers like 1e0`);
  if ([a, b].some((side) => isFloat(side.type) && !isFree(side))) {
    throw new Unsupported(`operator ${operator} on ${a.type.name} and ${b.type.name}`);
  }
  if (operator === "%" || operator === "div") throw new Unsupported(`${operator} on double`);
  const operation = FLOAT[operator];
  const fn: ScalarFunction = {
    name: operator,
    evaluate: (x, y) => {
      if (operator === "/" && y === 0) return dividedByZero();
      const value = operation(x as number, y as number);
      if (!Number.isFinite(value)) throw new Poisoned("DOUBLE out of range");
      return checkZero(value);
    },
  };
  const args = [coerce(a, DOUBLE, operator), coerce(b, DOUBLE, operator)];
  return { kind: "call", fn, args, type: DOUBLE };
}

const FLOAT: Record<"+" | "-" | "*" | "/", (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};

export function unary(operator: "-" | "+", operand: Operand): Expr {
  const value = numeric(operand, `unary ${operator}`);
  if (operator === "+") return value;
  const { type } = value;
  if (type.kind === "decimal") {
    return convert(value, type, { name: "-", evaluate: (v) => negateDecimal(v as Decimal) });
  }
  if (isInteger(type)) {
    const evaluate = (v: unknown): bigint => check(BIGINT, -BigInt(v as number | bigint));
    return convert(value, BIGINT, { name: "-", evaluate });
  }
  if (!isFree(value)) throw new Unsupported(`unary - on ${type.name}`);
  return convert(value, type, { name: "-", evaluate: (v) => checkZero(-(v as number)) });
}

/** MariaDB sometimes gives 0 where MySQL gives -0. */
function checkZero(value: number): number {
  if (Object.is(value, -0)) throw new Poisoned("a result of -0");
  return value;
}
