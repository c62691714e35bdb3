import {
  PG_OID,
  printDate,
  printFloat4,
  printInterval,
  printTime,
  printTimestamp,
  printTimestamptz,
  trimPadding,
} from "@freshet/types";
import type { Decimal, SqlType } from "@freshet/types";
import { decodeNumeric } from "./binary-numeric.ts";
import {
  canonicalDecimal,
  canonicalFloat8,
  canonicalInteger,
  canonicalLabel,
  canonicalString,
  inputTypeOf,
  isAccepted,
  isInteger,
  isValidText,
  wholeNumber,
} from "./canonical-text.ts";

/** Canonical forms of parameters given in binary; undefined: the upstream must decide. */
export function canonicalBinary(
  type: SqlType,
  declared: number,
  bytes: Buffer,
  start: number,
  end: number,
): string | undefined {
  if (!isAccepted(type, declared)) return undefined;
  const input = inputTypeOf(type, declared);
  const length = end - start;
  switch (type.kind) {
    case "int":
    case "bigint":
      return input === PG_OID.numeric
        ? canonicalInteger(type, wholeNumber(numericOf(bytes, start, end)))
        : canonicalInteger(type, integerOf(input, bytes, start, end));
    case "decimal":
      return isInteger(input)
        ? integerOf(input, bytes, start, end)?.toString()
        : canonicalDecimal(numericOf(bytes, start, end));
    case "float4": {
      if (length !== 4) return undefined;
      const value = bytes.readFloatBE(start);
      return printFloat4(value === 0 ? 0 : value);
    }
    case "float8":
      return float8From(input, bytes, start, end);
    case "bool":
      if (length !== 1) return undefined;
      return bytes[start] === 0 ? "f" : "t";
    case "text":
      return canonicalString(type, input, bytes.toString("latin1", start, end));
    case "bpchar": {
      const text = bytes.toString("latin1", start, end);
      return isValidText(text) ? trimPadding(text) : undefined;
    }
    case "enum":
      return canonicalLabel(type, bytes.toString("latin1", start, end));
    case "uuid": {
      if (length !== 16) return undefined;
      const hex = bytes.toString("hex", start, end);
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    }
    case "bytes":
      return `\\x${bytes.toString("hex", start, end)}`;
    case "date":
      return length === 4 ? dateOf(bytes.readInt32BE(start)) : undefined;
    case "time": {
      if (length !== 8) return undefined;
      const micros = bytes.readBigInt64BE(start);
      return micros >= 0n && micros <= 86_400_000_000n ? printTime(Number(micros)) : undefined;
    }
    case "timestamp":
    case "timestamptz": {
      if (length !== 8) return undefined;
      const micros = bytes.readBigInt64BE(start);
      if (micros < FIRST_TIMESTAMP || micros >= TIMESTAMP_END) return undefined;
      return type.kind === "timestamp" ? printTimestamp(micros) : printTimestamptz(micros);
    }
    case "interval":
      if (length !== 16) return undefined;
      return intervalOf(bytes, start);
    case "civildate":
    case "civildatetime":
    case "opaque":
      return undefined;
  }
}

/** 4714-11-24 BC and 294277-01-01: the range of the type; infinities are left to the upstream. */
const FIRST_TIMESTAMP = -211_813_488_000_000_000n;
const TIMESTAMP_END = 9_223_371_331_200_000_000n;
const FIRST_DATE = -2_451_545;
const DATE_END = 2_145_031_949;

function dateOf(days: number): string | undefined {
  return days >= FIRST_DATE && days < DATE_END ? printDate(days) : undefined;
}

function integerOf(typeId: number, bytes: Buffer, start: number, end: number): bigint | undefined {
  const length = end - start;
  switch (typeId) {
    case PG_OID.int2:
      return length === 2 ? BigInt(bytes.readInt16BE(start)) : undefined;
    case PG_OID.int4:
      return length === 4 ? BigInt(bytes.readInt32BE(start)) : undefined;
    case PG_OID.oid:
      return length === 4 ? BigInt(bytes.readUInt32BE(start)) : undefined;
    case PG_OID.int8:
      return length === 8 ? bytes.readBigInt64BE(start) : undefined;
    default:
      return undefined;
  }
}

function numericOf(bytes: Buffer, start: number, end: number): Decimal | undefined {
  const value = decodeNumeric(bytes, start, end);
  return value === null || value.special !== undefined ? undefined : value;
}

function float8From(input: number, bytes: Buffer, start: number, end: number): string | undefined {
  if (isInteger(input)) return integerOf(input, bytes, start, end)?.toString();
  if (input === PG_OID.numeric) {
    const text = canonicalDecimal(numericOf(bytes, start, end));
    const value = text === undefined ? NaN : Number(text);
    const isOrdinary = Number.isFinite(value) && (Math.abs(value) > 1e-300 || text === "0");
    return isOrdinary ? canonicalFloat8(value) : undefined;
  }
  const length = end - start;
  if (input === PG_OID.float4) {
    return length === 4 ? canonicalFloat8(bytes.readFloatBE(start)) : undefined;
  }
  return length === 8 ? canonicalFloat8(bytes.readDoubleBE(start)) : undefined;
}

/** The extremes are the infinities of new servers and odd values of old ones. */
function intervalOf(bytes: Buffer, start: number): string | undefined {
  const micros = bytes.readBigInt64BE(start);
  const days = bytes.readInt32BE(start + 8);
  const months = bytes.readInt32BE(start + 12);
  if (Math.abs(days) === 0x7fff_ffff || days === -0x8000_0000) return undefined;
  if (micros > 3_600_000_000n * 2_000_000_000n || micros < -3_600_000_000n * 2_000_000_000n) {
    return undefined;
  }
  return printInterval({ months, days, micros });
}
