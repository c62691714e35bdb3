import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLIENT, SERVER_STATUS } from "../capabilities.ts";
import { COMMAND } from "../command-codes.ts";
import { payload } from "../packet-builder.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { columnCount, columnDefinition, parseColumnDefinition } from "./column-definition.ts";
import { eofPacket, parseEof, resultEnd } from "./eof.ts";
import { errPacket, parseErr } from "./err.ts";
import { localInfile, parseLocalInfile } from "./local-infile.ts";
import { okPacket, parseOk } from "./ok.ts";
import type { SessionChange } from "./ok.ts";
import { ReplyTracker } from "./reply-tracker.ts";
import type { PacketKind } from "./reply-tracker.ts";
import { parseTextRow, textRow } from "./text-row.ts";

const byteText = fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b).toString("latin1"));
const uint64 = fc
  .bigInt({ min: 0n, max: 2n ** 64n - 1n })
  .map((value) => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value));
const change: fc.Arbitrary<SessionChange> = fc.oneof(
  fc.record({ kind: fc.constant("variable" as const), name: byteText, value: byteText }),
  fc.record({ kind: fc.constant("schema" as const), name: byteText }),
  fc.record({ kind: fc.constant("state" as const), changed: fc.boolean() }),
  fc.record({ kind: fc.constant("gtids" as const), encoding: fc.nat(255), gtids: byteText }),
  fc.record({ kind: fc.constant("transaction-characteristics" as const), statements: byteText }),
  fc.record({ kind: fc.constant("transaction-state" as const), state: byteText }),
  fc.record({
    kind: fc.constant("other" as const),
    type: fc.integer({ min: 6, max: 255 }),
    data: byteText,
  }),
);

describe("packets come back", () => {
  test("OK with session changes, and without the room for them", () => {
    fc.assert(
      fc.property(
        uint64,
        uint64,
        fc.nat(0xffff),
        byteText,
        fc.array(change),
        (rows, id, n, info, changes) => {
          const changed = changes.length > 0 ? SERVER_STATUS.sessionStateChanged : 0;
          const status = (n & ~SERVER_STATUS.sessionStateChanged) | changed;
          const ok = {
            affectedRows: rows,
            insertId: id,
            status,
            warnings: n,
            info,
            sessionChanges: changes,
          };
          const bytes = okPacket(ok, CLIENT.sessionTrack);
          expect(parseOk(bytes, 0, bytes.length, CLIENT.sessionTrack)).toEqual(ok);
          const plain = okPacket(ok, 0);
          expect(parseOk(plain, 0, plain.length, 0)).toEqual({
            ...ok,
            status: status & ~SERVER_STATUS.sessionStateChanged,
            sessionChanges: [],
          });
          for (let end = 0; end < bytes.length; end += 1) {
            try {
              parseOk(bytes, 0, end, CLIENT.sessionTrack);
            } catch (error) {
              expect(error).toBeInstanceOf(ProtocolViolation);
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test("ERR, with and without SQLSTATE", () => {
    const error = { code: 1040, sqlState: "08004", message: "Too many connections" };
    const bytes = errPacket(error);
    expect(parseErr(bytes, 0, bytes.length)).toEqual(error);
    const first = errPacket(error, true);
    expect(first.toString("latin1")).toBe("\xff\x10\x04Too many connections");
    expect(parseErr(first, 0, first.length)).toEqual({ ...error, sqlState: "HY000" });
  });

  test("EOF, LOCAL INFILE and text rows", () => {
    const eof = eofPacket(0x1002, 3);
    expect(parseEof(eof, 0, eof.length)).toEqual({ status: 0x1002, warnings: 3 });
    const infile = localInfile("/a");
    expect(parseLocalInfile(infile, 0, infile.length)).toBe("/a");
    const row = textRow(["1", null, ""]);
    expect(parseTextRow(row, 0, row.length, 3)).toEqual(["1", null, ""]);
  });

  test("column definitions, and the default value of a field list", () => {
    const name = fc.tuple(byteText, byteText, byteText, byteText, byteText, byteText);
    fc.assert(
      fc.property(name, fc.nat(0xffff), fc.nat(), fc.option(byteText), (names, n, length, rest) => {
        const [catalog, schema, table, originalTable, label, originalName] = names;
        const column = {
          catalog,
          schema,
          table,
          originalTable,
          name: label,
          originalName,
          charset: n,
          length,
          columnType: n & 0xff,
          flags: n,
          decimals: n & 31,
          ...(rest === null || rest === "" ? {} : { rest }),
        };
        const bytes = columnDefinition(column);
        expect(parseColumnDefinition(bytes, 0, bytes.length)).toEqual(column);
      }),
    );
  });
});

describe("ReplyTracker", () => {
  const column = columnDefinition({
    schema: "",
    table: "",
    originalTable: "",
    name: "x",
    originalName: "",
    charset: 63,
    length: 1,
    columnType: 8,
    flags: 0,
    decimals: 0,
  });
  const feed = (tracker: ReplyTracker, ...packets: readonly Buffer[]): PacketKind[] =>
    packets.map((bytes) => tracker.packet(bytes, 0, bytes.length));

  test("progress reports of MariaDB do not end a reply", () => {
    const tracker = new ReplyTracker(0);
    tracker.begin(COMMAND.query);
    const report = payload((out) => {
      out.uint8(0xff);
      out.uint16(0xffff);
      out.zeros(8);
    });
    expect(feed(tracker, report)).toEqual(["progress"]);
    expect(tracker.done).toBe(false);
    expect(feed(tracker, okPacket({ status: 2 }, 0))).toEqual(["ok"]);
    expect(tracker.done).toBe(true);
  });

  test("0xfe begins a long row, an EOF, or an OK", () => {
    for (const capabilities of [0, CLIENT.deprecateEof]) {
      const tracker = new ReplyTracker(capabilities);
      tracker.begin(COMMAND.query);
      feed(tracker, columnCount(1), column);
      if (capabilities === 0) feed(tracker, eofPacket(2));
      const long = Buffer.alloc(32);
      long[0] = 0xfe;
      expect(tracker.packet(long, 0, 0xffffff)).toBe("row");
      expect(tracker.packet(long, 0, 0xffffff)).toBe("continuation");
      expect(tracker.packet(long, 0, 0)).toBe("continuation");
      expect(feed(tracker, textRow(["1"]))).toEqual(["row"]);
      expect(feed(tracker, resultEnd({ status: 3, info: "" }, capabilities))).toEqual(["rows-end"]);
      expect(tracker.done).toBe(true);
      expect(tracker.status).toBe(3);
    }
  });

  test("CHANGE_USER goes back and forth until OK", () => {
    const tracker = new ReplyTracker(0);
    expect(tracker.begin(COMMAND.changeUser)).toBe(true);
    expect(feed(tracker, Buffer.from([0xfe, 0x61, 0, 0x62, 0]))).toEqual(["auth"]);
    expect(tracker.awaitsClient).toBe(true);
    tracker.clientAnswered();
    expect(feed(tracker, Buffer.from([1, 3]))).toEqual(["auth"]);
    expect(tracker.awaitsClient).toBe(false);
    expect(feed(tracker, okPacket({ status: 2 }, 0))).toEqual(["ok"]);
    expect(tracker.done).toBe(true);
  });

  test("an error between commands is seen, anything else is a violation", () => {
    const tracker = new ReplyTracker(0);
    expect(feed(tracker, errPacket({ code: 4031, sqlState: "HY000", message: "" }))).toEqual([
      "error",
    ]);
    expect(tracker.errorCode).toBe(4031);
    expect(() => feed(tracker, okPacket({ status: 2 }, 0))).toThrow(ProtocolViolation);
    expect(tracker.begin(COMMAND.stmtClose)).toBe(false);
    expect(tracker.done).toBe(true);
  });
});
