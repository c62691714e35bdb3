import { InvariantError } from "@freshet/util";
import type { ByteScratch } from "./byte-scratch.ts";
import { typeCollator } from "./collation/type-collator.ts";
import { appendDecimalKey } from "./ordered-key-decimal.ts";
import type { Decimal, Interval, Row, SqlType, Value } from "./value.ts";

/**
 * Order-preserving keys: comparing the bytes compares the values (ascending, NULLS LAST), equal
 * values have one encoding and no encoding is a prefix of another's. Each column is a marker
 * (`PRESENT` or `ABSENT`) and then, when present, bytes of a self-delimiting form. What compares
 * equal is one key: 1.0 and 1.00, -0 and 0, '1 mon' and '30 days', char(n) with and without padding.
 */
export const KEY_PRESENT = 0x01;
export const KEY_NULL = 0x02;

const BIAS_128 = 1n << 127n;
const MASK_64 = 0xffffffffffffffffn;
const MICROS_PER_DAY = 86_400_000_000n;

/** Appends one value (or null) to a key. */
export type KeyAppender = (out: ByteScratch, value: Value) => void;

/** Appends `row`'s given columns; one appender per position of the full row. */
export function appendKey(
  out: ByteScratch,
  appenders: readonly KeyAppender[],
  row: Row,
  columns: readonly number[],
): void {
  for (let index = 0; index < columns.length; index++) {
    const column = columns[index] as number;
    (appenders[column] as KeyAppender)(out, row[column] as Value);
  }
}

/** The appender of a type. An enum label that the type does not have is an InvariantError. */
export function keyAppender(type: SqlType): KeyAppender {
  const present = presentAppender(type);
  return (out, value) => {
    if (value === null) out.appendByte(KEY_NULL);
    else {
      out.appendByte(KEY_PRESENT);
      present(out, value);
    }
  };
}

function presentAppender(type: SqlType): (out: ByteScratch, value: NonNullable<Value>) => void {
  switch (type.kind) {
    case "bool":
      return (out, value) => out.appendByte(value === true ? 1 : 0);
    case "int":
    case "date":
    case "civildate":
    case "time":
    case "float4":
    case "float8":
      return (out, value) => appendNumber(out, value as number);
    case "bigint":
      if (type.unsigned === true) return (out, value) => appendUint64(out, value as bigint);
      return (out, value) => appendInt64(out, value as bigint);
    case "timestamp":
    case "timestamptz":
    case "civildatetime":
      return (out, value) => appendInt64(out, value as bigint);
    case "decimal":
      return (out, value) => appendDecimalKey(out, value as Decimal);
    case "text": {
      const collator = typeCollator(type);
      if (collator === null) return (out, value) => appendText(out, value as string);
      return (out, value) => appendUnits(out, collator.sortKey(value as string));
    }
    case "opaque":
      return (out, value) => appendText(out, value as string);
    case "bpchar":
      return (out, value) => appendText(out, withoutPadding(value as string));
    case "uuid":
      return (out, value) => out.appendHex((value as string).replaceAll("-", ""), 0);
    case "bytes":
      return (out, value) => {
        const start = out.length;
        out.appendHex(value as string, 2);
        terminate(out, start);
      };
    case "interval":
      return (out, value) => appendInterval(out, value as Interval);
    case "enum":
      return enumAppender(type);
  }
}

const float = new Float64Array(1);
const floatHalves = new Uint32Array(float.buffer);
const LOW_HALF = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;

/**
 * Integers too: the order of doubles is theirs, and so the key of a number does not depend on the
 * width of its column. NaN has a positive sign here and so comes last, -0 becomes 0.
 */
function appendNumber(out: ByteScratch, value: number): void {
  float[0] = value === 0 ? 0 : value;
  let high = floatHalves[1 - LOW_HALF] as number;
  let low = floatHalves[LOW_HALF] as number;
  if (value !== value) {
    high = 0x7ff80000;
    low = 0;
  }
  if (high >>> 31 === 1) {
    out.appendUint32(~high);
    out.appendUint32(~low);
  } else {
    out.appendUint32(high | 0x80000000);
    out.appendUint32(low);
  }
}

const int64 = new BigInt64Array(1);
const int64Halves = new Uint32Array(int64.buffer);

function appendInt64(out: ByteScratch, value: bigint): void {
  int64[0] = value;
  out.appendUint32((int64Halves[1 - LOW_HALF] as number) ^ 0x80000000);
  out.appendUint32(int64Halves[LOW_HALF] as number);
}

/** The numbers from 0 to 2^64 - 1. */
function appendUint64(out: ByteScratch, value: bigint): void {
  int64[0] = value;
  out.appendUint32(int64Halves[1 - LOW_HALF] as number);
  out.appendUint32(int64Halves[LOW_HALF] as number);
}

/** 16-bit units that are weights: as UTF-8 writes the code points of these numbers. */
function appendUnits(out: ByteScratch, units: string): void {
  const start = out.length;
  out.reserve(units.length * 3);
  const bytes = out.bytes;
  let to = start;
  for (let at = 0; at < units.length; at++) {
    const unit = units.charCodeAt(at);
    if (unit < 0x80) bytes[to++] = unit;
    else {
      if (unit < 0x800) bytes[to++] = 0xc0 | (unit >> 6);
      else {
        bytes[to++] = 0xe0 | (unit >> 12);
        bytes[to++] = 0x80 | ((unit >> 6) & 0x3f);
      }
      bytes[to++] = 0x80 | (unit & 0x3f);
    }
  }
  out.length = to;
  terminate(out, start);
}

function appendText(out: ByteScratch, text: string): void {
  const start = out.length;
  out.appendText(text);
  terminate(out, start);
}

/** Zero bytes become 00 FF, the end is 00 00: an end sorts before every continuation. */
function terminate(out: ByteScratch, start: number): void {
  if (out.bytes.subarray(start, out.length).includes(0)) {
    const raw = Buffer.from(out.bytes.subarray(start, out.length));
    out.length = start;
    for (const byte of raw) {
      out.appendByte(byte);
      if (byte === 0) out.appendByte(0xff);
    }
  }
  out.appendUint16(0);
}

function withoutPadding(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** Postgres compares intervals by their length with 30-day months and 24-hour days. */
function appendInterval(out: ByteScratch, value: Interval): void {
  const days = BigInt(value.months) * 30n + BigInt(value.days);
  const biased = days * MICROS_PER_DAY + value.micros + BIAS_128;
  out.reserve(16);
  out.length = out.bytes.writeBigUInt64BE((biased >> 64n) & MASK_64, out.length);
  out.length = out.bytes.writeBigUInt64BE(biased & MASK_64, out.length);
}

function enumAppender(type: SqlType): (out: ByteScratch, value: NonNullable<Value>) => void {
  // MySQL: the empty label is the invalid value, before all members.
  const labels = (type.enumLabels ?? []).map((label, index) => [label, index + 1] as const);
  const positions = new Map([["", 0], ...labels]);
  return (out, value) => {
    const position = positions.get(value as string);
    if (position === undefined) {
      throw new InvariantError(`enum ${type.name} has no label ${JSON.stringify(value)}`);
    }
    out.appendUint32(position);
  };
}
