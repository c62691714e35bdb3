import { isUtf8 } from "node:buffer";
import {
  normaliseDecimal,
  parseInterval,
  PG_OID,
  printDate,
  printDecimal,
  printFloat4,
  printFloat8,
  printInterval,
  printTime,
  printTimestamp,
  printTimestamptz,
  trimPadding,
  tryParseDecimal,
} from "@freshet/types";
import type { Decimal, SqlType } from "@freshet/types";
import { parseIsoDate, parseIsoTime, parseIsoTimestamp } from "./strict-datetime.ts";

/**
 * Canonical forms of parameters given as text, as the server's input functions would read them
 * under any session settings. Whatever depends on settings, on the server's version, or is an
 * error there gives undefined: the upstream must decide.
 */

/** Types whose declared parameters compare as the cache's type does. */
export function isAccepted(type: SqlType, declared: number): boolean {
  if (declared === 0 || declared === PG_OID.unknown || declared === type.upstreamId) return true;
  switch (type.kind) {
    case "int":
    case "bigint":
      return isInteger(declared) || declared === PG_OID.numeric;
    case "decimal":
      return isInteger(declared);
    case "float8":
      return (
        declared === PG_OID.int2 ||
        declared === PG_OID.int4 ||
        declared === PG_OID.float4 ||
        declared === PG_OID.numeric
      );
    case "text":
      return declared === PG_OID.text || declared === PG_OID.varchar;
    default:
      return false;
  }
}

export function isInteger(typeId: number): boolean {
  return typeId === PG_OID.int4 || typeId === PG_OID.int8 || typeId === PG_OID.int2;
}

/** The type whose input function reads the value: the declared one, or the inferred. */
export function inputTypeOf(type: SqlType, declared: number): number {
  return declared === 0 || declared === PG_OID.unknown ? type.upstreamId : declared;
}

/** `text` is the byte string the client sent; `declared` the parameter's type id in Parse. */
export function canonicalText(type: SqlType, declared: number, text: string): string | undefined {
  if (!isAccepted(type, declared)) return undefined;
  const input = inputTypeOf(type, declared);
  switch (type.kind) {
    case "int":
    case "bigint":
      return input === PG_OID.numeric
        ? canonicalInteger(type, wholeNumber(strictDecimal(text)))
        : canonicalInteger(type, integerWithin(input, text));
    case "decimal":
      return isInteger(input)
        ? integerWithin(input, text)?.toString()
        : canonicalDecimal(strictDecimal(text));
    case "float4":
      return canonicalFloat4(strictNumber(text), text);
    case "float8":
      return float8From(input, text);
    case "bool":
      return canonicalBool(text);
    case "text":
      return canonicalString(type, input, text);
    case "bpchar":
      return isValidText(text) ? trimPadding(text) : undefined;
    case "enum":
      return canonicalLabel(type, text);
    case "uuid":
      return UUID.test(text) ? text.toLowerCase() : undefined;
    case "bytes":
      return canonicalBytes(text);
    case "date": {
      const days = parseIsoDate(text);
      return days === null ? undefined : printDate(days);
    }
    case "time": {
      const micros = parseIsoTime(text);
      return micros === null ? undefined : printTime(micros);
    }
    case "timestamp": {
      const parsed = parseIsoTimestamp(text);
      // A zone in the text is ignored for this type (manual, 8.5.1.3).
      return parsed === null ? undefined : printTimestamp(parsed.local);
    }
    case "timestamptz": {
      const parsed = parseIsoTimestamp(text);
      if (parsed === null || parsed.offset === null) return undefined;
      return printTimestamptz(parsed.local - BigInt(parsed.offset) * 1_000_000n);
    }
    case "interval":
      return INTERVAL.test(text) && text !== "" ? printInterval(parseInterval(text)) : undefined;
    case "civildate":
    case "civildatetime":
    case "opaque":
      return undefined;
  }
}

const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
/** No signs: in IntervalStyle sql_standard a leading minus belongs to all fields. */
const INTERVAL =
  /^(?:\d{1,5} years?(?: |$))?(?:\d{1,6} mons?(?: |$))?(?:\d{1,7} days?(?: |$))?(?:\d{1,6}:[0-5]\d:[0-5]\d(?:\.\d{1,6})?)?$/;

const INTEGER = /^ *([+-]?\d{1,19}) *$/;
const LIMITS: Readonly<Record<number, readonly [bigint, bigint]>> = {
  [PG_OID.int2]: [-32_768n, 32_767n],
  [PG_OID.int4]: [-2_147_483_648n, 2_147_483_647n],
  [PG_OID.int8]: [-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n],
  [PG_OID.oid]: [0n, 4_294_967_295n],
};

function fits(typeId: number, value: bigint): boolean {
  const limits = LIMITS[typeId];
  return limits !== undefined && value >= limits[0] && value <= limits[1];
}

function integerWithin(typeId: number, text: string): bigint | undefined {
  const match = INTEGER.exec(text);
  // Some versions read an oid with a leading zero as octal.
  if (match === null || (typeId === PG_OID.oid && !/^(?:0|[1-9]\d*)$/.test(text))) return undefined;
  const value = BigInt(match[1]!.replace("+", ""));
  return fits(typeId, value) ? value : undefined;
}

export function canonicalInteger(type: SqlType, value: bigint | undefined): string | undefined {
  return value !== undefined && fits(type.upstreamId, value) ? value.toString() : undefined;
}

/** Undefined unless the decimal is a whole number. */
export function wholeNumber(value: Decimal | undefined): bigint | undefined {
  if (value === undefined || value.special !== undefined) return undefined;
  const { unscaled, scale } = normaliseDecimal(value);
  return scale === 0 ? unscaled : undefined;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
/** Longer numbers are not worth the work of a key. */
const MAX_NUMBER_LENGTH = 1000;

function strictDecimal(text: string): Decimal | undefined {
  const trimmed = text.replace(/^ +| +$/g, "");
  if (trimmed.length > MAX_NUMBER_LENGTH || !NUMBER.test(trimmed)) return undefined;
  return tryParseDecimal(trimmed) ?? undefined;
}

export function canonicalDecimal(value: Decimal | undefined): string | undefined {
  return value === undefined ? undefined : printDecimal(normaliseDecimal(value));
}

/** A finite double; undefined where the server reports overflow or underflow. */
function strictNumber(text: string): number | undefined {
  const trimmed = text.replace(/^ +| +$/g, "");
  if (trimmed.length > MAX_NUMBER_LENGTH || !NUMBER.test(trimmed)) return undefined;
  const value = Number(trimmed);
  if (!Number.isFinite(value)) return undefined;
  if (Math.abs(value) < 2.2250738585072014e-308 && /[1-9]/.test(trimmed.replace(/e.*/i, ""))) {
    return undefined;
  }
  return value;
}

export function canonicalFloat8(value: number | undefined): string | undefined {
  return value === undefined ? undefined : printFloat8(value === 0 ? 0 : value);
}

const SMALLEST_SINGLE = 1.1754943508222875e-38;

/** Undefined where rounding twice (to double, then to single) could matter. */
function canonicalFloat4(value: number | undefined, text: string): string | undefined {
  if (value === undefined) return undefined;
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return undefined;
  if (value !== 0 && Math.abs(single) < SMALLEST_SINGLE) return undefined;
  if (single !== value && text.length > 15) return undefined;
  return printFloat4(single === 0 ? 0 : single);
}

function float8From(input: number, text: string): string | undefined {
  if (isInteger(input)) return integerWithin(input, text)?.toString();
  const value = strictNumber(text);
  if (input !== PG_OID.float4) return canonicalFloat8(value);
  const single = canonicalFloat4(value, text);
  return single === undefined ? undefined : canonicalFloat8(Math.fround(Number(single)));
}

const TRUE_WORDS = new Set(["t", "true", "y", "yes", "on", "1"]);
const FALSE_WORDS = new Set(["f", "false", "n", "no", "off", "0"]);

function canonicalBool(text: string): string | undefined {
  const word = text.toLowerCase();
  if (TRUE_WORDS.has(word)) return "t";
  return FALSE_WORDS.has(word) ? "f" : undefined;
}

/** No zero byte, and UTF-8: anything else is an error upstream. */
export function isValidText(text: string): boolean {
  let ascii = true;
  for (let index = 0; index < text.length; index += 1) {
    const byte = text.charCodeAt(index);
    if (byte === 0) return false;
    if (byte >= 0x80) ascii = false;
  }
  return ascii || isUtf8(Buffer.from(text, "latin1"));
}

/** Names are cut at this many bytes by their input function. */
const NAME_LIMIT = 63;

export function canonicalString(type: SqlType, input: number, text: string): string | undefined {
  if (!isValidText(text)) return undefined;
  if (type.upstreamId === PG_OID.name && text.length > NAME_LIMIT) return undefined;
  if (type.upstreamId === PG_OID.char) {
    if (input !== PG_OID.char) return undefined;
    // More than one byte is cut or an octal escape; none is the zero byte.
    return text.length === 1 && text.charCodeAt(0) < 0x80 ? text : undefined;
  }
  return text;
}

const labelsOf = new WeakMap<readonly string[], ReadonlySet<string>>();

export function canonicalLabel(type: SqlType, text: string): string | undefined {
  const labels = type.enumLabels;
  if (labels === undefined) return undefined;
  let known = labelsOf.get(labels);
  if (known === undefined) {
    known = new Set(labels.map((label) => Buffer.from(label, "utf8").toString("latin1")));
    labelsOf.set(labels, known);
  }
  return known.has(text) ? text : undefined;
}

function canonicalBytes(text: string): string | undefined {
  if (text.startsWith("\\x")) {
    return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text.slice(2))
      ? text.toLowerCase()
      : undefined;
  }
  if (text.includes("\\") || text.includes("\0")) return undefined;
  return `\\x${Buffer.from(text, "latin1").toString("hex")}`;
}
