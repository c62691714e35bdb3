import type { CacheDefinition, ColumnDefinition, ControlError, ControlResult } from "@freshet/rpc";
import type {
  CacheStatement,
  CacheStatementParse,
  LexerSettings,
  StatementTraits,
} from "@freshet/sql";
import {
  type CanonicalParam,
  encodeParamKey,
  type EncodedRows,
  type SqlType,
} from "@freshet/types";
import type { CachedRoute, Entry, FillResult, ForwardReason, Route, Router } from "../contract.ts";

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

/** A cache before it has an id: its text, and its columns as the upstream describes them. */
export interface NewCache {
  readonly text: string;
  /** Of its placeholders, as they are compared. */
  readonly parameters: readonly SqlType[];
  readonly columns: readonly ColumnDefinition[];
  readonly inTransaction: CacheDefinition["inTransaction"];
}

/**
 * A `Router` for the adapters' own tests: exact texts are cached, filled from the real upstream
 * on a connection of its own and never refreshed, so that a test sees whether an answer came
 * from a cache. Every knob a session looks at can be turned.
 */
export abstract class ExactTextRouter implements Router {
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

  protected abstract traits(text: string, settings?: LexerSettings): StatementTraits;

  protected abstract parse(text: string, settings: LexerSettings): CacheStatementParse;

  /** What the upstream answers now, in canonical text. */
  protected abstract read(
    cache: CacheDefinition,
    params: readonly CanonicalParam[],
  ): Promise<EncodedRows>;

  protected add({ text, parameters, columns, inTransaction }: NewCache): void {
    const id = this.#queries.size + 1;
    const route: CachedRoute = {
      kind: "cached",
      traits: this.traits(text),
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
    const ours = this.parse(text, session.lexer);
    if (ours.kind === "statement") return { kind: "control", statement: ours.statement };
    if (ours.kind === "error") {
      return { kind: "control-error", message: ours.message, position: ours.position };
    }
    if (cached !== undefined && session.scope !== null) return cached.route;
    const traits = this.traits(text, session.lexer);
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
    const entry = new FilledEntry(await this.read(route.cache, params), route.cache.columns);
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

/** Rows of canonical texts. */
export function encodedRows(rows: readonly (readonly (string | Buffer | null)[])[]): EncodedRows {
  const parts: Buffer[] = [];
  for (const value of rows.flat()) {
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes?.length ?? -1);
    parts.push(length);
    if (bytes !== null) parts.push(bytes);
  }
  return { count: rows.length, bytes: Buffer.concat(parts) };
}
