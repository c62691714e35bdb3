import { decimalOf, parseDecimal, printDecimal, roundDecimal } from "@freshet/types";
import type { Decimal, SqlType, Value } from "@freshet/types";
import { Poisoned } from "../../contract.ts";
import type { ScalarFunction } from "../../plan/expression.ts";
import { FLOAT4, FLOAT8, INT2, INT4, INT8, NUMERIC, OID } from "./types.data.ts";

/** The number types in the order implicit casts go. */
const TOWER: readonly number[] = [
  OID.int2,
  OID.int4,
  OID.int8,
  OID.numeric,
  OID.float4,
  OID.float8,
];
const TYPES: readonly SqlType[] = [INT2, INT4, INT8, NUMERIC, FLOAT4, FLOAT8];

export function isNumber(type: SqlType): boolean {
  return TOWER.includes(type.upstreamId);
}

export function isInteger(type: SqlType): boolean {
  const { upstreamId } = type;
  return upstreamId === OID.int2 || upstreamId === OID.int4 || upstreamId === OID.int8;
}

/** The type an operator on these two computes in. */
export function widerNumber(a: SqlType, b: SqlType): SqlType {
  if (a.upstreamId === b.upstreamId) return TYPES[TOWER.indexOf(a.upstreamId)]!;
  const rank = Math.max(TOWER.indexOf(a.upstreamId), TOWER.indexOf(b.upstreamId));
  // There is no mixed operator with float4: the preferred type float8 is taken.
  return TYPES[rank]!.upstreamId === OID.float4 ? FLOAT8 : TYPES[rank]!;
}

const LIMITS: Record<number, readonly [bigint, bigint]> = {
  [OID.int2]: [-32768n, 32767n],
  [OID.int4]: [-2147483648n, 2147483647n],
  [OID.int8]: [-9223372036854775808n, 9223372036854775807n],
};

/** Brings an exact integer into a type's representation; out of range is an upstream error. */
export function integerOf(type: SqlType, value: bigint): number | bigint {
  const [low, high] = LIMITS[type.upstreamId]!;
  if (value < low || value > high) throw new Poisoned(`${type.name} out of range`);
  return type.kind === "int" ? Number(value) : value;
}

function toDecimal(value: NonNullable<Value>): Decimal {
  if (typeof value === "number") return decimalOf(BigInt(value));
  if (typeof value === "bigint") return decimalOf(value);
  return value as Decimal;
}

/** The cast between two number types, or null when it is the identity. */
export function numberCast(from: SqlType, to: SqlType): ScalarFunction | null {
  if (from.upstreamId === to.upstreamId) return null;
  const name = `${from.name}->${to.name}`;
  const source = TOWER.indexOf(from.upstreamId);
  const target = TOWER.indexOf(to.upstreamId);
  const up = source < target;
  switch (to.upstreamId) {
    case OID.int2:
    case OID.int4:
    case OID.int8:
      if (isInteger(from)) {
        if (up) {
          if (to.kind === "int") return { name, widens: true, evaluate: (v) => v };
          return { name, widens: true, evaluate: (v) => BigInt(v as number) };
        }
        return { name, evaluate: (v) => integerOf(to, BigInt(v as number | bigint)) };
      }
      if (from.kind === "decimal") {
        return { name, evaluate: (v) => integerOf(to, decimalToInteger(v as Decimal)) };
      }
      return { name, evaluate: (v) => integerOf(to, floatToInteger(v as number)) };
    case OID.numeric:
      if (isInteger(from)) return { name, widens: true, evaluate: toDecimal };
      return null;
    case OID.float8:
      if (from.kind === "decimal") return { name, evaluate: (v) => decimalToFloat(v as Decimal) };
      return {
        name,
        widens: from.kind !== "bigint",
        evaluate: (v) => Number(v as number | bigint),
      };
    default:
      return null;
  }
}

function decimalToInteger(value: Decimal): bigint {
  if (value.special !== undefined) throw new Poisoned(`cannot convert ${value.special} to integer`);
  return roundDecimal(value, 0).unscaled;
}

/** rint: halves to even, as the upstream's dtoi4 and dtoi8. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function floatToInteger(value: number): bigint {
  if (!Number.isFinite(value)) throw new Poisoned("integer out of range");
  return BigInt(roundHalfEven(value));
}

function decimalToFloat(value: Decimal): number {
  if (value.special !== undefined) return Number(value.special);
  const result = Number(printDecimal(value));
  if (!Number.isFinite(result)) throw new Poisoned("out of range for type double precision");
  if (result === 0 && value.unscaled !== 0n)
    throw new Poisoned("out of range for type double precision");
  return result;
}

/** numeric(p,s): rounds to the scale; too many digits before the point is an error. */
export function limitDecimal(modifier: number): ScalarFunction {
  const precision = ((modifier - 4) >> 16) & 0xffff;
  // The scale is an 11-bit signed number since version 15.
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  return {
    name: `numeric(${precision},${scale})`,
    evaluate: (v) => {
      const value = v as Decimal;
      if (value.special === "NaN") return value;
      if (value.special !== undefined || scale < 0) throw new Poisoned("numeric field overflow");
      const rounded = roundDecimal(value, scale);
      const digits = rounded.unscaled < 0n ? -rounded.unscaled : rounded.unscaled;
      if (digits >= 10n ** BigInt(precision)) throw new Poisoned("numeric field overflow");
      return rounded;
    },
  };
}

/** Type and value of a number in the text, as the upstream's scanner gives them. */
export function numberLiteral(text: string): { readonly value: Value; readonly type: SqlType } {
  if (/^[+-]?\d+$/.test(text)) {
    const value = BigInt(text);
    if (value >= LIMITS[OID.int4]![0] && value <= LIMITS[OID.int4]![1]) {
      return { value: Number(value), type: INT4 };
    }
    if (value >= LIMITS[OID.int8]![0] && value <= LIMITS[OID.int8]![1]) {
      return { value, type: INT8 };
    }
  }
  return { value: parseDecimal(text), type: NUMERIC };
}
