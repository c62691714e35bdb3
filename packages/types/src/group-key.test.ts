import { describe, expect, test } from "vitest";
import { groupKey } from "./group-key.ts";
import { postgresType, postgresTypeOid } from "./postgres/types.ts";
import type { Row } from "./value.ts";

const type = (name: string) => postgresType(postgresTypeOid(name)!);

describe("group keys", () => {
  test("NULL is not any value", () => {
    const keys = [null, "", "\u0001", "\u0001\u0001", "NULL"].map((value) =>
      groupKey([type("text")], [value]),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("columns do not run into each other", () => {
    const rows: Row[] = [
      ["a", "b", 1],
      ["ab", "", 1],
      ["a", "b1:", 1],
      ["a1:b", "", 1],
      [null, "a", 1],
      ["\u0001", "a", 1],
      ["a", null, 1],
      ["a", "b", 11],
      ["", "2:ab", 1],
    ];
    const types = [type("text"), type("text"), type("int4")];
    expect(new Set(rows.map((row) => groupKey(types, row))).size).toBe(rows.length);
  });

  test("equal values of different appearance have one key", () => {
    const same = (name: string, a: Row[number], b: Row[number]): void =>
      expect(groupKey([type(name)], [a])).toBe(groupKey([type(name)], [b]));
    same("numeric", { unscaled: 10n, scale: 1 }, { unscaled: 100n, scale: 2 });
    same("float8", 0, -0);
    same("float8", NaN, Number.NaN);
    same("interval", { months: 1, days: 0, micros: 0n }, { months: 0, days: 30, micros: 0n });
    same("bpchar", "a  ", "a");
  });

  test("the integer kinds and decimals agree", () => {
    expect(groupKey([type("int4")], [5])).toBe(groupKey([type("int8")], [5n]));
    expect(groupKey([type("int4")], [5])).toBe(
      groupKey([type("numeric")], [{ unscaled: 500n, scale: 2 }]),
    );
  });
});
