import { InvariantError } from "@freshet/util";
import { readDecimal, writeDecimal } from "./row-decimal.ts";
import { ByteScratch } from "./byte-scratch.ts";
import type { Decimal, Interval, Row, SqlType, Value } from "./value.ts";

/**
 * A packed row:
 *
 *     null bitmap | fixed-width columns | end offset (u32) of each variable column | their bytes
 *
 * Everything is little-endian; every column's place is known from the layout alone, so one column
 * is read without touching the others. Equal rows (same values, same decimal scales) have equal
 * bytes and different rows have different bytes. A null fixed-width column is zeros.
 */
export interface RowLayout {
  readonly types: readonly SqlType[];
  /** Packs a full-width row into the shared scratch: copy or store it before the next `encode`. */
  encode(row: Row): ByteScratch;
  /** Reads the given columns, in the given order, from the packed row at `offset`. */
  decode(bytes: Buffer, columns: readonly number[], offset?: number): Value[];
  /** Reads the whole row. */
  decodeRow(bytes: Buffer, offset?: number): Value[];
}

const OP_BOOL = 0;
const OP_INT = 1;
const OP_UINT = 2;
const OP_INT64 = 3;
const OP_FLOAT4 = 4;
const OP_FLOAT8 = 5;
const OP_DATE = 6;
const OP_INTERVAL = 7;
const OP_UUID = 8;
const OP_UINT64 = 9;
/** Operations from here on are of variable width. */
const OP_TEXT = 10;
const OP_BYTES = 11;
const OP_DECIMAL = 12;

const DATE_INFINITY = 0x7fffffff;
const DATE_NEGATIVE_INFINITY = -0x80000000;
const WIDTHS = [1, 4, 4, 8, 4, 8, 4, 16, 16, 8, 0, 0, 0];

const scratch = new ByteScratch(1024);

export function compileLayout(types: readonly SqlType[]): RowLayout {
  return new CompiledLayout(types);
}

class CompiledLayout implements RowLayout {
  readonly types: readonly SqlType[];
  readonly #ops: Uint8Array;
  /** A fixed column's offset, or the offset of a variable column's end offset. */
  readonly #places: Uint32Array;
  readonly #all: readonly number[];
  readonly #bitmapBytes: number;
  readonly #firstVariablePlace: number;
  readonly #headBytes: number;

  constructor(types: readonly SqlType[]) {
    this.types = types;
    this.#ops = Uint8Array.from(types, operationOf);
    this.#places = new Uint32Array(types.length);
    this.#all = types.map((_, index) => index);
    this.#bitmapBytes = (types.length + 7) >> 3;
    let place = this.#bitmapBytes;
    this.#ops.forEach((op, index) => {
      if (op >= OP_TEXT) return;
      this.#places[index] = place;
      place += WIDTHS[op] ?? 0;
    });
    this.#firstVariablePlace = place;
    this.#ops.forEach((op, index) => {
      if (op < OP_TEXT) return;
      this.#places[index] = place;
      place += 4;
    });
    this.#headBytes = place;
  }

  encode(row: Row): ByteScratch {
    const ops = this.#ops;
    if (row.length !== ops.length) {
      throw new InvariantError(`a row of ${row.length} values for ${ops.length} columns`);
    }
    scratch.reset();
    scratch.reserve(this.#headBytes);
    scratch.bytes.fill(0, 0, this.#headBytes);
    scratch.length = this.#headBytes;
    for (let index = 0; index < ops.length; index++) {
      const value = row[index];
      const op = ops[index] as number;
      if (value === null || value === undefined) {
        const at = index >> 3;
        scratch.bytes[at] = (scratch.bytes[at] as number) | (1 << (index & 7));
      } else if (op >= OP_TEXT) {
        writeVariable(op, value);
      } else {
        writeFixed(op, this.#places[index] as number, value);
      }
      if (op >= OP_TEXT) {
        scratch.bytes.writeUInt32LE(scratch.length - this.#headBytes, this.#places[index]);
      }
    }
    return scratch;
  }

  decodeRow(bytes: Buffer, offset = 0): Value[] {
    return this.decode(bytes, this.#all, offset);
  }

  decode(bytes: Buffer, columns: readonly number[], offset = 0): Value[] {
    const row: Value[] = [];
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index] as number;
      if (((bytes[offset + (column >> 3)] as number) & (1 << (column & 7))) !== 0) {
        row.push(null);
        continue;
      }
      const op = this.#ops[column] as number;
      const place = offset + (this.#places[column] as number);
      if (op < OP_TEXT) {
        row.push(readFixed(op, bytes, place));
        continue;
      }
      const base = offset + this.#headBytes;
      const end = base + readUint32(bytes, place);
      const first = place - offset === this.#firstVariablePlace;
      const start = first ? base : base + readUint32(bytes, place - 4);
      row.push(readVariable(op, bytes, start, end));
    }
    return row;
  }
}

function operationOf(type: SqlType): number {
  switch (type.kind) {
    case "bool":
      return OP_BOOL;
    case "int":
      return type.unsigned === true ? OP_UINT : OP_INT;
    case "civildate":
      return OP_INT;
    case "bigint":
      return type.unsigned === true ? OP_UINT64 : OP_INT64;
    case "timestamp":
    case "timestamptz":
    case "civildatetime":
      return OP_INT64;
    case "float4":
      return OP_FLOAT4;
    case "float8":
    case "time":
      return OP_FLOAT8;
    case "date":
      return OP_DATE;
    case "interval":
      return OP_INTERVAL;
    case "uuid":
      return OP_UUID;
    case "bytes":
      return OP_BYTES;
    case "decimal":
      return OP_DECIMAL;
    case "text":
    case "bpchar":
    case "enum":
    case "opaque":
      return OP_TEXT;
  }
}

function writeFixed(op: number, place: number, value: NonNullable<Value>): void {
  const bytes = scratch.bytes;
  switch (op) {
    case OP_BOOL:
      bytes[place] = value === true ? 1 : 0;
      return;
    case OP_INT:
      if (value !== ((value as number) | 0)) throw unstorable(value);
      bytes.writeInt32LE(value as number, place);
      return;
    case OP_UINT:
      if (value !== (value as number) >>> 0) throw unstorable(value);
      bytes.writeUInt32LE(value as number, place);
      return;
    case OP_INT64:
      if (typeof value !== "bigint") throw unstorable(value);
      bytes.writeBigInt64LE(value, place);
      return;
    case OP_UINT64:
      if (typeof value !== "bigint") throw unstorable(value);
      bytes.writeBigUInt64LE(value, place);
      return;
    case OP_FLOAT4:
      if (!Object.is(Math.fround(value as number), value)) throw unstorable(value);
      // One NaN of the many bit patterns: equal rows have equal bytes.
      if (value !== value) bytes.writeUInt32LE(0x7fc00000, place);
      else bytes.writeFloatLE(value as number, place);
      return;
    case OP_FLOAT8:
      if (typeof value !== "number") throw unstorable(value);
      if (value !== value) bytes.writeBigUInt64LE(0x7ff8000000000000n, place);
      else bytes.writeDoubleLE(value, place);
      return;
    case OP_DATE:
      bytes.writeInt32LE(dateToInt(value as number), place);
      return;
    case OP_INTERVAL: {
      const interval = value as Interval;
      bytes.writeInt32LE(interval.months, place);
      bytes.writeInt32LE(interval.days, place + 4);
      bytes.writeBigInt64LE(interval.micros, place + 8);
      return;
    }
    case OP_UUID: {
      const hex = (value as string).replaceAll("-", "");
      if (bytes.write(hex, place, 16, "hex") !== 16 || hex.length !== 32) throw unstorable(value);
      return;
    }
  }
}

function writeVariable(op: number, value: NonNullable<Value>): void {
  if (op === OP_TEXT) {
    if (typeof value !== "string") throw unstorable(value);
    scratch.appendText(value);
  } else if (op === OP_BYTES) {
    if (typeof value !== "string") throw unstorable(value);
    scratch.appendHex(value, 2);
  } else writeDecimal(scratch, value as Decimal);
}

function readFixed(op: number, bytes: Buffer, place: number): Value {
  switch (op) {
    case OP_BOOL:
      return bytes[place] === 1;
    case OP_INT:
      return readUint32(bytes, place) | 0;
    case OP_UINT:
      return readUint32(bytes, place);
    case OP_INT64:
      return readInt64(bytes, place);
    case OP_UINT64:
      return BigInt.asUintN(64, readInt64(bytes, place));
    case OP_FLOAT4:
      return bytes.readFloatLE(place);
    case OP_FLOAT8:
      return bytes.readDoubleLE(place);
    case OP_DATE:
      return dateFromInt(readUint32(bytes, place) | 0);
    case OP_INTERVAL:
      return {
        months: readUint32(bytes, place) | 0,
        days: readUint32(bytes, place + 4) | 0,
        micros: readInt64(bytes, place + 8),
      };
    default: {
      const hex = bytes.toString("hex", place, place + 16);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    }
  }
}

function readVariable(op: number, bytes: Buffer, start: number, end: number): Value {
  if (op === OP_TEXT) return bytes.toString("utf8", start, end);
  if (op === OP_BYTES) return `\\x${bytes.toString("hex", start, end)}`;
  return readDecimal(bytes, start, end);
}

function readUint32(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

const int64 = new BigInt64Array(1);
const int64Halves = new Uint32Array(int64.buffer);
const LOW_HALF = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1;

/** Reading through a typed array spares the arithmetic on BigInts that readBigInt64LE does. */
function readInt64(bytes: Buffer, at: number): bigint {
  int64Halves[LOW_HALF] = readUint32(bytes, at);
  int64Halves[1 - LOW_HALF] = readUint32(bytes, at + 4);
  return int64[0] as bigint;
}

function dateToInt(days: number): number {
  if (days === Infinity) return DATE_INFINITY;
  if (days === -Infinity) return DATE_NEGATIVE_INFINITY;
  if (days !== (days | 0) || days === DATE_INFINITY || days === DATE_NEGATIVE_INFINITY) {
    throw unstorable(days);
  }
  return days;
}

function dateFromInt(stored: number): number {
  if (stored === DATE_INFINITY) return Infinity;
  return stored === DATE_NEGATIVE_INFINITY ? -Infinity : stored;
}

function unstorable(value: NonNullable<Value>): InvariantError {
  return new InvariantError(`a value does not fit its column's type: ${String(value)}`);
}
