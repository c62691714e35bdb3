import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLIENT, CURSOR } from "../capabilities.ts";
import { TYPE } from "../column-types.ts";
import { COMMAND } from "../command-codes.ts";
import { type PacketBuilder, payload } from "../packet-builder.ts";
import { parsePrepareOk } from "../replies/prepare-ok.ts";
import { parseTextRow } from "../replies/text-row.ts";
import { BASE_CAPABILITIES, WireClient } from "../wire-client.testing.ts";
import { prepareCommand } from "./encoders.ts";
import { StatementParams, parseExecute } from "./execute.ts";
import { parseQuery } from "./query.ts";

/** What a server that takes query attributes accepts is what our parsers read (MySQL only). */

const flags = BASE_CAPABILITIES | CLIENT.queryAttributes;
let server: EmbeddedMysql;
let client: WireClient;

beforeAll(async () => {
  server = await EmbeddedMysql.start({ flavour: "mysql" });
  client = await WireClient.connect(server.port, "root", "root", flags);
}, 60_000);

afterAll(async () => {
  client.close();
  await server.stop();
});

function execute(id: number, flag: number, names: readonly string[]): Buffer {
  return payload((out) => {
    out.uint8(COMMAND.stmtExecute);
    out.uint32(id);
    out.uint8(flag);
    out.uint32(1);
    out.lenencInt(names.length);
    out.uint8(0);
    out.uint8(1);
    for (const name of names) {
      out.uint16(TYPE.long);
      out.lenencText(name);
    }
    names.forEach((_, index) => out.uint32(40 + index));
  });
}

test.each([
  { flag: 0, names: [""] },
  { flag: CURSOR.parameterCountAvailable, names: [""] },
  { flag: CURSOR.parameterCountAvailable, names: ["", "extra"] },
])("EXECUTE with flags $flag, names $names", async ({ flag, names }) => {
  const [prepared] = await client.command(prepareCommand("SELECT ? + 1"));
  const id = parsePrepareOk(prepared!.payload, 0, prepared!.payload.length).statementId;
  const command = execute(id, flag, names);
  const seen = await client.command(command);
  expect(seen.map(({ kind }) => kind)).not.toContain("error");
  const parsed = parseExecute(command, 0, command.length, new StatementParams(1), flags);
  expect(parsed.params).toMatchObject([{ typeId: TYPE.long, value: 40 }]);
  expect(parsed.attributes.map(({ name, value }) => [name, value])).toEqual(
    names.length === 1 ? [] : [["extra", 41]],
  );
});

test("COM_QUERY with attributes of every type", async () => {
  const values: [number, (out: PacketBuilder) => void, unknown][] = [
    [TYPE.tiny, (out) => out.uint8(0xff), -1],
    [TYPE.tiny | 0x8000, (out) => out.uint8(0xff), 255],
    [TYPE.short, (out) => out.uint16(-2), -2],
    [TYPE.long, (out) => out.uint32(-3), -3],
    [TYPE.longlong, (out) => out.uint64(-4n), -4n],
    [TYPE.longlong | 0x8000, (out) => out.uint64(2n ** 64n - 1n), 2n ** 64n - 1n],
    [TYPE.float, (out) => out.float(1.5), 1.5],
    [TYPE.double, (out) => out.double(0.1), 0.1],
    [TYPE.varString, (out) => out.lenencText("text"), "text"],
    [TYPE.blob, (out) => out.lenencText("\xff\0"), "\xff\0"],
    [TYPE.newdecimal, (out) => out.lenencText("1.50"), "1.50"],
  ];
  const command = payload((out) => {
    out.uint8(COMMAND.query);
    out.lenencInt(values.length);
    out.lenencInt(1);
    out.zeros((values.length + 7) >> 3);
    out.uint8(1);
    values.forEach(([type], index) => {
      out.uint16(type);
      out.lenencText(`a${index}`);
    });
    for (const [, write] of values) write(out);
    out.byteText("SELECT 'text after attributes'");
  });
  const seen = await client.command(command);
  const row = seen.find(({ kind }) => kind === "row")!.payload;
  expect(parseTextRow(row, 0, row.length, 1)).toEqual(["text after attributes"]);
  const parsed = parseQuery(command, 0, command.length, flags);
  expect(parsed.text).toBe("SELECT 'text after attributes'");
  expect(parsed.attributes.map(({ value }) => value)).toEqual(values.map(([, , value]) => value));
});
