import { isControlError, runCacheStatement } from "@freshet/adapter-core";
import {
  columnDefinition,
  CHARSET,
  CLIENT,
  eofPacket,
  packets,
  resultEnd,
  resultHead,
  TYPE,
} from "@freshet/mysql-wire";
import type { ControlError, ControlResult } from "@freshet/rpc";
import type { CacheStatement } from "@freshet/sql";
import { prepare } from "./readiness.ts";
import type { Session } from "./session.ts";

/** SQLSTATEs of our own statements' errors as MySQL clients know them. */
const ERRORS: Readonly<Record<string, readonly [code: number, sqlState: string]>> = {
  "0A000": [1235, "42000"],
  "22023": [1210, "HY000"],
  "42501": [1142, "42000"],
  "42601": [1064, "42000"],
  "42703": [1054, "42S22"],
  "42704": [1146, "42S02"],
  "42710": [1050, "42S01"],
  "42P01": [1146, "42S02"],
  "42P07": [1050, "42S01"],
  "53400": [1226, "42000"],
  "57014": [1317, "70100"],
};
const OTHER_ERROR = [1105, "HY000"] as const;
const TEXT_BYTES_MAX = 65_535;

/** Runs one of our own statements for this session. Never rejects but for a broken invariant. */
export function runControl(
  session: Session,
  statement: CacheStatement,
): Promise<ControlResult | ControlError> {
  return runCacheStatement(
    session,
    statement,
    "utf8mb4",
    prepare,
    ({ settings }) => settings.problem,
  );
}

/** Runs it and writes the answer, in either protocol. */
export async function answerControl(
  session: Session,
  statement: CacheStatement,
  binary = false,
): Promise<void> {
  await session.link?.queue.idle();
  if (session.closed) return;
  const result = await runControl(session, statement);
  if (session.closed) return;
  if (isControlError(result)) return writeControlError(session, result);
  if (result.columns.length === 0) {
    const info = [result.tag, ...result.notices].filter((text) => text !== "").join("; ");
    return session.ok(toBytes(info));
  }
  const { capabilities, status } = session;
  const head = resultHead(controlColumns(session, result.columns), capabilities, status, 1);
  const rows = result.rows.map((row) => (binary ? binaryRow(row) : textRowOf(row)));
  const end = resultEnd({ status }, capabilities);
  session.out.add(head.bytes);
  session.out.add(packets(head.nextSequence, [...rows, end]));
}

export function writeControlError(session: Session, error: ControlError): void {
  const [code, sqlState] = ERRORS[error.code] ?? OTHER_ERROR;
  const parts = [error.message, error.detail, error.hint].filter((part) => part !== undefined);
  session.error(error.number ?? code, sqlState, toBytes(parts.join(". ")));
}

/** Text columns of utf8mb4. */
export function controlColumns(session: Session, names: readonly string[]) {
  const charset = session.settings.resultCharset;
  return names.map((name) => ({
    schema: "",
    table: "",
    originalTable: "",
    name: toBytes(name),
    originalName: "",
    charset: charset === 0 ? CHARSET.utf8mb4GeneralCi : charset,
    length: TEXT_BYTES_MAX,
    columnType: TYPE.varString,
    flags: 0,
    decimals: 0,
  }));
}

function textRowOf(row: readonly (string | null)[]): Buffer {
  return Buffer.concat(row.map((value) => (value === null ? Buffer.from([0xfb]) : cell(value))));
}

function binaryRow(row: readonly (string | null)[]): Buffer {
  const nulls = Buffer.alloc((row.length + 9) >> 3);
  row.forEach((value, index) => {
    if (value === null)
      nulls[(index + 2) >> 3] = (nulls[(index + 2) >> 3] ?? 0) | (1 << ((index + 2) & 7));
  });
  const cells = row.flatMap((value) => (value === null ? [] : [cell(value)]));
  return Buffer.concat([Buffer.from([0]), nulls, ...cells]);
}

function cell(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const { length } = bytes;
  if (length < 0xfb) return Buffer.concat([Buffer.from([length]), bytes]);
  const head = Buffer.alloc(9);
  head[0] = 0xfe;
  head.writeBigUInt64LE(BigInt(length), 1);
  return Buffer.concat([head, bytes]);
}

/** The reply to COM_STMT_PREPARE of a statement that is answered here, with these columns. */
export function preparedReply(session: Session, id: number, columns: readonly string[]): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(id, 1);
  head.writeUInt16LE(columns.length, 5);
  const payloads: Buffer[] = [head];
  payloads.push(...controlColumns(session, columns).map((column) => columnDefinition(column)));
  const ends = (session.capabilities & CLIENT.deprecateEof) === 0 && columns.length > 0;
  if (ends) payloads.push(eofPacket(session.status));
  return packets(1, payloads);
}

function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
