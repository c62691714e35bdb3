import { type Row, type SqlType, type Value, mysqlTextCodec } from "@freshet/types";
import { OperationalError } from "@freshet/util";
import type { Connection } from "mysql2";
import { rawConnection, readLength, runRawCommand } from "./raw-command.ts";

const BATCH_ROWS = 1000;
const BATCH_BYTES = 1 << 20;
const COM_QUERY = 0x03;
const NULL_VALUE = 0xfb;
const REPLACEMENT = "\uFFFD";

/**
 * Runs a SELECT whose columns have exactly these types and hands out its rows in batches. The
 * socket is paused while `offer` has returned a promise.
 */
export async function readRows(
  client: Connection,
  text: string,
  types: readonly SqlType[],
  offer: (rows: readonly Row[]) => Promise<void> | undefined,
): Promise<void> {
  let state: "count" | "columns" | "rows" = "count";
  let batch: Row[] = [];
  let bytes = 0;
  let pausing: Promise<void> = Promise.resolve();
  const flush = () => {
    const waiting = offer(batch);
    batch = [];
    bytes = 0;
    if (waiting === undefined) return;
    const raw = rawConnection(client);
    raw.pause();
    pausing = waiting.then(() => raw.resume());
  };
  const payload = Buffer.concat([Buffer.from([COM_QUERY]), Buffer.from(text, "utf8")]);
  await runRawCommand(client, payload, (buffer, start, end) => {
    const isEof = buffer[start] === 0xfe && end - start < 9;
    switch (state) {
      case "count":
        state = "columns";
        return false;
      case "columns":
        if (isEof) state = "rows";
        return false;
      case "rows":
        if (isEof) {
          if (batch.length > 0) void offer(batch);
          return true;
        }
        batch.push(parseRow(buffer, start, types));
        bytes += end - start;
        if (batch.length >= BATCH_ROWS || bytes >= BATCH_BYTES) flush();
        return false;
    }
  });
  await pausing;
}

function parseRow(buffer: Buffer, start: number, types: readonly SqlType[]): Row {
  const row: Value[] = [];
  let at = start;
  for (const type of types) {
    if (buffer[at] === NULL_VALUE) {
      row.push(null);
      at += 1;
      continue;
    }
    const [length, from] = readLength(buffer, at);
    at = from + length;
    row.push(parseValue(type, buffer, from, at));
  }
  return row;
}

function parseValue(type: SqlType, buffer: Buffer, from: number, to: number): Value {
  if (type.kind === "bytes") return `\\x${buffer.toString("hex", from, to)}`;
  const text = buffer.toString("utf8", from, to);
  // MySQL may cut a TEXT that is too long in the middle of a character.
  if (text.includes(REPLACEMENT) && !Buffer.from(text).equals(buffer.subarray(from, to))) {
    throw new OperationalError("a stored text is not valid UTF-8");
  }
  return type.kind === "text" ? text : mysqlTextCodec.parse(type, text);
}
