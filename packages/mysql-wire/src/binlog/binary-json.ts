import {
  packCivilDate,
  printCivilDate,
  printCivilDatetime,
  printDecimal,
  printMysqlDouble,
  printMysqlTime,
  unpackCivilDatetime,
} from "@freshet/types";
import { TYPE } from "../column-types.ts";
import { BinlogError, malformed } from "./binlog-error.ts";
import { packedDecimalBytes, readPackedDecimal } from "./packed-decimal.ts";
import { timeOfPacked } from "./temporal-values.ts";

/** Types of MySQL's binary JSON (`sql-common/json_binary.h`). */
const JSON_TYPE = {
  smallObject: 0,
  largeObject: 1,
  smallArray: 2,
  largeArray: 3,
  literal: 4,
  int16: 5,
  uint16: 6,
  int32: 7,
  uint32: 8,
  int64: 9,
  uint64: 10,
  double: 11,
  string: 12,
  opaque: 15,
} as const;

const LITERALS = ["null", "true", "false"];
/** The server's own limit on nesting. */
const MAX_DEPTH = 100;

/** The text that the server prints for a stored JSON document, character for character. */
export function binaryJsonText(bytes: Buffer): string {
  // What was never given a value counts as the literal null.
  if (bytes.length === 0) return "null";
  return printValue(bytes[0] as number, bytes.subarray(1), 1);
}

function printValue(type: number, bytes: Buffer, depth: number): string {
  if (depth > MAX_DEPTH + 1) throw malformed("a JSON document is nested too deep");
  switch (type) {
    case JSON_TYPE.smallObject:
      return printObject(bytes, 2, depth);
    case JSON_TYPE.largeObject:
      return printObject(bytes, 4, depth);
    case JSON_TYPE.smallArray:
      return printArray(bytes, 2, depth);
    case JSON_TYPE.largeArray:
      return printArray(bytes, 4, depth);
    case JSON_TYPE.literal: {
      const text = LITERALS[bytes.readUInt8(0)];
      if (text === undefined) throw malformed("an unknown JSON literal");
      return text;
    }
    case JSON_TYPE.int16:
      return String(bytes.readInt16LE(0));
    case JSON_TYPE.uint16:
      return String(bytes.readUInt16LE(0));
    case JSON_TYPE.int32:
      return String(bytes.readInt32LE(0));
    case JSON_TYPE.uint32:
      return String(bytes.readUInt32LE(0));
    case JSON_TYPE.int64:
      return String(bytes.readBigInt64LE(0));
    case JSON_TYPE.uint64:
      return String(bytes.readBigUInt64LE(0));
    case JSON_TYPE.double:
      return printJsonDouble(bytes.readDoubleLE(0));
    case JSON_TYPE.string: {
      const content = sized(bytes, 0);
      return quote(content.toString("utf8"));
    }
    case JSON_TYPE.opaque:
      return printOpaque(bytes);
    default:
      throw malformed(`an unknown JSON type ${type}`);
  }
}

/** A value that may lie within its entry (literals and small integers) or elsewhere. */
function printEntry(bytes: Buffer, at: number, width: 2 | 4, depth: number): string {
  const type = bytes.readUInt8(at);
  const within =
    type === JSON_TYPE.literal ||
    type === JSON_TYPE.int16 ||
    type === JSON_TYPE.uint16 ||
    (width === 4 && (type === JSON_TYPE.int32 || type === JSON_TYPE.uint32));
  const start = within ? at + 1 : bytes.readUIntLE(at + 1, width);
  if (!within && (start < 2 * width || start >= bytes.length)) {
    throw malformed("a JSON value lies outside its document");
  }
  return printValue(type, bytes.subarray(start), depth + 1);
}

/** Checks the container's size and gives its bytes. */
function container(bytes: Buffer, width: 2 | 4, entryBytes: number): Buffer {
  const count = bytes.readUIntLE(0, width);
  const size = bytes.readUIntLE(width, width);
  if (size > bytes.length || count * entryBytes + 2 * width > size) {
    throw malformed("a JSON container ends too early");
  }
  return bytes.subarray(0, size);
}

function printArray(bytes: Buffer, width: 2 | 4, depth: number): string {
  const content = container(bytes, width, width + 1);
  const count = content.readUIntLE(0, width);
  const parts: string[] = [];
  for (let index = 0; index < count; index += 1) {
    parts.push(printEntry(content, 2 * width + index * (width + 1), width, depth));
  }
  return `[${parts.join(", ")}]`;
}

function printObject(bytes: Buffer, width: 2 | 4, depth: number): string {
  const keyEntry = width + 2;
  const content = container(bytes, width, keyEntry + width + 1);
  const count = content.readUIntLE(0, width);
  const values = 2 * width + count * keyEntry;
  const parts: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = 2 * width + index * keyEntry;
    const start = content.readUIntLE(at, width);
    const end = start + content.readUInt16LE(at + width);
    if (end > content.length) throw malformed("a JSON key lies outside its document");
    const key = quote(content.toString("utf8", start, end));
    parts.push(`${key}: ${printEntry(content, values + index * (width + 1), width, depth)}`);
  }
  return `{${parts.join(", ")}}`;
}

/** Bytes with their length in front: seven bits a byte, the lowest first. */
function sized(bytes: Buffer, at: number): Buffer {
  let length = 0;
  let shift = 1;
  for (let count = 0; count < 5; count += 1) {
    const byte = bytes.readUInt8(at);
    at += 1;
    length += (byte & 0x7f) * shift;
    shift *= 128;
    if (byte < 0x80) {
      if (at + length > bytes.length) throw malformed("a JSON string ends too early");
      return bytes.subarray(at, at + length);
    }
  }
  throw malformed("the length of a JSON string is too long");
}

function printJsonDouble(value: number): string {
  const text = printMysqlDouble(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
  '"': '\\"',
  "\\": "\\\\",
};

const ESCAPED = /[\x00-\x1f"\\]/g;

function quote(text: string): string {
  const escaped = text.replace(
    ESCAPED,
    (c) => SHORT_ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

/** SQL values that JSON has no type for. */
function printOpaque(bytes: Buffer): string {
  const type = bytes.readUInt8(0);
  const content = sized(bytes, 1);
  switch (type) {
    case TYPE.newdecimal: {
      const precision = content.readUInt8(0);
      const scale = content.readUInt8(1);
      if (scale > precision || content.length < 2 + packedDecimalBytes(precision, scale)) {
        throw malformed("a decimal in a JSON document ends too early");
      }
      return printDecimal(readPackedDecimal(content, 2, precision, scale));
    }
    case TYPE.date: {
      const { year, month, day } = unpackCivilDatetime(content.readBigInt64LE(0));
      return `"${printCivilDate(packCivilDate(year, month, day))}"`;
    }
    case TYPE.datetime:
    case TYPE.timestamp:
      return `"${printCivilDatetime(content.readBigInt64LE(0), 6)}"`;
    case TYPE.time:
      return `"${printMysqlTime(timeOfPacked(Number(content.readBigInt64LE(0))), 6)}"`;
    case TYPE.decimal:
    case TYPE.null:
      throw new BinlogError("unsupported", `a JSON document holds a value of type ${type}`);
    default:
      return quote(`base64:type${type}:${mysqlBase64(content)}`);
  }
}

const BASE64_LINE = 76;

/** The server breaks base64 into lines. */
function mysqlBase64(bytes: Buffer): string {
  const text = bytes.toString("base64");
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += BASE64_LINE)
    lines.push(text.slice(at, at + BASE64_LINE));
  return lines.join("\n");
}
