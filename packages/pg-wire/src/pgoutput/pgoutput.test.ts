import { describe, expect, it } from "vitest";
import { parseCopyRow } from "./copy-text.ts";
import { PgOutputError, decodePgOutput } from "./decode.ts";
import { decodeWalFrame, encodeStatusUpdate } from "./feedback.ts";
import { UNCHANGED_TOAST } from "./messages.ts";

const int16 = (value: number) => [value >> 8, value & 255];
const int32 = (value: number) => [
  (value >>> 24) & 255,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];
const text = (value: string) => [...Buffer.from(value)];
const field = (value: string) => [0x74, ...int32(Buffer.byteLength(value)), ...text(value)];
const bytes = (...parts: readonly (string | readonly number[])[]) =>
  Buffer.from(parts.flatMap((part) => (typeof part === "string" ? text(part) : [...part])));

const ROW = [...int16(3), ...field("\uFEFFé"), 0x6e, 0x75];
const UPDATE = bytes("U", int32(4_000_000_000), "O", int16(1), field(""), "N", ROW);

describe("decodePgOutput", () => {
  it("reads a transaction's frame", () => {
    const begin = bytes("B", int32(1), int32(2), int32(0), int32(1_000_000), int32(-1));
    expect(decodePgOutput(begin)).toEqual({
      kind: "begin",
      commitLsn: (1n << 32n) + 2n,
      commitTimeMicros: 1_000_000n,
      xid: 0xffff_ffff,
    });
    const commit = bytes("C", [0], int32(0), int32(5), int32(0), int32(9), int32(0), int32(7));
    expect(decodePgOutput(commit)).toMatchObject({ kind: "commit", commitLsn: 5n, endLsn: 9n });
  });

  it("reads rows: text with a leading U+FEFF, NULL and unchanged", () => {
    expect(decodePgOutput(UPDATE)).toEqual({
      kind: "update",
      relation: 4_000_000_000,
      oldKind: "full",
      old: [""],
      row: ["\uFEFFé", null, UNCHANGED_TOAST],
    });
  });

  it("reads relations and truncates", () => {
    const relation = bytes(
      "R",
      int32(7),
      [0],
      "t",
      [0],
      "d",
      int16(1),
      [1],
      "id",
      [0],
      int32(23),
      int32(-1),
    );
    expect(decodePgOutput(relation)).toEqual({
      kind: "relation",
      id: 7,
      schema: "pg_catalog",
      name: "t",
      replicaIdentity: "d",
      columns: [{ key: true, name: "id", typeId: 23, typeModifier: -1 }],
    });
    expect(decodePgOutput(bytes("T", int32(2), [1], int32(7), int32(8)))).toEqual({
      kind: "truncate",
      relations: [7, 8],
      cascade: true,
    });
  });

  it("throws on a message cut at any byte, and on unknown ones", () => {
    for (let end = 0; end < UPDATE.length; end += 1) {
      expect(() => decodePgOutput(UPDATE.subarray(0, end))).toThrow(PgOutputError);
    }
    expect(() => decodePgOutput(bytes("S", int32(1)))).toThrow(PgOutputError);
  });
});

describe("frames", () => {
  it("tell data from keepalives", () => {
    expect(decodeWalFrame(Buffer.concat([Buffer.from("w"), Buffer.alloc(24), UPDATE]))).toEqual({
      kind: "data",
      payload: 25,
    });
    const keepalive = bytes("k", int32(1), int32(0), int32(0), int32(0), [1]);
    expect(decodeWalFrame(keepalive)).toEqual({
      kind: "keepalive",
      walEnd: 1n << 32n,
      replyRequested: true,
    });
    expect(decodeWalFrame(bytes("x"))).toBeNull();
  });

  it("send flushed and applied apart from written", () => {
    const status = encodeStatusUpdate({
      written: 9n,
      flushed: 5n,
      applied: 5n,
      nowMs: 946_684_800_001,
      replyRequested: true,
    });
    const longs = [1, 9, 17, 25].map((offset) => status.readBigUInt64BE(offset));
    expect([status[0], ...longs, status[33]]).toEqual([0x72, 9n, 5n, 5n, 1000n, 1]);
  });
});

describe("parseCopyRow", () => {
  it("reads NULL, escapes and empty fields", () => {
    expect(parseCopyRow("a\t\\N\t\t\\\\N\tx\\ty\\nz\\b\\f\\r\\v")).toEqual([
      "a",
      null,
      "",
      "\\N",
      "x\ty\nz\b\f\r\v",
    ]);
  });
});
