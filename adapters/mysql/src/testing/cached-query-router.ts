import type {
  CachedRoute,
  Entry,
  FillResult,
  ForwardReason,
  Route,
  Router,
} from "@freshet/adapter-core";
import {
  COMMAND,
  parseColumnDefinition,
  parseTextRow,
  prepareCommand,
  queryCommand,
  ReplyTracker,
  TYPE,
  type WireColumn,
} from "@freshet/mysql-wire";
import type { CacheDefinition, ColumnDefinition, ControlError, ControlResult } from "@freshet/rpc";
import {
  type CacheStatement,
  type LexerSettings,
  mysqlLexer,
  parseMysqlCacheStatement,
} from "@freshet/sql";
import {
  type CanonicalParam,
  encodeParamKey,
  type EncodedRows,
  type SqlType,
  type ValueKind,
} from "@freshet/types";
import { DEFAULT_LEXER_SETTINGS } from "../settings.ts";
import { RawClient, type RawReply } from "./raw-client.ts";

const BINARY = 63;

function kindOf({ columnType, charset, flags }: WireColumn): ValueKind {
  switch (columnType) {
    case TYPE.tiny:
    case TYPE.short:
    case TYPE.long:
    case TYPE.int24:
    case TYPE.year:
      return "int";
    case TYPE.longlong:
    case TYPE.bit:
      return "bigint";
    case TYPE.float:
      return "float4";
    case TYPE.double:
      return "float8";
    case TYPE.newdecimal:
      return "decimal";
    case TYPE.date:
      return "civildate";
    case TYPE.datetime:
      return "civildatetime";
    case TYPE.timestamp:
      return "timestamptz";
    case TYPE.time:
      return "time";
    case TYPE.json:
      return "opaque";
    default:
      if ((flags & 0x100) !== 0) return "enum";
      return charset === BINARY ? "bytes" : "text";
  }
}

function typeOf(column: WireColumn): SqlType {
  return {
    kind: kindOf(column),
    upstreamId: column.columnType,
    name: column.columnType === TYPE.bit ? "bit" : String(column.columnType),
    modifier: column.decimals,
    ...((column.flags & 32) !== 0 ? { unsigned: true } : {}),
  };
}

/** The entries of one cache; rows as the upstream gave them when they were filled. */
class FilledEntry implements Entry {
  readonly rows: EncodedRows;
  readonly columns: readonly ColumnDefinition[];
  readonly #variants = new Map<string, Buffer>();

  constructor(rows: EncodedRows, columns: readonly ColumnDefinition[]) {
    this.rows = rows;
    this.columns = columns;
  }

  variant(key: string): Buffer | undefined {
    return this.#variants.get(key);
  }

  addVariant(key: string, bytes: Buffer): void {
    this.#variants.set(key, bytes);
  }
}

interface CachedQuery {
  readonly route: CachedRoute;
  readonly entries: Map<string, FilledEntry>;
}

/**
 * A `Router` for the adapter's own tests: exact texts are cached, filled from the real upstream
 * on a connection of its own and never refreshed, so that a test sees whether an answer came
 * from a cache. Every knob a session looks at can be turned.
 */
export class CachedQueryRouter implements Router {
  readonly #url: string;
  #client: RawClient | null = null;
  readonly #queries = new Map<string, CachedQuery>();
  serving = true;
  servingReason = "";
  generation = 1;
  accessGeneration = 1;
  visiblePosition = "";
  hits = 0;
  readonly forwards: ForwardReason[] = [];
  readonly positions: string[] = [];
  positionReached = true;
  access: boolean | null = true;
  /** What `control` answers. */
  controlResult: ControlResult | ControlError = {
    columns: ["name", "value"],
    rows: [
      ["a", "1"],
      ["b", null],
    ],
    tag: "SHOW",
    notices: [],
  };
  readonly controls: CacheStatement[] = [];
  fillDelayMs = 0;
  fillRefused = false;
  fillsAsked = 0;

  constructor(url: string) {
    this.#url = url;
  }

  async connect(): Promise<void> {
    this.#client = await RawClient.connect(this.#url);
    await this.#run("SET time_zone = '+00:00'");
  }

  close(): Promise<void> {
    this.#client?.close();
    return Promise.resolve();
  }

  #run(text: string): Promise<RawReply> {
    const client = this.#client as RawClient;
    return client.run(queryCommand(text, client.capabilities));
  }

  /** `parameters`: types of the `?`s as they are compared. */
  async cache(
    text: string,
    parameters: readonly SqlType[] = [],
    inTransaction: CacheDefinition["inTransaction"] = "until-write",
  ): Promise<void> {
    const client = this.#client as RawClient;
    const reply = await client.run(prepareCommand(text));
    const columns = columnsOf(reply, COMMAND.stmtPrepare, client.capabilities).map((column) => ({
      name: Buffer.from(column.name, "latin1").toString("utf8"),
      type: typeOf(column),
      wire: {
        schema: column.schema,
        table: column.table,
        originalTable: column.originalTable,
        originalName: column.originalName,
        charset: column.charset,
        length: column.length,
        columnType: column.columnType,
        flags: column.flags,
        decimals: column.decimals,
      },
    }));
    const id = this.#queries.size + 1;
    const route: CachedRoute = {
      kind: "cached",
      traits: mysqlLexer.traits(text, DEFAULT_LEXER_SETTINGS),
      cache: {
        id,
        name: `q${id}`,
        queryId: `q_${id}`,
        query: text,
        shape: text,
        scope: "",
        slots: [],
        params: parameters.map((type) => ({ type, list: false, role: "comparison" as const })),
        columns,
        inTransaction,
        maintenance: "incremental",
      },
      queryId: `q_${id}`,
      sources: parameters.map((_, index) => ({ kind: "bind", index })),
      placeholders: parameters.length,
      placeholderTypes: parameters,
      placeholderIsList: parameters.map(() => false),
      fixedKey: parameters.length === 0 ? encodeParamKey([]) : null,
      fixedParams: parameters.length === 0 ? [] : null,
      valid: true,
    };
    this.#queries.set(text, { route, entries: new Map() });
    this.generation += 1;
  }

  #query(route: CachedRoute): CachedQuery {
    return this.#queries.get(route.cache.query) as CachedQuery;
  }

  route(text: string, session: { readonly scope: unknown; readonly lexer: LexerSettings }): Route {
    const cached = this.#queries.get(text);
    const ours = parseMysqlCacheStatement(text, session.lexer);
    if (ours.kind === "statement") return { kind: "control", statement: ours.statement };
    if (ours.kind === "error") {
      return { kind: "control-error", message: ours.message, position: ours.position };
    }
    if (cached !== undefined && session.scope !== null) return cached.route;
    const traits = mysqlLexer.traits(text, session.lexer);
    const reason = cached !== undefined ? "unknown-scope" : traits.read ? "no-cache" : "not-a-read";
    return { kind: "forward", traits, queryId: null, reason };
  }

  lookup(route: CachedRoute, key: string): Entry | null {
    return this.#query(route).entries.get(key) ?? null;
  }

  async fill(
    route: CachedRoute,
    key: string,
    params: readonly CanonicalParam[],
  ): Promise<FillResult> {
    this.fillsAsked += 1;
    if (this.fillDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.fillDelayMs));
    if (this.fillRefused) return { kind: "refused", reason: "as told" };
    const client = this.#client as RawClient;
    let at = 0;
    const text = route.cache.query.replace(/\?/g, () => literal(params[at++] ?? null));
    const reply = await this.#run(text);
    const parts: Buffer[] = [];
    let count = 0;
    const { columns } = route.cache;
    for (const row of rowsOf(reply, client.capabilities, columns.length)) {
      count += 1;
      row.forEach((value, index) => {
        const bytes = canonical(value, columns[index]?.type);
        const length = Buffer.alloc(4);
        length.writeInt32BE(bytes === null ? -1 : bytes.length);
        parts.push(length);
        if (bytes !== null) parts.push(bytes);
      });
    }
    const entry = new FilledEntry({ count, bytes: Buffer.concat(parts) }, columns);
    this.#query(route).entries.set(key, entry);
    return { kind: "entry", entry };
  }

  control(statement: CacheStatement): Promise<ControlResult | ControlError> {
    this.controls.push(statement);
    return Promise.resolve(this.controlResult);
  }

  awaitPosition(position: string): Promise<boolean> {
    this.positions.push(position);
    return Promise.resolve(this.positionReached);
  }

  mayRead(): boolean | null {
    return this.access;
  }

  askAccess(): Promise<boolean> {
    this.access ??= true;
    return Promise.resolve(this.access);
  }

  countForward(_route: Route, reason: ForwardReason): void {
    this.forwards.push(reason);
  }

  countHit(): void {
    this.hits += 1;
  }
}

function literal(value: CanonicalParam): string {
  if (value === null) return "NULL";
  const text = String(value);
  return /^-?\d+(\.\d+)?$/.test(text) ? text : `'${text.replace(/'/g, "''")}'`;
}

/** Text of the protocol (byte string) to canonical bytes. */
function canonical(value: string | null, type: SqlType | undefined): Buffer | null {
  if (value === null) return null;
  const bytes = Buffer.from(value, "latin1");
  if (type?.kind === "bytes") return Buffer.from(`\\x${bytes.toString("hex")}`);
  if (type?.name === "bit") return Buffer.from(String(BigInt(`0x${bytes.toString("hex")}`)));
  if (type?.kind === "int" || type?.kind === "bigint") return Buffer.from(String(BigInt(value)));
  return bytes;
}

export function columnsOf(reply: RawReply, command: number, capabilities: number): WireColumn[] {
  const tracker = new ReplyTracker(capabilities);
  tracker.begin(command);
  return reply.packets.flatMap((one) =>
    tracker.packet(one, 4, one.length - 4) === "column"
      ? [parseColumnDefinition(one, 4, one.length)]
      : [],
  );
}

export function rowsOf(
  reply: RawReply,
  capabilities: number,
  columns: number,
): (string | null)[][] {
  const tracker = new ReplyTracker(capabilities);
  tracker.begin(COMMAND.query);
  return reply.packets.flatMap((one) =>
    tracker.packet(one, 4, one.length - 4) === "row"
      ? [parseTextRow(one, 4, one.length, columns)]
      : [],
  );
}
