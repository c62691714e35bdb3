import { isUtf8 } from "node:buffer";
import type { LiteralCanonicalizer } from "@freshet/adapter-core";
import { type BoundParam, TYPE } from "@freshet/mysql-wire";
import type { SqlType } from "@freshet/types";

/**
 * Values in canonical form, as far as it is certain that MySQL and MariaDB compare them with the
 * column as the engine does: without rounding, cutting or guessing at a conversion. Everything
 * else is undefined, and the upstream is asked.
 */

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const NUMBER = /^([+-]?)0*(\d+)(?:\.(\d*))?$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})(?: (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?)?$/;
const TIME = /^(-?)(\d{2,3}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/;
const NOT_ASCII = /[\x80-\xff]/;
/** A number in plain notation of so few digits that it is the same double to everybody. */
const PLAIN_DOUBLE = /^-?(?=(?:\.?\d){1,15}$)\d+(?:\.\d+)?$/;
/** Integers that a double holds exactly. */
const EXACT_DIGITS = 15;
const TIME_HOURS_MAX = 838;
const LITERAL_BYTES_MAX = 65_535;

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  "int unsigned": [0n, 2n ** 32n - 1n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
  "bigint unsigned": [0n, 2n ** 64n - 1n],
};

/** A literal of a statement's text; for the router. */
export const canonicalLiteral: LiteralCanonicalizer = (type, literal, value, countsRows) => {
  // Anything but an integer is a syntax error there.
  if (countsRows && literal !== "integer") return undefined;
  switch (literal) {
    case "integer":
      return integer(type, value) ?? decimal(type, value) ?? double(type, value);
    case "decimal":
      return decimal(type, value) ?? double(type, value);
    case "string":
      return string(type, value);
  }
};

/** A parameter of COM_STMT_EXECUTE; `countsRows`: of LIMIT or OFFSET. */
export function canonicalBound(
  type: SqlType,
  { typeId, value }: BoundParam,
  countsRows: boolean,
): string | null | undefined {
  if (value === null) return countsRows ? undefined : null;
  switch (typeId) {
    case TYPE.tiny:
    case TYPE.short:
    case TYPE.long:
    case TYPE.longlong: {
      const text = String(value);
      return integer(type, text) ?? decimal(type, text) ?? double(type, text);
    }
    case TYPE.double:
      if (countsRows) return undefined;
      return (
        exactDouble(type, value as number) ??
        double(type, String(value)) ??
        shortDecimal(type, String(value))
      );
    case TYPE.decimal:
    case TYPE.newdecimal:
      return countsRows ? undefined : decimal(type, value as string);
    case TYPE.varchar:
    case TYPE.varString:
    case TYPE.string:
      return countsRows ? undefined : string(type, value as string);
    case TYPE.tinyBlob:
    case TYPE.mediumBlob:
    case TYPE.longBlob:
    case TYPE.blob:
      // A binary string compares with text byte by byte.
      return !countsRows && type.kind === "bytes" ? string(type, value as string) : undefined;
    case TYPE.date:
      // A time that it has may be cut off.
      if (type.kind !== "civildate" && type.kind !== "civildatetime") return undefined;
      return isDate(value as string) ? string(type, value as string) : undefined;
    case TYPE.datetime:
    case TYPE.timestamp:
      return type.kind === "civildatetime" ? string(type, value as string) : undefined;
    case TYPE.time:
      return type.kind === "time" ? string(type, value as string) : undefined;
    default:
      return undefined;
  }
}

/** For integer columns. YEAR reads numbers of two digits as years. */
function integer(type: SqlType, text: string): string | undefined {
  if (type.kind !== "int" && type.kind !== "bigint") return undefined;
  if (!INTEGER.test(text) || text === "-0") return undefined;
  const range = RANGES[type.unsigned === true ? `${type.kind} unsigned` : type.kind];
  const value = BigInt(text);
  if (range === undefined || value < range[0] || value > range[1]) return undefined;
  if (type.name.startsWith("year") && (value < 1901n || value > 2155n)) return undefined;
  return text;
}

/** JavaScript drivers bind every number as a double; an integer column compares as one. */
function exactDouble(type: SqlType, value: number): string | undefined {
  return Number.isSafeInteger(value) ? integer(type, String(value)) : undefined;
}

function decimal(type: SqlType, text: string): string | undefined {
  if (type.kind !== "decimal") return undefined;
  const match = NUMBER.exec(text);
  if (match === null || text.length > 64) return undefined;
  const [, sign = "", whole = "0", digits = ""] = match;
  const fraction = digits.replace(/0+$/, "");
  const number = fraction === "" ? whole : `${whole}.${fraction}`;
  return sign === "-" && number !== "0" ? `-${number}` : number;
}

function double(type: SqlType, text: string): string | undefined {
  if (type.kind !== "float8" || !PLAIN_DOUBLE.test(text)) return undefined;
  return String(Number(text));
}

/** Compared as doubles, which tell short decimals apart. */
function shortDecimal(type: SqlType, text: string): string | undefined {
  const precision = type.modifier >> 8;
  if (precision < 1 || precision > EXACT_DIGITS || !PLAIN_DOUBLE.test(text)) return undefined;
  return decimal(type, text);
}

function string(type: SqlType, text: string): string | undefined {
  if (text.length > LITERAL_BYTES_MAX) return undefined;
  switch (type.kind) {
    case "text":
      return isText(text) ? text : undefined;
    case "enum":
      return enumLabel(type, text);
    case "bytes":
      return `\\x${Buffer.from(text, "latin1").toString("hex")}`;
    case "int":
    case "bigint":
      // Compared as doubles, which is exact for short integers.
      return text.length <= EXACT_DIGITS ? integer(type, text) : undefined;
    case "decimal":
      return shortDecimal(type, text);
    case "civildate":
      return isDate(text) ? text : undefined;
    case "civildatetime":
      return dateTime(text, fractionDigits(type));
    case "time":
      return time(text, fractionDigits(type));
    default:
      return undefined;
  }
}

/** What is not UTF-8 the server refuses or cuts. */
function isText(text: string): boolean {
  return !NOT_ASCII.test(text) || isUtf8(Buffer.from(text, "latin1"));
}

function enumLabel(type: SqlType, text: string): string | undefined {
  const label = Buffer.from(text, "latin1").toString("utf8");
  return type.enumLabels?.includes(label) === true ? text : undefined;
}

function fractionDigits({ modifier }: SqlType): number {
  return Math.max(modifier, 0);
}

/** A day of the calendar: others depend on sql_mode. */
function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return day <= date.getUTCDate();
}

function dateTime(text: string, digits: number): string | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null || !isDate(match[1] ?? "")) return undefined;
  const [, date, hour = "00", minute = "00", second = "00", fraction = ""] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const micros = exactFraction(fraction, digits);
  return micros === undefined ? undefined : `${date} ${hour}:${minute}:${second}${micros}`;
}

function time(text: string, digits: number): string | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, sign = "", hour = "", minute = "", second = "", fraction = ""] = match;
  const hours = hour.length === 3 && hour.startsWith("0") ? null : Number(hour);
  if (hours === null || hours > TIME_HOURS_MAX) return undefined;
  if (Number(minute) > 59 || Number(second) > 59) return undefined;
  const zero = /^[0:.]*$/.test(text.slice(sign.length));
  const micros = exactFraction(fraction, digits);
  if (micros === undefined || (zero && sign === "-")) return undefined;
  return `${sign}${hour}:${minute}:${second}${micros}`;
}

/** Exactly the column's digits; undefined when more of them are not zero. */
function exactFraction(fraction: string, digits: number): string | undefined {
  if (/[1-9]/.test(fraction.slice(digits))) return undefined;
  return digits === 0 ? "" : `.${fraction.slice(0, digits).padEnd(digits, "0")}`;
}
