import { PG_OID, postgresArrayElement, tryParseDecimal } from "@freshet/types";
import type { SqlType } from "@freshet/types";
import { parseArrayText } from "./array-text.ts";
import { canonicalBinary } from "./canonical-binary.ts";
import {
  canonicalDecimal,
  canonicalFloat8,
  canonicalInteger,
  canonicalText,
  isAccepted,
} from "./canonical-text.ts";

/**
 * The canonical byte string of a non-null parameter, compared as `type` by the cache, or
 * undefined when only the upstream can say what the value means (see `CanonicalParam`).
 * `declared` is the type id of Parse (0 when unspecified), `format` that of Bind.
 */
export function canonicalParam(
  type: SqlType,
  declared: number,
  format: 0 | 1,
  bytes: Buffer,
  start: number,
  end: number,
): string | undefined {
  if (format === 1) {
    // What most drivers send for a key.
    if (type.upstreamId === PG_OID.int4 && declared === PG_OID.int4 && end - start === 4) {
      return `${bytes.readInt32BE(start)}`;
    }
    return canonicalBinary(type, declared, bytes, start, end);
  }
  const integer = plainInteger(type, declared, bytes, start, end);
  if (integer >= 0) return `${integer}`;
  return canonicalText(type, declared, bytes.toString("latin1", start, end));
}

/**
 * Whether a parameter declared as `declared` compares as the cache's `type` does, whatever its
 * value: NULL has no value to tell, and other types are an error upstream.
 */
export function acceptsDeclared(type: SqlType, list: boolean, declared: number): boolean {
  if (!list || declared === 0 || declared === PG_OID.unknown) return isAccepted(type, declared);
  const element = postgresArrayElement(declared);
  return element !== null && isAccepted(type, element);
}

/** Digits that cannot exceed the type's range. */
function safeDigits(typeId: number): number {
  switch (typeId) {
    case PG_OID.int2:
      return 4;
    case PG_OID.int4:
    case PG_OID.oid:
      return 9;
    case PG_OID.int8:
      return 18;
    default:
      return 0;
  }
}

/** Texts of more digits than this are not read as a JavaScript number. */
const MAX_NUMBER_DIGITS = 15;

/** The value of an integer text without sign or leading zeros; -1 for any other text. */
function plainInteger(
  type: SqlType,
  declared: number,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  if (type.kind !== "int" && type.kind !== "bigint") return -1;
  const own = type.upstreamId;
  if (declared !== 0 && declared !== own) return -1;
  const length = end - start;
  if (length === 0 || length > Math.min(safeDigits(own), MAX_NUMBER_DIGITS)) return -1;
  if (bytes[start] === 0x30) return length === 1 ? 0 : -1;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isPlainIntegerText(type: SqlType, text: string): boolean {
  if (type.kind !== "int" && type.kind !== "bigint") return false;
  const { length } = text;
  if (length === 0 || length > safeDigits(type.upstreamId)) return false;
  if (text.charCodeAt(0) === 0x30) return length === 1;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

/**
 * As `canonicalParam` for a literal in the statement's text. `value` is the byte string of the
 * literal's meaning: digits with an optional sign, or a string's contents without quotes.
 */
export function canonicalLiteral(
  type: SqlType,
  literal: "integer" | "decimal" | "string",
  value: string,
): string | undefined {
  if (isPlainIntegerText(type, value)) return value;
  if (literal === "string") return canonicalText(type, 0, value);
  const number = NUMERIC_LITERAL.test(value) ? tryParseDecimal(value) : null;
  if (number === null) return undefined;
  switch (type.kind) {
    case "int":
    case "bigint":
      if (literal === "decimal" || number.scale !== 0) return undefined;
      return canonicalInteger(type, number.unscaled);
    case "decimal":
      return canonicalDecimal(number);
    case "float8":
    case "float4":
      return floatLiteral(type.kind, literal, value);
    default:
      return undefined;
  }
}

const NUMERIC_LITERAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** A number compares with a float4 column as float8, so it must be a single exactly. */
function floatLiteral(
  kind: "float4" | "float8",
  literal: "integer" | "decimal",
  value: string,
): string | undefined {
  const number = Number(value);
  if (literal === "integer" && !Number.isSafeInteger(number)) return undefined;
  if (!Number.isFinite(number) || (number !== 0 && Math.abs(number) < 1e-300)) return undefined;
  if (number === 0 && /[1-9]/.test(value.replace(/e.*/i, ""))) return undefined;
  if (kind === "float8") return canonicalFloat8(number);
  if (Math.fround(number) !== number) return undefined;
  return canonicalText({ kind, upstreamId: PG_OID.float4, name: "float4", modifier: -1 }, 0, value);
}

/**
 * The canonical form of a one-dimensional array parameter whose elements are compared as `type`
 * (`= ANY ($1)`): sorted and without duplicates, a NULL element first. `declared` is the array's
 * type id, 0 when unspecified. Undefined: the upstream must decide.
 */
export function canonicalArrayParam(
  type: SqlType,
  declared: number,
  format: 0 | 1,
  bytes: Buffer,
  start: number,
  end: number,
): readonly (string | null)[] | undefined {
  const element =
    declared === 0 || declared === PG_OID.unknown ? 0 : postgresArrayElement(declared);
  if (element === null) return undefined;
  return format === 1
    ? binaryArray(type, element, bytes, start, end)
    : textArray(type, element, bytes.toString("latin1", start, end));
}

/** Sorted by char code, without duplicates. */
export function canonicalList(elements: readonly (string | null)[]): readonly (string | null)[] {
  const unique: (string | null)[] = [...new Set(elements)];
  return unique.sort((a, b) => {
    if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
    return a < b ? -1 : a > b ? 1 : 0;
  });
}

function textArray(
  type: SqlType,
  element: number,
  text: string,
): readonly (string | null)[] | undefined {
  // Explicit bounds are rare, and wrong ones are an error upstream.
  const array = text.trimStart().startsWith("{") ? parseArrayText(text) : null;
  if (array === null || array.dimensions.length > 1) return undefined;
  const elements: (string | null)[] = [];
  for (const value of array.elements) {
    const canonical = value === null ? null : canonicalText(type, element, value);
    if (canonical === undefined) return undefined;
    elements.push(canonical);
  }
  return canonicalList(elements);
}

function binaryArray(
  type: SqlType,
  declaredElement: number,
  bytes: Buffer,
  start: number,
  end: number,
): readonly (string | null)[] | undefined {
  if (end - start < 12) return undefined;
  const dimensions = bytes.readInt32BE(start);
  const sent = bytes.readUInt32BE(start + 8);
  // The server insists that the element type sent is the array's own.
  if (sent !== (declaredElement === 0 ? type.upstreamId : declaredElement)) return undefined;
  if (dimensions === 0) return end - start === 12 ? [] : undefined;
  if (dimensions !== 1 || end - start < 20) return undefined;
  const count = bytes.readInt32BE(start + 12);
  const elements: (string | null)[] = [];
  let at = start + 20;
  for (let index = 0; index < count; index += 1) {
    if (at + 4 > end) return undefined;
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length === -1) {
      elements.push(null);
      continue;
    }
    if (length < 0 || at + length > end) return undefined;
    const canonical = canonicalBinary(type, declaredElement, bytes, at, at + length);
    if (canonical === undefined) return undefined;
    elements.push(canonical);
    at += length;
  }
  return at === end && count > 0 ? canonicalList(elements) : undefined;
}
