import type { Row, TableSchema, TextCodec, Value } from "@freshet/types";
import { systemClock } from "@freshet/util";
import {
  type StreamChange,
  type StreamHandler,
  type StreamTransaction,
  type TransactionMark,
  UNCHANGED,
  type Upstream,
} from "./contract.ts";

/** Waits for a condition that something else brings about; fails loudly instead of hanging. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
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
  readonly #compare: (left: string, right: string) => number;

  constructor(compare: (left: string, right: string) => number = compareTexts) {
    this.#compare = compare;
  }

  transaction(transaction: StreamTransaction): boolean {
    this.transactions.push(transaction);
    if (!transaction.partial) this.#advance(transaction.position);
    return this.accept(transaction);
  }
  progress(position: string): void {
    this.#advance(position);
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

  reached(position: string): boolean {
    return this.position !== "" && this.#compare(this.position, position) >= 0;
  }

  changes(): readonly StreamChange[] {
    return this.transactions.flatMap((transaction) => transaction.changes);
  }

  #advance(position: string): void {
    if (this.position !== "" && this.#compare(position, this.position) < 0) {
      throw new Error("the position went back");
    }
    this.position = position;
  }
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A local copy as simple as can be: the truth that copy and stream together must give. */
export class Mirror {
  readonly #schema: TableSchema;
  readonly #codec: TextCodec;
  readonly #rows = new Map<string, { readonly row: Row; count: number }>();

  constructor(schema: TableSchema, codec: TextCodec) {
    this.#schema = schema;
    this.#codec = codec;
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
      const line = printRow(this.#schema, row, this.#codec);
      for (let time = 0; time < count; time += 1) lines.push(line);
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
    return columns
      .map((column) => printValue(this.#schema, column, row[column] ?? null, this.#codec))
      .join("|");
  }
}

function printValue(schema: TableSchema, column: number, value: Value, codec: TextCodec): string {
  if (value === null) return "NULL";
  return JSON.stringify(codec.print(schema.columns[column]!.type, value));
}

export function printRow(schema: TableSchema, row: Row, codec: TextCodec): string {
  return row.map((value, column) => printValue(schema, column, value, codec)).join("|");
}

export interface CopiedTable {
  readonly rows: readonly Row[];
  readonly includes: (transaction: TransactionMark) => boolean;
}

export async function copyAll(upstream: Upstream, schema: TableSchema): Promise<CopiedTable> {
  const copy = await upstream.copyTable(schema, new AbortController().signal);
  const rows: Row[] = [];
  for await (const batch of copy.rows()) rows.push(...batch);
  await copy.close();
  return { rows, includes: (mark) => copy.includes(mark) };
}

/** Copy plus the stream's transactions that the copy does not include. */
export function assemble(
  schema: TableSchema,
  copy: CopiedTable,
  transactions: readonly StreamTransaction[],
  codec: TextCodec,
): Mirror {
  const mirror = new Mirror(schema, codec);
  for (const row of copy.rows) mirror.insert(row);
  // Parts of a transaction count with its last: only that has the position of its end.
  let parts: StreamChange[] = [];
  for (const transaction of transactions) {
    parts.push(...transaction.changes);
    if (transaction.partial) continue;
    if (!copy.includes(transaction)) for (const change of parts) mirror.apply(change);
    parts = [];
  }
  return mirror;
}

export interface Running {
  readonly upstream: Upstream;
  readonly recorder: Recorder;
  /** What the stream ended with, if it did. */
  readonly failure: unknown;
  /** Waits until everything committed so far has been delivered. */
  caughtUp(): Promise<void>;
  table(name: string): Promise<TableSchema>;
  stopStream(): Promise<void>;
  startStream(from: string | null, recorder?: Recorder): Recorder;
  close(): Promise<void>;
}

/** Connects the upstream and, unless told otherwise, streams from where it stands. */
export async function runUpstream(
  upstream: Upstream,
  scopeIdentity: string,
  options: { readonly stream?: boolean } = {},
): Promise<Running> {
  await upstream.connect(new AbortController().signal);
  const compare = (left: string, right: string) => upstream.compare(left, right);
  let recorder = new Recorder(compare);
  let abort = new AbortController();
  let streaming: Promise<void> = Promise.resolve();
  let failure: unknown = null;
  const startStream = (from: string | null, next = new Recorder(compare)): Recorder => {
    recorder = next;
    failure = null;
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
    get failure() {
      return failure;
    },
    async caughtUp() {
      const position = await upstream.currentPosition();
      upstream.nudge();
      await until("the stream catches up", () => {
        if (failure !== null) throw failure as Error;
        return recorder.reached(position);
      });
    },
    async table(name) {
      const table = (await upstream.catalog(scopeIdentity)).table(null, name);
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
