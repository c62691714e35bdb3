import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { type Row, type TableSchema, type Value, postgresTextCodec } from "@freshet/types";
import { silentLogger, systemClock } from "@freshet/util";
import pg from "pg";
import {
  type StreamChange,
  type StreamHandler,
  type StreamTransaction,
  UNCHANGED,
  type Upstream,
} from "../contract.ts";
import { createPostgresUpstream } from "./upstream.ts";

export const PUBLIC = "{pg_catalog,public}";

export interface TestServer {
  readonly server: EmbeddedPostgres;
  readonly admin: pg.Client;
  connect(url?: string): Promise<pg.Client>;
  stop(): Promise<void>;
}

export async function startServer(
  major: 13 | 14 | 15 | 16 | 17 | 18,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const server = await EmbeddedPostgres.start({ major, settings });
  const clients: pg.Client[] = [];
  const connect = async (url = server.url()): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: url,
      types: { getTypeParser: () => (value: unknown) => value } as unknown as pg.CustomTypesConfig,
    });
    client.on("error", () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };
  const admin = await connect();
  const stop = async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    await server.stop();
  };
  return { server, admin, connect, stop };
}

/** Waits for a condition that something else brings about; fails loudly instead of hanging. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await systemClock.wait(5);
  }
}

/** Records what the stream says, in order. */
export class Recorder implements StreamHandler {
  readonly transactions: StreamTransaction[] = [];
  readonly schemaChanges: (readonly number[] | "all")[] = [];
  accessChanges = 0;
  position = "";
  ready: (() => void) | null = null;
  accept: (transaction: StreamTransaction) => boolean = () => true;

  transaction(transaction: StreamTransaction): boolean {
    this.transactions.push(transaction);
    if (!transaction.partial) this.position = transaction.position;
    return this.accept(transaction);
  }
  progress(position: string): void {
    if (position < this.position) throw new Error("the position went back");
    this.position = position;
  }
  schemaChange(tables: readonly number[] | "all"): void {
    this.schemaChanges.push(tables);
  }
  accessChange(): void {
    this.accessChanges += 1;
  }
  onReady(callback: () => void): void {
    this.ready = callback;
  }

  changes(): readonly StreamChange[] {
    return this.transactions.flatMap((transaction) => transaction.changes);
  }
}

export interface Running {
  readonly upstream: Upstream;
  readonly recorder: Recorder;
  /** Waits until everything committed so far has been delivered. */
  caughtUp(): Promise<void>;
  table(name: string): Promise<TableSchema>;
  stopStream(): Promise<void>;
  startStream(from: string | null, recorder?: Recorder): Recorder;
  close(): Promise<void>;
}

export async function startUpstream(
  url: string,
  deployment = "test",
  options: { readonly disableSetup?: boolean; readonly stream?: boolean } = {},
): Promise<Running> {
  const upstream = createPostgresUpstream({
    url,
    deployment,
    disableSetup: options.disableSetup ?? false,
    logger: silentLogger,
    clock: systemClock,
  });
  await upstream.connect(new AbortController().signal);
  let recorder = new Recorder();
  let abort = new AbortController();
  let streaming: Promise<void> = Promise.resolve();
  let failure: unknown = null;
  const startStream = (from: string | null, next = new Recorder()): Recorder => {
    recorder = next;
    abort = new AbortController();
    streaming = upstream.stream(from, next, abort.signal);
    streaming.catch((error: unknown) => (failure = error));
    return next;
  };
  if (options.stream !== false) startStream(null);
  const stopStream = async () => {
    abort.abort();
    await streaming;
  };
  return {
    upstream,
    get recorder() {
      return recorder;
    },
    async caughtUp() {
      const position = await upstream.currentPosition();
      upstream.nudge();
      await until("the stream catches up", () => {
        if (failure !== null) throw failure as Error;
        return recorder.position >= position;
      });
    },
    async table(name) {
      const table = (await upstream.catalog(PUBLIC)).table(null, name);
      if ("refused" in table) throw new Error(table.refused);
      return table;
    },
    stopStream,
    startStream,
    async close() {
      await stopStream().catch(() => undefined);
      await upstream.close();
    },
  };
}

/** A local copy as simple as can be: the truth that copy and stream together must give. */
export class Mirror {
  readonly #schema: TableSchema;
  readonly #rows = new Map<string, { readonly row: Row; count: number }>();

  constructor(schema: TableSchema) {
    this.#schema = schema;
  }

  insert(row: Row): void {
    const id = this.#id(row);
    const known = this.#rows.get(id);
    if (known === undefined) this.#rows.set(id, { row, count: 1 });
    else if (this.#schema.key === null) known.count += 1;
    else throw new Error(`inserted twice: ${id}`);
  }

  apply(change: StreamChange): void {
    if (change.kind === "truncate") {
      if (change.tables.includes(this.#schema.id)) this.#rows.clear();
      return;
    }
    if (change.table !== this.#schema.id) return;
    if (change.kind === "insert") return this.insert(change.row);
    if (change.kind === "delete") {
      this.#take(change.old);
      return;
    }
    const old = this.#take(change.old ?? (change.row as Row));
    this.insert(change.row.map((value, index) => (value === UNCHANGED ? old[index]! : value)));
  }

  /** One text per row, sorted. */
  lines(): readonly string[] {
    const lines: string[] = [];
    for (const { row, count } of this.#rows.values()) {
      for (let time = 0; time < count; time += 1) lines.push(printRow(this.#schema, row));
    }
    return lines.sort();
  }

  #take(old: Row): Row {
    const id = this.#id(old);
    const known = this.#rows.get(id);
    if (known === undefined) throw new Error(`no such row: ${id}`);
    known.count -= 1;
    if (known.count === 0) this.#rows.delete(id);
    return known.row;
  }

  #id(row: Row): string {
    const columns = this.#schema.key ?? this.#schema.columns.map((_, index) => index);
    return columns.map((column) => printValue(this.#schema, column, row[column] ?? null)).join("|");
  }
}

function printValue(schema: TableSchema, column: number, value: Value): string {
  if (value === null) return "NULL";
  return JSON.stringify(postgresTextCodec.print(schema.columns[column]!.type, value));
}

export function printRow(schema: TableSchema, row: Row): string {
  return row.map((value, column) => printValue(schema, column, value)).join("|");
}

/** The table as the server prints it in canonical settings, in the form of `Mirror.lines`. */
export async function tableLines(
  client: pg.Client,
  schema: TableSchema,
): Promise<readonly string[]> {
  await client.query(
    "SET DateStyle TO ISO; SET TimeZone TO UTC; SET IntervalStyle TO postgres; SET extra_float_digits TO 1",
  );
  const result = await client.query({
    text: `SELECT * FROM ${schema.schema}."${schema.name}"`,
    rowMode: "array",
  });
  const rows = result.rows as (string | null)[][];
  return rows
    .map((row) => row.map((text) => (text === null ? "NULL" : JSON.stringify(text))).join("|"))
    .sort();
}

export async function copyAll(
  upstream: Upstream,
  schema: TableSchema,
): Promise<{ readonly rows: Row[]; includes: (xid: number) => boolean }> {
  const copy = await upstream.copyTable(schema, new AbortController().signal);
  const rows: Row[] = [];
  for await (const batch of copy.rows()) rows.push(...batch);
  await copy.close();
  return { rows, includes: (xid) => copy.includes({ xid, position: "" }) };
}

/** Copy plus the stream's transactions that the copy does not include. */
export function assemble(
  schema: TableSchema,
  copy: { readonly rows: readonly Row[]; includes: (xid: number) => boolean },
  transactions: readonly StreamTransaction[],
): Mirror {
  const mirror = new Mirror(schema);
  for (const row of copy.rows) mirror.insert(row);
  for (const transaction of transactions) {
    if (copy.includes(transaction.xid)) continue;
    for (const change of transaction.changes) mirror.apply(change);
  }
  return mirror;
}
