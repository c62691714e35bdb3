import { parseDecimal, printDecimal } from "../decimal.ts";
import { parseInterval, printInterval } from "./interval.ts";
import { printFloat4, printFloat8 } from "./float.ts";
import {
  parseDate,
  parseTime,
  parseTimestamp,
  parseTimestamptz,
  printDate,
  printTime,
  printTimestamp,
  printTimestamptz,
} from "./datetime.ts";
import type { TextCodec } from "../text-codec.ts";
import type { Decimal, Interval, SqlType, Value } from "../value.ts";

function malformed(type: SqlType, text: string): never {
  throw new SyntaxError(`not a ${type.name}: ${JSON.stringify(text)}`);
}

/** `NaN`, `Infinity`, `-Infinity` and numbers are what Number reads too. */
function parseFloat8(type: SqlType, text: string): number {
  const value = Number(text);
  if (text === "" || (Number.isNaN(value) && text !== "NaN")) malformed(type, text);
  return value;
}

const view = new DataView(new ArrayBuffer(8));

/**
 * Rounds to single precision once: when rounding to double hit the middle of two singles
 * exactly, the text decides which one it was.
 */
function toSingle(value: number, text: string): number {
  const single = Math.fround(value);
  if (single === value) return single;
  view.setFloat64(0, value);
  if ((view.getUint32(4) & 0x1fff_ffff) !== 0x1000_0000 || printFloat4(single) === text) {
    return single;
  }
  const other = Math.fround(value + (value - single));
  return printFloat4(other) === text ? other : single;
}

function parse(type: SqlType, text: string): Value {
  switch (type.kind) {
    case "text":
    case "bpchar":
    case "uuid":
    case "bytes":
    case "enum":
    case "opaque":
      return text;
    case "int": {
      const value = Number(text);
      if (!Number.isInteger(value) || text === "") malformed(type, text);
      return value;
    }
    case "bigint":
      if (text === "") malformed(type, text);
      return BigInt(text);
    case "bool":
      if (text !== "t" && text !== "f") malformed(type, text);
      return text === "t";
    case "float4":
      return toSingle(parseFloat8(type, text), text);
    case "float8":
      return parseFloat8(type, text);
    case "decimal":
      return parseDecimal(text);
    case "date":
      return parseDate(text);
    case "time":
      return parseTime(text);
    case "timestamp":
      return parseTimestamp(text);
    case "timestamptz":
      return parseTimestamptz(text);
    case "interval":
      return parseInterval(text);
    case "civildate":
    case "civildatetime":
      return malformed(type, text);
  }
}

function print(type: SqlType, value: Exclude<Value, null>): string {
  switch (type.kind) {
    case "text":
    case "bpchar":
    case "uuid":
    case "bytes":
    case "enum":
    case "opaque":
      return value as string;
    case "int":
      return `${value as number}`;
    case "bigint":
      return (value as bigint).toString();
    case "bool":
      return value === true ? "t" : "f";
    case "float4":
      return printFloat4(value as number);
    case "float8":
      return printFloat8(value as number);
    case "decimal":
      return printDecimal(value as Decimal);
    case "date":
      return printDate(value as number);
    case "time":
      return printTime(value as number);
    case "timestamp":
      return printTimestamp(value as bigint);
    case "timestamptz":
      return printTimestamptz(value as bigint);
    case "interval":
      return printInterval(value as Interval);
    case "civildate":
    case "civildatetime":
      return malformed(type, String(value));
  }
}

/**
 * Postgres text under canonical settings: ISO dates, UTC, IntervalStyle postgres,
 * extra_float_digits 1, hex bytea. What it prints is what the server prints, byte for byte.
 */
export const postgresTextCodec: TextCodec = { parse, print };
