import { parseDecimal, printDecimal } from "../decimal.ts";
import type { TextCodec } from "../text-codec.ts";
import type { Decimal, SqlType, Value } from "../value.ts";
import {
  parseCivilDate,
  parseCivilDatetime,
  parseMysqlTime,
  parseMysqlTimestamp,
  printCivilDate,
  printCivilDatetime,
  printMysqlTime,
  printMysqlTimestamp,
} from "./datetime.ts";
import { printMysqlDouble, printMysqlFixed, printMysqlFloat } from "./float.ts";
import { isBit } from "./types.ts";

function malformed(type: SqlType, text: string): never {
  throw new SyntaxError(`not a ${type.name}: ${JSON.stringify(text)}`);
}

function parseNumber(type: SqlType, text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) malformed(type, text);
  return value;
}

function parse(type: SqlType, text: string): Value {
  switch (type.kind) {
    case "text":
    case "bytes":
    case "enum":
    case "opaque":
      return text;
    case "int": {
      const value = parseNumber(type, text);
      if (!Number.isInteger(value)) malformed(type, text);
      return value;
    }
    case "bigint":
      if (text === "") malformed(type, text);
      return BigInt(text);
    case "float4":
      return Math.fround(parseNumber(type, text));
    case "float8":
      return parseNumber(type, text);
    case "decimal":
      return parseDecimal(text);
    case "time":
      return parseMysqlTime(text);
    case "timestamptz":
      return parseMysqlTimestamp(text);
    case "civildate":
      return parseCivilDate(text);
    case "civildatetime":
      return parseCivilDatetime(text);
    case "bool":
    case "bpchar":
    case "uuid":
    case "date":
    case "timestamp":
    case "interval":
      return malformed(type, text);
  }
}

function print(type: SqlType, value: Exclude<Value, null>): string {
  switch (type.kind) {
    case "text":
    case "bytes":
    case "enum":
    case "opaque":
      return value as string;
    case "int":
      return zeroFilled(type, `${value as number}`);
    case "bigint":
      return zeroFilled(type, (value as bigint).toString());
    case "float4":
      if (type.modifier !== -1) return printMysqlFixed(value as number, type.modifier & 0xff);
      return printMysqlFloat(value as number);
    case "float8":
      if (type.modifier !== -1) return printMysqlFixed(value as number, type.modifier & 0xff);
      return printMysqlDouble(value as number);
    case "decimal":
      return printDecimal(value as Decimal);
    case "time":
      return printMysqlTime(value as number, type.modifier);
    case "timestamptz":
      return printMysqlTimestamp(value as bigint, type.modifier);
    case "civildate":
      return printCivilDate(value as number);
    case "civildatetime":
      return printCivilDatetime(value as bigint, type.modifier);
    case "bool":
    case "bpchar":
    case "uuid":
    case "date":
    case "timestamp":
    case "interval":
      return malformed(type, String(value));
  }
}

/** An integer's modifier is the width to which it is filled with zeros. */
function zeroFilled(type: SqlType, digits: string): string {
  if (type.modifier <= 0 || isBit(type)) return digits;
  return digits.padStart(type.modifier, "0");
}

/**
 * What MySQL and MariaDB print in the text protocol with `time_zone` UTC and utf8mb4 results,
 * except BIT, which is its decimal number, and bytes, which are `\x` and hexadecimal digits.
 *
 * The text of a FLOAT has six digits and is not its value: who reads a FLOAT as text must ask
 * for all of it (`c * 1e0`, which keeps the sign of -0); parsing rounds to single precision.
 */
export const mysqlTextCodec: TextCodec = { parse, print };
