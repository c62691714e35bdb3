import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALL_KINDS, typeOfKind, valueOfKind } from "../test/value-arbitraries.ts";
import { compileLayout } from "./row-layout.ts";

const rows = fc.array(fc.constantFrom(...ALL_KINDS), { maxLength: 20 }).chain((kinds) => {
  const row = fc.tuple(
    ...kinds.map((kind) => fc.option(valueOfKind(kind, { long: true }), { nil: null })),
  );
  const columns = kinds.length === 0 ? fc.constant([]) : fc.array(fc.nat(kinds.length - 1));
  return fc.tuple(fc.constant(kinds.map(typeOfKind)), row, row, columns, fc.nat(9));
});

describe("packed rows", () => {
  test("give back what was put in, whole or any columns, at any offset", () => {
    fc.assert(
      fc.property(rows, ([types, row, , columns, offset]) => {
        const layout = compileLayout(types);
        const packed = Buffer.concat([Buffer.alloc(offset, 0xff), layout.encode(row).copy()]);
        expect(layout.decodeRow(packed, offset)).toStrictEqual(row);
        expect(layout.decode(packed, columns, offset)).toStrictEqual(
          columns.map((column) => row[column]),
        );
      }),
      { numRuns: 1000 },
    );
  });

  test("have equal bytes only for equal rows", () => {
    fc.assert(
      fc.property(rows, ([types, a, b]) => {
        const layout = compileLayout(types);
        const left = layout.encode(a).copy();
        expect(layout.encode(a).copy().equals(left)).toBe(true);
        const same = a.every((value, index) => identical(value, b[index] ?? null));
        expect(layout.encode(b).copy().equals(left)).toBe(same);
      }),
      { numRuns: 1000 },
    );
  });

  test("unsigned integers", () => {
    const oid = compileLayout([{ ...typeOfKind("int"), unsigned: true }]);
    expect(oid.decodeRow(oid.encode([4294967295]).copy())).toEqual([4294967295]);
    const bigint = compileLayout([{ ...typeOfKind("bigint"), unsigned: true }]);
    const largest = (1n << 64n) - 1n;
    expect(bigint.decodeRow(bigint.encode([largest]).copy())).toEqual([largest]);
    expect(() => bigint.encode([-1n])).toThrow();
    const int = compileLayout([typeOfKind("int")]);
    expect(() => int.encode([4294967295])).toThrow("does not fit");
    expect(() => int.encode([1.5])).toThrow("does not fit");
  });

  test("what does not fit its column is refused", () => {
    const refused = (
      kind: "float4" | "uuid" | "bytes" | "bigint",
      value: string | number,
    ): void => {
      expect(() => compileLayout([typeOfKind(kind)]).encode([value])).toThrow();
    };
    refused("float4", 0.1);
    refused("uuid", "not a uuid");
    refused("bytes", "\\x0");
    refused("bytes", "\\xzz");
    refused("bigint", 1);
    expect(() => compileLayout([typeOfKind("bigint")]).encode([1n << 63n])).toThrow();
    expect(() => compileLayout([]).encode([1])).toThrow("1 values for 0 columns");
  });
});

function identical(a: unknown, b: unknown): boolean {
  return show(a) === show(b);
}

function show(value: unknown): string {
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "object" && value !== null) {
    return Object.entries(value)
      .sort()
      .map(([name, field]) => `${name}=${String(field)}`)
      .join();
  }
  return `${typeof value}:${String(value)}`;
}
