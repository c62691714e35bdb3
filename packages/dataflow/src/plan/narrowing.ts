import type { Decimal, SqlType, Value } from "@freshet/types";
import { hasSpellings } from "./one-form.ts";

/** Converts a value compared with a column to the column's own type; undefined: equals none. */
export type Narrow = (value: NonNullable<Value>) => NonNullable<Value> | undefined;

const same: Narrow = (value) => value;

/** The inverse of a widening conversion; null when we do not look columns up through it. */
export function narrowing(by: SqlType, column: SqlType): Narrow | null {
  // Equal under one collation is not equal under another, whose index holds other keys.
  if ((hasSpellings(by) || hasSpellings(column)) && by.collation?.name !== column.collation?.name) {
    return null;
  }
  if (by.kind === column.kind) {
    const resigned = (by.unsigned === true) !== (column.unsigned === true);
    if (column.kind !== "bigint" || !resigned) return same;
  }
  const toBigint = column.unsigned === true ? toUnsigned : toSigned;
  const integer = column.kind === "int" ? toInt : column.kind === "bigint" ? toBigint : null;
  if (integer === null) return null;
  if (by.kind === "bigint" || by.kind === "int")
    return (v) => integer(BigInt(v as number | bigint));
  if (by.kind === "decimal") {
    return (value) => {
      const whole = wholePart(value as Decimal);
      return whole === null ? undefined : integer(whole);
    };
  }
  return null;
}

/** Unsigned ones go up to 2^32; past that no column of four bytes has a value. */
function toInt(value: bigint): number | undefined {
  return BigInt.asIntN(33, value) === value ? Number(value) : undefined;
}

function toUnsigned(value: bigint): bigint | undefined {
  return BigInt.asUintN(64, value) === value ? value : undefined;
}

function toSigned(value: bigint): bigint | undefined {
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function wholePart(value: Decimal): bigint | null {
  if (value.special !== undefined) return null;
  if (value.scale === 0) return value.unscaled;
  const unit = 10n ** BigInt(value.scale);
  return value.unscaled % unit === 0n ? value.unscaled / unit : null;
}
