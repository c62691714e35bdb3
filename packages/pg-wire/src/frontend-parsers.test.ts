import { expect, test } from "vitest";
import { bind, close, describe, execute, parse, query, startup } from "./frontend-messages.ts";
import {
  parseBind,
  parseExecute,
  paramFormat,
  parseParse,
  parseQuery,
  parseStartup,
  parseTarget,
  TARGET_PORTAL,
  TARGET_STATEMENT,
} from "./frontend-parsers.ts";
import { ProtocolViolation } from "./protocol-violation.ts";

/** Within a larger buffer, as in a chunk. */
function placed(frame: Buffer): [Buffer, number, number] {
  const buffer = Buffer.concat([Buffer.alloc(7, 0xff), frame, Buffer.alloc(9)]);
  return [buffer, 7, 7 + frame.length];
}

test("what the builders write, the parsers read", () => {
  expect(parseQuery(...placed(query("SELECT 'é'")))).toBe("SELECT 'Ã©'");
  expect(parseParse(...placed(parse("n", "SELECT 1", [23, 0xffffffff])))).toEqual({
    name: "n",
    text: "SELECT 1",
    typeIds: [23, 4294967295],
  });
  const header = parseBind(...placed(bind("p", "s", ["a", null], [1])));
  expect(header).toMatchObject({
    portal: "p",
    statement: "s",
    paramCount: 2,
    resultFormatCount: 1,
  });
  expect(paramFormat(header, 1)).toBe(0);
  expect(header.buffer.readInt32BE(header.paramsAt)).toBe(1);
  expect(parseTarget(...placed(describe("S", "x")))).toEqual({ kind: TARGET_STATEMENT, name: "x" });
  expect(parseTarget(...placed(close("P", "")))).toEqual({ kind: TARGET_PORTAL, name: "" });
  expect(parseExecute(...placed(execute("p", 7)))).toEqual({ portal: "p", maxRows: 7 });
});

test("start-up parameters keep order and bytes", () => {
  const packet = startup(196608, [
    ["user", "j\u00c3\u00bcrgen"],
    ["options", "-c a=b"],
  ]);
  expect(parseStartup(packet)).toEqual({
    version: 196608,
    parameters: [
      ["user", "jÃ¼rgen"],
      ["options", "-c a=b"],
    ],
  });
  expect(() => parseStartup(packet.subarray(0, packet.length - 2))).toThrow(ProtocolViolation);
});

test("a message that ends too early or too late is a protocol violation", () => {
  const cases: [Buffer, (buffer: Buffer, start: number, end: number) => unknown][] = [
    [query("SELECT 1"), parseQuery],
    [parse("n", "SELECT 1", [23]), parseParse],
    [bind("p", "s", ["a", null, "long value"], [1, 0]), parseBind],
    [describe("S", "x"), parseTarget],
    [execute("p", 7), parseExecute],
  ];
  for (const [frame, parser] of cases) {
    for (let end = 5; end < frame.length; end += 1) {
      // The bytes beyond the end are there, as in a chunk, but must not be believed.
      expect(() => parser(frame, 0, end), `${parser.name} cut at ${end}`).toThrow(
        ProtocolViolation,
      );
    }
    const longer = Buffer.concat([frame, Buffer.from([0, 0])]);
    expect(() => parser(longer, 0, longer.length), parser.name).toThrow(ProtocolViolation);
  }
});

test("negative parameter lengths other than NULL are refused", () => {
  const frame = bind("", "", ["abcd"]);
  frame.writeInt32BE(-2, frame.length - 10);
  expect(() => parseBind(frame, 0, frame.length)).toThrow(ProtocolViolation);
});
