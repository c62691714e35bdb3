/**
 * SQL values in flight. Each `ValueKind` fixes one JavaScript representation, so that comparing
 * and hashing need no dialect. What is only carried and never computed on stays the upstream's
 * own text (`opaque`).
 */

/** Exact decimal: value = unscaled / 10^scale; the scale is the display scale. */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
  /** NaN and the infinities (Postgres 14+) have unscaled 0n and this tag. */
  readonly special?: "NaN" | "Infinity" | "-Infinity";
}

/** Postgres interval: the three fields are independent; 1 month is not 30 days until compared. */
export interface Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

export type Value = null | boolean | number | bigint | string | Decimal | Interval;

export type Row = readonly Value[];

/**
 * | kind        | representation                                                            |
 * |-------------|---------------------------------------------------------------------------|
 * | bool        | boolean                                                                   |
 * | int         | number: 2- and 4-byte integers, oid                                       |
 * | bigint      | bigint: 8-byte integers                                                   |
 * | float4      | number, already rounded to single precision                               |
 * | float8      | number                                                                    |
 * | decimal     | Decimal                                                                   |
 * | text        | string (Unicode); compared by code point = by UTF-8 byte                   |
 * | bpchar      | string as the upstream prints it (padded); trailing spaces do not compare |
 * | uuid        | string, canonical lower case                                              |
 * | bytes       | string, canonical `\x` + lower-case hex (orders as the bytes do)           |
 * | date        | number: days since 2000-01-01; ±Infinity                                  |
 * | time        | number: microseconds since midnight                                       |
 * | timestamp   | bigint: microseconds since 2000-01-01; ±infinity are the extreme int64     |
 * | timestamptz | the same, in UTC                                                          |
 * | civildate   | number: year * 512 + month * 32 + day (MySQL; zero and partial dates too) |
 * | civildatetime | bigint: MySQL's packed form (`civil-datetime.ts`); 0n is the zero value |
 * | interval    | Interval                                                                  |
 * | enum        | string label; ordered by `enumLabels`                                     |
 * | opaque      | string, the upstream's text; may be output and tested for NULL, no more    |
 */
export type ValueKind =
  | "bool"
  | "int"
  | "bigint"
  | "float4"
  | "float8"
  | "decimal"
  | "text"
  | "bpchar"
  | "uuid"
  | "bytes"
  | "date"
  | "time"
  | "timestamp"
  | "timestamptz"
  | "civildate"
  | "civildatetime"
  | "interval"
  | "enum"
  | "opaque";

export const TIMESTAMP_INFINITY = 9223372036854775807n;
export const TIMESTAMP_NEGATIVE_INFINITY = -9223372036854775808n;

/**
 * What is proven about a collation. `equality: "bytes"`: equal iff the bytes are equal (every
 * deterministic Postgres collation). `order: "bytes"`: sorts as the UTF-8 bytes do (C, POSIX,
 * or proven by probing the upstream). `weights`: as the sort keys of `collatorOf(name)` do
 * (MySQL). `none`: nothing may be computed from it.
 */
export interface Collation {
  readonly name: string;
  readonly equality: "bytes" | "weights" | "none";
  readonly order: "bytes" | "weights" | "none";
}

/**
 * A column's or expression's type. `upstreamId` is the dialect's own id (Postgres: type oid,
 * MySQL: the protocol's column type).
 */
export interface SqlType {
  readonly kind: ValueKind;
  readonly upstreamId: number;
  /** The name a user knows, e.g. `int4`, `character varying`. */
  readonly name: string;
  /**
   * The dialect's modifier, -1 when none. Postgres: atttypmod. MySQL: length in characters,
   * fractional digits of a time, `precision << 8 | scale` of a decimal.
   */
  readonly modifier: number;
  /** Integers only: the range starts at 0 (Postgres oid, MySQL UNSIGNED). */
  readonly unsigned?: boolean;
  readonly collation?: Collation;
  readonly enumLabels?: readonly string[];
}
