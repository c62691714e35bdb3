import { COUNT } from "../dialect.ts";
import type { Cursor } from "./packets.ts";
import { lengthEncoded, uint } from "./packets.ts";

const TYPE = {
  tiny: 0x01,
  short: 0x02,
  long: 0x03,
  float: 0x04,
  double: 0x05,
  longlong: 0x08,
  int24: 0x09,
  date: 0x0a,
  time: 0x0b,
  datetime: 0x0c,
  timestamp: 0x07,
  year: 0x0d,
  newdecimal: 0xf6,
  blob: 0xfc,
  varString: 0xfd,
} as const;

const FIXED_SIZES: ReadonlyMap<number, number> = new Map<number, number>([
  [TYPE.tiny, 1],
  [TYPE.short, 2],
  [TYPE.year, 2],
  [TYPE.long, 4],
  [TYPE.int24, 4],
  [TYPE.float, 4],
  [TYPE.double, 8],
  [TYPE.longlong, 8],
]);

const TIMED = new Set<number>([TYPE.date, TYPE.time, TYPE.datetime, TYPE.timestamp]);

const INTEGERS = new Set<number>([
  ...[TYPE.tiny, TYPE.short, TYPE.year, TYPE.long, TYPE.int24, TYPE.longlong],
]);

/**
 * One value of a binary row. Integers become digits, because the ranked query may have them in
 * another width; anything else stays its bytes, as latin1 text.
 */
export function binaryValue(cursor: Cursor, type: number, unsigned: boolean): string | null {
  const size = FIXED_SIZES.get(type) ?? (TIMED.has(type) ? cursor.uint(1) : null);
  if (size === null) return cursor.text();
  const bytes = cursor.bytes(size);
  if (!INTEGERS.has(type)) return bytes.toString("latin1");
  const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return String(unsigned ? value : BigInt.asIntN(size * 8, value));
}

export interface BoundValue {
  readonly type: number;
  readonly unsigned: boolean;
  /** Null for NULL. */
  readonly bytes: Buffer | null;
}

/** A value as a driver would bind it that knows the column's type; as a text without one. */
export function boundValue(value: string | null, type: string | undefined): BoundValue {
  const asText = { type: TYPE.varString, unsigned: false };
  const text = (): BoundValue => ({
    ...asText,
    bytes: value === null ? null : lengthEncoded(Buffer.from(value, "utf8")),
  });
  if (type === undefined) {
    return text();
  }
  if (value === null) return { ...asText, bytes: null };
  const unsigned = type.includes("unsigned") || type.startsWith("bit");
  if (/^(count|tinyint|smallint|mediumint|int|bigint|bit|year)\b/.test(type)) {
    if (!/^-?\d+$/.test(value)) return text();
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
    return { type: TYPE.longlong, unsigned: unsigned && type !== COUNT, bytes };
  }
  if (type.startsWith("decimal")) {
    return { type: TYPE.newdecimal, unsigned: false, bytes: lengthEncoded(Buffer.from(value)) };
  }
  if (/^(float|double)/.test(type)) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(Number(value));
    return { type: TYPE.double, unsigned: false, bytes };
  }
  if (/binary|blob/.test(type)) {
    return { type: TYPE.blob, unsigned: false, bytes: lengthEncoded(Buffer.from(value, "hex")) };
  }
  return dateValue(value, type) ?? text();
}

/** DATE, DATETIME and TIMESTAMP as parts; null for what drivers cannot send so. */
function dateValue(value: string, type: string): BoundValue | null {
  if (!/^(date|timestamp)/.test(type)) return null;
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?$/.exec(value);
  if (parts === null) return null;
  const [year, month, day, hours, minutes, seconds] = parts.slice(1, 7).map(Number);
  const date = [uint(year!, 2), uint(month!, 1), uint(day!, 1)];
  if (hours === undefined || Number.isNaN(hours)) {
    return { type: TYPE.date, unsigned: false, bytes: Buffer.concat([uint(4, 1), ...date]) };
  }
  const time = [hours, minutes!, seconds!].map((part) => uint(part, 1));
  const micros = uint(Number((parts[7] ?? "").padEnd(6, "0")), 4);
  const bytes = Buffer.concat([uint(11, 1), ...date, ...time, micros]);
  return { type: TYPE.datetime, unsigned: false, bytes };
}
