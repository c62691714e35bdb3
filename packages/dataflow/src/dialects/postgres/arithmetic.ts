import {
  addDecimals,
  DecimalError,
  divideDecimals,
  moduloDecimals,
  multiplyDecimals,
  subtractDecimals,
} from "@freshet/types";
import type { Decimal, SqlType, Value } from "@freshet/types";
import { Poisoned } from "../../contract.ts";
import type { ScalarFunction } from "../../plan/expression.ts";
import { isInteger } from "./numeric-tower.ts";
import { OID } from "./types.data.ts";

export type Arithmetic = "+" | "-" | "*" | "/" | "%";

/** Runs a decimal operation; what the upstream would raise poisons the entry. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof DecimalError) throw new Poisoned(cause.message, { cause });
    throw cause;
  }
}

/** Arithmetic on two values of one number type; null when there is no such operator. */
export function arithmetic(operator: Arithmetic, type: SqlType): ScalarFunction | null {
  const name = `${type.name}${operator}`;
  if (isInteger(type)) {
    return type.kind === "int"
      ? { name, evaluate: smallInteger(operator, type) }
      : { name, evaluate: bigInteger(operator) };
  }
  if (type.kind === "decimal") {
    const operation = DECIMAL[operator];
    return { name, evaluate: (a, b) => guarded(() => operation(a as Decimal, b as Decimal)) };
  }
  if (operator === "%") return null;
  return { name, evaluate: floating(operator, type.kind === "float4") };
}

const DECIMAL: Record<Arithmetic, (a: Decimal, b: Decimal) => Decimal> = {
  "+": addDecimals,
  "-": subtractDecimals,
  "*": multiplyDecimals,
  "/": divideDecimals,
  "%": moduloDecimals,
};

type Evaluate = (a: NonNullable<Value>, b: NonNullable<Value>) => Value;

function smallInteger(operator: Arithmetic, type: SqlType): Evaluate {
  const limit = type.upstreamId === OID.int2 ? 32768 : 2147483648;
  const check = (value: number): number => {
    if (value >= limit || value < -limit) throw new Poisoned(`${type.name} out of range`);
    return value === 0 ? 0 : value;
  };
  switch (operator) {
    case "+":
      return (a, b) => check((a as number) + (b as number));
    case "-":
      return (a, b) => check((a as number) - (b as number));
    case "*":
      // Below 2^62, so rounding in a double cannot bring it back into range.
      return (a, b) => check((a as number) * (b as number));
    case "/":
      return (a, b) => {
        if (b === 0) throw new Poisoned("division by zero");
        return check(Math.trunc((a as number) / (b as number)));
      };
    case "%":
      return (a, b) => {
        if (b === 0) throw new Poisoned("division by zero");
        return check((a as number) % (b as number));
      };
  }
}

function bigInteger(operator: Arithmetic): Evaluate {
  const check = (value: bigint): bigint => {
    if (BigInt.asIntN(64, value) !== value) throw new Poisoned("bigint out of range");
    return value;
  };
  switch (operator) {
    case "+":
      return (a, b) => check((a as bigint) + (b as bigint));
    case "-":
      return (a, b) => check((a as bigint) - (b as bigint));
    case "*":
      return (a, b) => check((a as bigint) * (b as bigint));
    case "/":
      return (a, b) => {
        if (b === 0n) throw new Poisoned("division by zero");
        return check((a as bigint) / (b as bigint));
      };
    case "%":
      return (a, b) => {
        if (b === 0n) throw new Poisoned("division by zero");
        return (a as bigint) % (b as bigint);
      };
  }
}

/** IEEE operations are exact in both precisions; what leaves the range is an upstream error. */
function floating(operator: Exclude<Arithmetic, "%">, single: boolean): Evaluate {
  const operation = FLOAT[operator];
  return (left, right) => {
    const a = left as number;
    const b = right as number;
    if (operator === "/" && b === 0 && !Number.isNaN(a)) throw new Poisoned("division by zero");
    const exact = operation(a, b);
    const value = single ? Math.fround(exact) : exact;
    if (!Number.isFinite(value) && Number.isFinite(a) && Number.isFinite(b)) {
      throw new Poisoned("value out of range: overflow");
    }
    const multiplies = operator === "*" || operator === "/";
    if (value === 0 && multiplies && a !== 0 && b !== 0 && Number.isFinite(b)) {
      throw new Poisoned("value out of range: underflow");
    }
    return value;
  };
}

const FLOAT: Record<Exclude<Arithmetic, "%">, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};
