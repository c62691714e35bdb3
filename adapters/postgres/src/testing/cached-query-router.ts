import type {
  CachedRoute,
  Entry,
  FillResult,
  ForwardReason,
  Route,
  Router,
} from "@freshet/adapter-core";
import type { CacheDefinition, ColumnDefinition, ControlError, ControlResult } from "@freshet/rpc";
import {
  type CacheStatement,
  type LexerSettings,
  parseCacheStatement,
  POSTGRES_LEXER_SETTINGS,
  postgresLexer,
} from "@freshet/sql";
import {
  type CanonicalParam,
  encodeParamKey,
  type EncodedRows,
  type SqlType,
  type ValueKind,
} from "@freshet/types";
import pg from "pg";

const KINDS: Readonly<Record<number, ValueKind>> = {
  16: "bool",
  20: "bigint",
  23: "int",
  25: "text",
  701: "float8",
  1043: "text",
  1082: "date",
  1114: "timestamp",
  1184: "timestamptz",
};

const type = (upstreamId: number): SqlType => ({
  kind: KINDS[upstreamId] ?? "opaque",
  upstreamId,
  name: String(upstreamId),
  modifier: -1,
});

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
  readonly #client: pg.Client;
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
  /** Fills that sessions have asked for so far. */
  fillsAsked = 0;

  constructor(url: string) {
    this.#client = new pg.Client({
      connectionString: url,
      types: { getTypeParser: () => (v: string) => v } as never,
    });
  }

  async connect(): Promise<void> {
    await this.#client.connect();
    await this.#client.query("SET TIME ZONE 'UTC'");
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  /** `parameters`: type ids of `$1…` as they are compared. */
  async cache(
    text: string,
    parameters: readonly number[] = [],
    inTransaction: CacheDefinition["inTransaction"] = "until-write",
  ): Promise<void> {
    const real = await this.#client.query({
      text,
      values: parameters.map(() => null),
      rowMode: "array",
    });
    const columns = real.fields.map((field) => ({
      name: field.name,
      type: type(field.dataTypeID),
      wire: {
        tableId: field.tableID,
        columnNumber: field.columnID,
        typeId: field.dataTypeID,
        typeSize: field.dataTypeSize,
        typeModifier: field.dataTypeModifier,
      },
    }));
    const id = this.#queries.size + 1;
    const route: CachedRoute = {
      kind: "cached",
      traits: postgresLexer.traits(text, POSTGRES_LEXER_SETTINGS),
      cache: {
        id,
        name: `q${id}`,
        queryId: `q_${id}`,
        query: text,
        shape: text,
        scope: "",
        slots: [],
        params: [],
        columns,
        inTransaction,
        maintenance: "incremental",
      },
      queryId: `q_${id}`,
      sources: parameters.map((_, index) => ({ kind: "bind", index })),
      placeholders: parameters.length,
      placeholderTypes: parameters.map(type),
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
    const ours = parseCacheStatement(text);
    if (ours.kind === "statement") return { kind: "control", statement: ours.statement };
    if (ours.kind === "error") {
      return { kind: "control-error", message: ours.message, position: ours.position };
    }
    if (cached !== undefined && session.scope !== null) return cached.route;
    const traits = postgresLexer.traits(text, session.lexer);
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
    const result = await this.#client.query<(string | null)[]>({
      text: route.cache.query,
      values: [...params],
      rowMode: "array",
    });
    const parts: Buffer[] = [];
    for (const row of result.rows) {
      for (const value of row) {
        const bytes = Buffer.from(value ?? "", "utf8");
        const length = Buffer.alloc(4);
        length.writeInt32BE(value === null ? -1 : bytes.length);
        parts.push(length, bytes);
      }
    }
    const rows = { count: result.rows.length, bytes: Buffer.concat(parts) };
    const entry = new FilledEntry(rows, route.cache.columns);
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
