import fc from "fast-check";
import { TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY } from "../src/value.ts";
import type { Decimal, Interval, SqlType, Value, ValueKind } from "../src/value.ts";

export const ALL_KINDS: readonly ValueKind[] = [
  "bool",
  "int",
  "bigint",
  "float4",
  "float8",
  "decimal",
  "text",
  "bpchar",
  "uuid",
  "bytes",
  "date",
  "time",
  "timestamp",
  "timestamptz",
  "civildate",
  "civildatetime",
  "interval",
  "enum",
  "opaque",
];

const ENUM_LABELS = ["small", "medium", "large", "Äpfel"];

export function typeOfKind(kind: ValueKind): SqlType {
  const type = { kind, upstreamId: 0, name: kind, modifier: -1 };
  return kind === "enum" ? { ...type, enumLabels: ENUM_LABELS } : type;
}

/** '9999-12-31 23:59:59.999999' */
const CIVIL_DATETIME_MAX =
  ((((9999n * 13n + 12n) << 5n) | 31n) << 41n) |
  (23n << 36n) |
  (59n << 30n) |
  (59n << 24n) |
  999_999n;
const int64 = fc.oneof(
  fc.bigInt({ min: -5n, max: 5n }),
  fc.bigInt({ min: TIMESTAMP_NEGATIVE_INFINITY, max: TIMESTAMP_INFINITY }),
  fc.constantFrom(TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY),
);
const int32 = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer());
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const decimal: fc.Arbitrary<Decimal> = fc.oneof(
  fc
    .tuple(fc.bigInt({ min: -200n, max: 200n }), fc.nat(4))
    .map(([unscaled, scale]) => ({ unscaled, scale })),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat(60))
    .map(([unscaled, scale]) => ({ unscaled, scale })),
  fc.constantFrom<Decimal>(
    { unscaled: 0n, scale: 0, special: "NaN" },
    { unscaled: 0n, scale: 0, special: "Infinity" },
    { unscaled: 0n, scale: 0, special: "-Infinity" },
  ),
);
const interval: fc.Arbitrary<Interval> = fc.oneof(
  fc
    .tuple(
      fc.integer({ min: -2, max: 2 }),
      fc.integer({ min: -60, max: 60 }),
      fc.constantFrom(0n, 1n, -1n, 86_400_000_000n, -86_400_000_000n),
    )
    .map(([months, days, micros]) => ({ months, days, micros })),
  fc
    .tuple(fc.integer(), fc.integer(), int64)
    .map(([months, days, micros]) => ({ months, days, micros })),
);
/** No lone surrogates: the upstreams have only valid UTF-8. */
const text = fc.oneof(
  fc.string({
    unit: fc.constantFrom("a", "b", "\u0000", "\u0001", "é", "\uffff", "😀"),
    maxLength: 5,
  }),
  fc.string({ unit: "binary", maxLength: 40 }),
);
/** Longer than any key may be, and often alike as far as keys go. */
const longText = fc
  .tuple(fc.integer({ min: 860, max: 3000 }), fc.string({ maxLength: 3 }))
  .map(([length, end]) => "x".repeat(length) + end);

export interface ArbitraryOptions {
  readonly long?: boolean;
}

export function valueOfKind(
  kind: ValueKind,
  options: ArbitraryOptions = {},
): fc.Arbitrary<NonNullable<Value>> {
  const someText = options.long === true ? fc.oneof(text, longText) : text;
  switch (kind) {
    case "bool":
      return fc.boolean();
    case "int":
      return int32;
    case "bigint":
    case "timestamp":
    case "timestamptz":
      return int64;
    case "float4":
      return fc.oneof(fc.float(), fc.constantFrom(0, -0, NaN, Infinity, -Infinity));
    case "float8":
      return fc.oneof(fc.double(), fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1));
    case "decimal":
      return decimal;
    case "text":
    case "opaque":
      return someText;
    case "bpchar":
      return fc.tuple(text, fc.nat(3)).map(([start, spaces]) => start + " ".repeat(spaces));
    case "uuid":
      return fc.uuid();
    case "bytes":
      return fc.uint8Array({ maxLength: 20 }).map((bytes) => `\\x${hex(bytes)}`);
    case "date":
      return fc.oneof(
        fc.integer({ min: -2_451_545, max: 2_145_031_948 }),
        fc.constantFrom(Infinity, -Infinity, 0, -1),
      );
    case "time":
      return fc.integer({ min: 0, max: 86_400_000_000 });
    case "civildate":
      return fc.integer({ min: 0, max: 9999 * 512 + 12 * 32 + 31 });
    case "civildatetime":
      return fc.bigInt({ min: 0n, max: CIVIL_DATETIME_MAX });
    case "interval":
      return interval;
    case "enum":
      return fc.constantFrom(...ENUM_LABELS);
  }
}
