import { describe, expect, test } from "vitest";
import { PG_OID, postgresArrayOf, postgresType } from "@freshet/types";
import type { SqlType } from "@freshet/types";
import { canonicalArrayParam, canonicalLiteral, canonicalParam } from "./canonical-param.ts";

const { int2, int4, int8, text, varchar, numeric, float4, float8, date, timestamptz } = PG_OID;

function ofText(typeId: number, value: string, declared = 0): string | undefined {
  return ofBytes(postgresType(typeId), Buffer.from(value), declared, 0);
}

function ofBytes(
  type: SqlType,
  value: Buffer,
  declared: number,
  format: 0 | 1,
): string | undefined {
  const framed = Buffer.concat([Buffer.from("12"), value, Buffer.from("34")]);
  return canonicalParam(type, declared, format, framed, 2, 2 + value.length);
}

function ofLiteral(typeId: number, literal: "integer" | "decimal" | "string", value: string) {
  return canonicalLiteral(postgresType(typeId), literal, value);
}

describe("canonical parameters", () => {
  test.each([
    [int4, "5", "5"],
    [int4, "0", "0"],
    [int4, "-0", "0"],
    [int4, "+007", "7"],
    [int4, " 12 ", "12"],
    [int4, "-2147483648", "-2147483648"],
    [int4, "2147483648", undefined],
    [int4, "1_000", undefined],
    [int4, "0x10", undefined],
    [int4, "5.0", undefined],
    [int4, "", undefined],
    [int2, "40000", undefined],
    [int8, "9223372036854775807", "9223372036854775807"],
    [int8, "9223372036854775808", undefined],
    [PG_OID.oid, "4294967295", "4294967295"],
    [PG_OID.oid, "-1", undefined],
    [PG_OID.oid, "060", undefined],
    [numeric, "1.500", "1.5"],
    [numeric, "-0.00", "0"],
    [numeric, "1e2", "100"],
    [numeric, "NaN", undefined],
    [float8, "1e400", undefined],
    [float8, "100000000000000000000", "1e+20"],
    [float8, "-0", "0"],
    [float8, "1e-400", undefined],
    [float4, "0.1", "0.1"],
    [text, "h\u00e9", "h\u00c3\u00a9"],
    [text, "", ""],
    [text, "a\0b", undefined],
    [PG_OID.bpchar, "ab  ", "ab"],
    [PG_OID.name, "x".repeat(64), undefined],
    [PG_OID.char, "ab", undefined],
    [PG_OID.char, "a", "a"],
    [PG_OID.bool, "TRUE", "t"],
    [PG_OID.bool, "o", undefined],
    [PG_OID.uuid, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    [PG_OID.uuid, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", undefined],
    [PG_OID.bytea, "\\xAB01", "\\xab01"],
    [PG_OID.bytea, "\\xAB0", undefined],
    [PG_OID.bytea, "abc", "\\x616263"],
    [PG_OID.bytea, "a\\000", undefined],
    [date, "2024-02-29", "2024-02-29"],
    [date, "2023-02-29", undefined],
    [date, "02/01/2024", undefined],
    [date, "today", undefined],
    [timestamptz, "2024-01-02 03:04:05", undefined],
    [timestamptz, "2024-01-02T03:04:05.500Z", "2024-01-02 03:04:05.5+00"],
    [timestamptz, "2024-01-02 03:04:05+05:30", "2024-01-01 21:34:05+00"],
    [PG_OID.timestamp, "2024-01-02 03:04:05.1234567", undefined],
    [PG_OID.timestamp, "now", undefined],
    [PG_OID.interval, "1 day 02:00:00", "1 day 02:00:00"],
    [PG_OID.interval, "-1 day", undefined],
    [PG_OID.json, "{}", undefined],
  ])("type %i, text %j is %j", (typeId, value, expected) => {
    expect(ofText(typeId, value)).toBe(expected);
  });

  test("a declared type that compares differently goes upstream", () => {
    expect(ofText(int4, "5", int8)).toBe("5");
    expect(ofText(int2, "70000", int8)).toBe(undefined);
    expect(ofText(int4, "5.0", numeric)).toBe("5");
    expect(ofText(int4, "5.5", numeric)).toBe(undefined);
    expect(ofText(int4, "5", text)).toBe(undefined);
    expect(ofText(numeric, "5", int4)).toBe("5");
    expect(ofText(numeric, "5", float8)).toBe(undefined);
    expect(ofText(float4, "0.1", float8)).toBe(undefined);
    expect(ofText(float8, "0.1", float4)).toBe("0.10000000149011612");
    expect(ofText(text, "a", varchar)).toBe("a");
    expect(ofText(text, "a", PG_OID.bpchar)).toBe(undefined);
    expect(ofText(PG_OID.bpchar, "a", text)).toBe(undefined);
    expect(ofText(timestamptz, "2024-01-02 03:04:05+00", PG_OID.timestamp)).toBe(undefined);
    expect(ofText(date, "2024-01-02", PG_OID.timestamp)).toBe(undefined);
  });

  test("text that is not UTF-8 goes upstream", () => {
    expect(ofBytes(postgresType(text), Buffer.from([0xff]), 0, 0)).toBe(undefined);
    expect(ofBytes(postgresType(text), Buffer.from([0xed, 0xa0, 0x80]), 0, 1)).toBe(undefined);
  });

  test("binary of the wrong length goes upstream", () => {
    expect(ofBytes(postgresType(int4), Buffer.from([0, 0, 0, 7]), 0, 1)).toBe("7");
    expect(ofBytes(postgresType(int4), Buffer.from([0, 7]), int2, 1)).toBe("7");
    expect(ofBytes(postgresType(int4), Buffer.from([0, 7]), 0, 1)).toBe(undefined);
    expect(ofBytes(postgresType(int4), Buffer.from([0, 0, 0, 0, 128, 0, 0, 0]), int8, 1)).toBe(
      undefined,
    );
    expect(ofBytes(postgresType(PG_OID.uuid), Buffer.alloc(15), 0, 1)).toBe(undefined);
  });

  test("an enum accepts its labels only", () => {
    const type: SqlType = {
      ...postgresType(99_999),
      kind: "enum",
      enumLabels: ["low", "h\u00f6h"],
    };
    expect(ofBytes(type, Buffer.from("low"), 0, 0)).toBe("low");
    expect(ofBytes(type, Buffer.from("h\u00f6h"), 99_999, 1)).toBe("h\u00c3\u00b6h");
    expect(ofBytes(type, Buffer.from("no"), 0, 0)).toBe(undefined);
    expect(ofBytes(type, Buffer.from("low"), text, 0)).toBe(undefined);
  });

  test("literals mean what the server makes of them", () => {
    expect(ofLiteral(int4, "integer", "007")).toBe("7");
    expect(ofLiteral(int4, "integer", "3000000000")).toBe(undefined);
    expect(ofLiteral(int4, "decimal", "5.0")).toBe(undefined);
    expect(ofLiteral(int4, "string", "5")).toBe("5");
    expect(ofLiteral(numeric, "integer", "5")).toBe("5");
    expect(ofLiteral(numeric, "decimal", "5.50")).toBe("5.5");
    expect(ofLiteral(float8, "decimal", "0.1")).toBe("0.1");
    expect(ofLiteral(float8, "integer", "9007199254740993")).toBe(undefined);
    // real = 0.1 compares as double precision and is false.
    expect(ofLiteral(float4, "decimal", "0.1")).toBe(undefined);
    expect(ofLiteral(float4, "decimal", "0.5")).toBe("0.5");
    expect(ofLiteral(text, "integer", "5")).toBe(undefined);
    expect(ofLiteral(text, "string", "5")).toBe("5");
    expect(ofLiteral(PG_OID.bool, "integer", "1")).toBe(undefined);
  });

  test("arrays become sorted sets", () => {
    const array = (typeId: number, value: string, declared = 0) => {
      const bytes = Buffer.from(value);
      return canonicalArrayParam(postgresType(typeId), declared, 0, bytes, 0, bytes.length);
    };
    expect(array(int4, "{3,1, 2 ,1,NULL}")).toEqual([null, "1", "2", "3"]);
    expect(array(int4, "{3,1}", postgresArrayOf(int8)!)).toEqual(["1", "3"]);
    expect(array(int4, "{}")).toEqual([]);
    expect(array(int4, "{{1},{2}}")).toBe(undefined);
    expect(array(int4, "[1:1]={1}")).toBe(undefined);
    expect(array(int4, "{1,x}")).toBe(undefined);
    expect(array(text, '{b,"a,\\"","NULL",null}')).toEqual([null, "NULL", 'a,"', "b"]);
    expect(array(text, "{1}", postgresArrayOf(int4)!)).toBe(undefined);
    expect(array(int4, "{1}", int4)).toBe(undefined);
  });

  test("binary arrays are checked to their end", () => {
    const header = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1];
    const body = [0, 0, 0, 4, 0, 0, 0, 9, 255, 255, 255, 255];
    const read = (bytes: number[]) =>
      canonicalArrayParam(postgresType(int4), 0, 1, Buffer.from(bytes), 0, bytes.length);
    expect(read([...header, ...body])).toEqual([null, "9"]);
    for (let cut = 0; cut < header.length + body.length; cut += 1) {
      expect(read([...header, ...body].slice(0, cut))).toBe(undefined);
    }
    expect(read([...header, ...body, 0])).toBe(undefined);
  });
});
