import { TYPE } from "@freshet/mysql-wire";
import type { SqlType, ValueKind } from "@freshet/types";
import { describe, expect, test } from "vitest";
import { canonicalBound, canonicalLiteral } from "./canonical-param.ts";

const type = (kind: ValueKind, more: Partial<SqlType> = {}): SqlType => ({
  kind,
  upstreamId: 0,
  name: kind,
  modifier: -1,
  ...more,
});

describe("a literal's canonical form", () => {
  test.each<
    [ValueKind, Partial<SqlType>, "integer" | "decimal" | "string", string, string | undefined]
  >([
    ["int", {}, "integer", "5", "5"],
    ["int", {}, "integer", "-2147483648", "-2147483648"],
    ["int", {}, "integer", "2147483648", undefined],
    ["int", { unsigned: true }, "integer", "4294967295", "4294967295"],
    ["int", { unsigned: true }, "integer", "-1", undefined],
    ["int", {}, "integer", "007", undefined],
    ["int", {}, "string", "5", "5"],
    ["int", {}, "string", "5abc", undefined],
    ["int", {}, "string", " 5", undefined],
    ["int", {}, "decimal", "5.0", undefined],
    ["int", { name: "year" }, "integer", "99", undefined],
    ["int", { name: "year" }, "integer", "1999", "1999"],
    ["bigint", {}, "integer", "9223372036854775807", "9223372036854775807"],
    ["bigint", { unsigned: true }, "integer", "18446744073709551616", undefined],
    ["bigint", {}, "string", "9223372036854775807", undefined],
    ["decimal", {}, "integer", "10", "10"],
    ["decimal", {}, "decimal", "-01.500", "-1.5"],
    ["decimal", {}, "decimal", "-0.0", "0"],
    ["decimal", { modifier: (10 << 8) | 2 }, "string", "1.50", "1.5"],
    ["decimal", { modifier: (10 << 8) | 2 }, "string", "1.5e0", undefined],
    ["decimal", { modifier: (10 << 8) | 2 }, "string", "1234567890.123456", undefined],
    ["decimal", { modifier: (16 << 8) | 2 }, "string", "1.5", undefined],
    ["text", {}, "string", "abc ", "abc "],
    ["text", {}, "string", "\xff", undefined],
    ["text", {}, "integer", "5", undefined],
    ["float8", {}, "integer", "-5", "-5"],
    ["float8", {}, "decimal", "0.10", "0.1"],
    ["float8", {}, "decimal", "-0.0", "0"],
    ["float8", {}, "decimal", "12345678.1234567", "12345678.1234567"],
    ["float8", {}, "decimal", "12345678.12345678", undefined],
    ["float8", {}, "decimal", "1e0", undefined],
    ["float8", {}, "string", "5", undefined],
    ["bytes", {}, "string", "\x00\xff", "\\x00ff"],
    ["enum", { enumLabels: ["a", "b"] }, "string", "a", "a"],
    ["enum", { enumLabels: ["a", "b"] }, "string", "A", undefined],
    ["civildate", {}, "string", "2024-02-29", "2024-02-29"],
    ["civildate", {}, "string", "2023-02-29", undefined],
    ["civildate", {}, "string", "2024-2-1", undefined],
    ["civildate", {}, "string", "0000-00-00", undefined],
    ["civildate", {}, "string", "2024-02-29 00:00:00", undefined],
    ["civildatetime", { modifier: 0 }, "string", "2024-02-29", "2024-02-29 00:00:00"],
    [
      "civildatetime",
      { modifier: 3 },
      "string",
      "2024-01-01 01:02:03.5",
      "2024-01-01 01:02:03.500",
    ],
    ["civildatetime", { modifier: 0 }, "string", "2024-01-01 01:02:03.5", undefined],
    ["civildatetime", { modifier: 0 }, "string", "2024-01-01 24:00:00", undefined],
    ["time", { modifier: 0 }, "string", "-838:59:59", "-838:59:59"],
    ["time", { modifier: 0 }, "string", "1:00:00", undefined],
    ["time", { modifier: 0 }, "string", "-00:00:00", undefined],
    ["timestamptz", { modifier: 0 }, "string", "2024-01-01 00:00:00", undefined],
  ])("%s %o %s %s", (kind, more, literal, value, expected) => {
    expect(canonicalLiteral(type(kind, more), literal, value, false)).toBe(expected);
  });

  test("only an integer counts rows", () => {
    expect(canonicalLiteral(type("bigint"), "integer", "2", true)).toBe("2");
    expect(canonicalLiteral(type("bigint"), "string", "2", true)).toBeUndefined();
  });
});

describe("a bound value's canonical form", () => {
  test.each<[ValueKind, number, string | number, string | undefined]>([
    ["civildate", TYPE.date, "2024-02-29", "2024-02-29"],
    ["civildatetime", TYPE.date, "2024-02-29", "2024-02-29 00:00:00"],
    // MariaDB cuts the time off, MySQL reports a malformed packet.
    ["civildatetime", TYPE.date, "2024-02-29 10:00:00", undefined],
    ["civildatetime", TYPE.date, "2024-02-29 00:00:00", undefined],
    ["civildatetime", TYPE.datetime, "2024-02-29 10:00:00", "2024-02-29 10:00:00"],
    ["civildate", TYPE.datetime, "2024-02-29 00:00:00", undefined],
    ["float8", TYPE.double, 0.1, "0.1"],
    ["float8", TYPE.double, -0, "0"],
    ["float8", TYPE.double, 1e21, undefined],
    ["float8", TYPE.double, NaN, undefined],
    ["int", TYPE.double, 1.5, undefined],
  ])("%s %i %s", (kind, typeId, value, expected) => {
    const param = { typeId, unsigned: false, name: "", value, longData: false };
    expect(canonicalBound(type(kind), param, false)).toBe(expected);
  });
});
