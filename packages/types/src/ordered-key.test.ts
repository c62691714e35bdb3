import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALL_KINDS, typeOfKind, valueOfKind } from "../test/value-arbitraries.ts";
import { ByteScratch } from "./byte-scratch.ts";
import { compareValues, equalValues } from "./compare.ts";
import { groupKey } from "./group-key.ts";
import { appendKey, keyAppender } from "./ordered-key.ts";
import type { Row, SqlType, Value } from "./value.ts";

function keyOf(types: readonly SqlType[], row: Row): Buffer {
  const out = new ByteScratch(1);
  appendKey(
    out,
    types.map(keyAppender),
    row,
    types.map((_, index) => index),
  );
  return out.copy();
}

function compareNullable(type: SqlType, a: Value, b: Value): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return Math.sign(compareValues(type, a, b));
}

describe("ordered keys", () => {
  test.each(ALL_KINDS)("%s: the bytes are ordered as the values", (kind) => {
    const type = typeOfKind(kind);
    const value = fc.option(valueOfKind(kind), { nil: null, freq: 10 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const bytes = keyOf([type], [a]).compare(keyOf([type], [b]));
        expect(bytes).toBe(compareNullable(type, a, b));
      }),
      { numRuns: 500 },
    );
  });

  test("an unsigned bigint reaches 2^64 - 1", () => {
    const type = { ...typeOfKind("bigint"), unsigned: true };
    const values = [0n, 1n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n];
    const keys = values.map((value) => keyOf([type], [value]));
    expect([...keys].sort((a, b) => a.compare(b))).toEqual(keys);
    expect(new Set(keys.map((key) => key.toString("hex"))).size).toBe(values.length);
  });

  test.each(["utf8mb4_0900_ai_ci", "utf8mb4_unicode_ci", "utf8mb4_bin", "latin1_swedish_ci"])(
    "%s: texts have the order and the equality of their weights",
    (name) => {
      const collation = { name, equality: "weights", order: "weights" } as const;
      const type: SqlType = { ...typeOfKind("text"), collation };
      fc.assert(
        fc.property(valueOfKind("text"), valueOfKind("text"), (a, b) => {
          const left = keyOf([type], [a]);
          const right = keyOf([type], [b]);
          const order = Math.sign(compareValues(type, a, b));
          expect(left.compare(right)).toBe(order);
          expect(equalValues(type, a, b)).toBe(order === 0);
          expect(groupKey([type], [a]) === groupKey([type], [b])).toBe(order === 0);
          if (order !== 0) expect(right.subarray(0, left.length).equals(left)).toBe(false);
        }),
        { numRuns: 1000 },
      );
    },
  );

  test("the empty label, which no member is, comes before all members", () => {
    const type = typeOfKind("enum");
    const first = type.enumLabels![0]!;
    expect(keyOf([type], [""]).compare(keyOf([type], [first]))).toBe(-1);
    expect(compareValues(type, "", first)).toBeLessThan(0);
  });

  test("tuples are ordered column by column and no key is another's prefix", () => {
    const tuples = fc
      .array(fc.constantFrom(...ALL_KINDS), { minLength: 1, maxLength: 3 })
      .chain((kinds) => {
        const row = fc.tuple(...kinds.map((kind) => fc.option(valueOfKind(kind), { nil: null })));
        return fc.tuple(fc.constant(kinds.map(typeOfKind)), row, row);
      });
    fc.assert(
      fc.property(tuples, ([types, a, b]) => {
        const left = keyOf(types, a);
        const right = keyOf(types, b);
        const expected = types
          .map((type, index) => compareNullable(type, a[index] ?? null, b[index] ?? null))
          .find((order) => order !== 0);
        expect(left.compare(right)).toBe(expected ?? 0);
        if (expected !== undefined) {
          expect(right.subarray(0, left.length).equals(left)).toBe(false);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("a label that the enum does not have is refused", () => {
    expect(() => keyOf([typeOfKind("enum")], ["unknown"])).toThrow("no label");
  });
});
