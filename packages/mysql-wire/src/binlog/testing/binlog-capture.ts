import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EmbeddedMysql, MysqlFlavour } from "@freshet/cli/embedded-mysql";
import { type Connection, type RowDataPacket, createConnection } from "mysql2/promise";
import { BinlogDecoder } from "../decoder.ts";
import { readEventHeader } from "../event-header.ts";
import type { BinlogEvent, RowsEvent, TableMapEvent } from "../events.ts";

export const FLAVOURS: readonly MysqlFlavour[] = ["mysql", "mariadb"];

/** First bytes of every file. */
const MAGIC = Buffer.from([0xfe, 0x62, 0x69, 0x6e]);

/** A session in UTC that accepts every strange date and cuts what is too long. */
export async function connect(server: EmbeddedMysql): Promise<Connection> {
  const connection = await createConnection({ uri: server.url(), charset: "utf8mb4" });
  await connection.query("SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'");
  await connection.query("SET NAMES utf8mb4");
  return connection;
}

/** The result as the server printed it: NULL or bytes. */
export async function rawRows(
  connection: Connection,
  sql: string,
): Promise<readonly (readonly (Buffer | null)[])[]> {
  const [rows] = await connection.query<RowDataPacket[][]>({
    sql,
    rowsAsArray: true,
    typeCast: (field: { buffer(): Buffer | null }) => field.buffer(),
  });
  return rows as unknown as (Buffer | null)[][];
}

/** Whole events, with their header and checksum: the file's first one and what `work` logged. */
export async function capture(
  server: EmbeddedMysql,
  connection: Connection,
  work: () => Promise<void>,
): Promise<Buffer[]> {
  const before = await where(server, connection);
  await work();
  const after = await where(server, connection);
  if (after.file !== before.file) throw new Error("the binary log was rotated");
  const bytes = await readLog(server, before.file);
  const { size } = readEventHeader(bytes, MAGIC.length);
  const first = bytes.subarray(MAGIC.length, MAGIC.length + size);
  return [first, ...split(bytes, before.position, after.position)];
}

/** All events of the current file. */
export async function firstEvents(
  server: EmbeddedMysql,
  connection: Connection,
): Promise<Buffer[]> {
  const { file, position } = await where(server, connection);
  return split(await readLog(server, file), MAGIC.length, position);
}

async function readLog(server: EmbeddedMysql, file: string): Promise<Buffer> {
  const bytes = await readFile(join(server.dataDir, file));
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error("not a binary log");
  return bytes;
}

function split(bytes: Buffer, start: number, end: number): Buffer[] {
  const events: Buffer[] = [];
  let at = start;
  while (at < end) {
    const { size } = readEventHeader(bytes, at);
    events.push(bytes.subarray(at, at + size));
    at += size;
  }
  return events;
}

async function where(
  server: EmbeddedMysql,
  connection: Connection,
): Promise<{ file: string; position: number }> {
  const sql = server.flavour === "mysql" ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
  const [row] = await rawRows(connection, sql);
  return { file: String(row?.[0]), position: Number(String(row?.[1])) };
}

/** Decodes all, the events inside of compressed transactions in place of those. */
export function decodeAll(events: readonly Buffer[]): BinlogEvent[] {
  const decoder = new BinlogDecoder();
  return events.flatMap((bytes) => {
    const event = decoder.decode(bytes);
    return event.kind === "payload" ? [event, ...decoder.inner(event)] : [event];
  });
}

/** Each rows event with the map of its table. */
export function rowsWithMaps(
  events: readonly BinlogEvent[],
): readonly { readonly map: TableMapEvent; readonly rows: RowsEvent }[] {
  const maps = new Map<number, TableMapEvent>();
  const found: { map: TableMapEvent; rows: RowsEvent }[] = [];
  for (const event of events) {
    if (event.kind === "tableMap") maps.set(event.tableId, event);
    if (event.kind !== "rows") continue;
    const map = maps.get(event.tableId);
    if (map === undefined) throw new Error(`rows of the unknown table ${event.tableId}`);
    found.push({ map, rows: event });
  }
  return found;
}
