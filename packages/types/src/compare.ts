import { compareDecimals } from "./decimal.ts";
import { collatorOf } from "./collation/collations.ts";
import type { Collator } from "./collation/collator.ts";
import { typeCollator } from "./collation/type-collator.ts";
import { intervalTotal } from "./interval.ts";
import type { Interval, SqlType, Value } from "./value.ts";

type NonNull = Exclude<Value, null>;

/**
 * Comparison of two non-null values of one type, as the upstream's default btree operators do.
 * Negative, zero or positive. Callers ask `isOrderable` (or `isHashable` for equality) first:
 * `opaque` compares as text here, which is an order but not the upstream's.
 */
export function compareValues(type: SqlType, a: NonNull, b: NonNull): number {
  return comparatorOf(type)(a, b);
}

export type Comparator = (a: NonNull, b: NonNull) => number;

/** The comparator of a type, for loops that compare many values of it. */
export function comparatorOf(type: SqlType): Comparator {
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
      return compareScalars;
    case "float4":
    case "float8":
      return compareFloats as Comparator;
    case "decimal":
      return compareDecimals as Comparator;
    case "text": {
      const collator = typeCollator(type);
      return collator === null ? (compareText as Comparator) : weightComparator(collator);
    }
    case "opaque":
      return compareText as Comparator;
    case "bpchar":
      return (a, b) => compareText(trimPadding(a as string), trimPadding(b as string));
    case "interval":
      return compareIntervals as Comparator;
    case "enum":
      return enumComparator(type);
  }
}

function compareScalars(a: NonNull, b: NonNull): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** NaN equals itself and is greatest; the zeros are equal. */
export function compareFloats(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  return -1;
}

function compareIntervals(a: Interval, b: Interval): number {
  return compareScalars(intervalTotal(a), intervalTotal(b));
}

/** By code point, which is the order of the UTF-8 bytes; not by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    // Surrogates stand for code points above every other unit.
    const leftHigh = left >= 0xd800 && left <= 0xdfff;
    const rightHigh = right >= 0xd800 && right <= 0xdfff;
    if (leftHigh !== rightHigh) return leftHigh ? 1 : -1;
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

/** A sort compares one value with many: the key of the last one on either side is kept. */
function weightComparator(collator: Collator): Comparator {
  let left: NonNull | null = null;
  let right: NonNull | null = null;
  let leftKey = "";
  let rightKey = "";
  return (a, b) => {
    if (a === b) return 0;
    if (a !== left) {
      leftKey = collator.sortKey(a as string);
      left = a;
    }
    if (b !== right) {
      rightKey = collator.sortKey(b as string);
      right = b;
    }
    return compareScalars(leftKey, rightKey);
  };
}

/** Without the trailing spaces that `character(n)` ignores. */
export function trimPadding(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end -= 1;
  return end === text.length ? text : text.slice(0, end);
}

const enumRanks = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

function enumComparator(type: SqlType): Comparator {
  const labels = type.enumLabels ?? [];
  let ranks = enumRanks.get(labels);
  if (ranks === undefined) {
    // MySQL: the empty label is the invalid value, before all members.
    ranks = new Map([["", -1], ...labels.map((label, rank) => [label, rank] as const)]);
    enumRanks.set(labels, ranks);
  }
  const rankOf = ranks;
  return (a, b) => {
    const left = rankOf.get(a as string);
    const right = rankOf.get(b as string);
    if (left === undefined || right === undefined) {
      throw new RangeError(`unknown label of enum ${type.name}`);
    }
    return left - right;
  };
}

/** SQL equality of two non-null values of one type. */
export function equalValues(type: SqlType, a: NonNull, b: NonNull): boolean {
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
    case "enum":
    case "opaque":
      return a === b;
    case "text":
      return a === b || textsEqual(type, a as string, b as string);
    case "float4":
    case "float8":
    case "decimal":
    case "bpchar":
    case "interval":
      return comparatorOf(type)(a, b) === 0;
  }
}

function textsEqual(type: SqlType, a: string, b: string): boolean {
  const collator = typeCollator(type);
  return collator !== null && collator.sortKey(a) === collator.sortKey(b);
}

/** `compareValues` with a place for NULL; `nullsFirst` is about this order, not a direction. */
export function compareNullable(type: SqlType, a: Value, b: Value, nullsFirst: boolean): number {
  if (a === null || b === null) {
    if (a === b) return 0;
    return (a === null) === nullsFirst ? -1 : 1;
  }
  return compareValues(type, a, b);
}

/** Why values of this type cannot be ordered exactly here, or null when they can. */
export function isOrderable(type: SqlType): string | null {
  if (type.kind === "enum" && type.enumLabels === undefined) {
    return `the order of enum ${type.name} is not known`;
  }
  if ((type.kind === "text" || type.kind === "bpchar") && !isKnown(type, "order")) {
    return `collation ${type.collation?.name ?? "(unknown)"} does not sort by bytes`;
  }
  return isHashable(type);
}

/** Why equality of this type cannot be decided exactly here, or null when it can. */
export function isHashable(type: SqlType): string | null {
  if (type.kind === "opaque") return `type ${type.name} cannot be compared`;
  if ((type.kind === "text" || type.kind === "bpchar") && !isKnown(type, "equality")) {
    return `collation ${type.collation?.name ?? "(unknown)"} is not deterministic`;
  }
  return null;
}

function isKnown(type: SqlType, aspect: "equality" | "order"): boolean {
  const { collation } = type;
  if (collation === undefined || collation[aspect] === "none") return false;
  return collation[aspect] === "bytes" || collatorOf(collation.name) !== null;
}
