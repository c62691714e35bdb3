import type { SessionScope } from "@freshet/rpc";
import { scopeKey } from "@freshet/rpc";
import type { LexerSettings } from "@freshet/sql";
import type { Route, RoutingSession } from "./contract.ts";

export interface TextCacheLimits {
  readonly textCacheEntries: number;
  readonly textCacheBytes: number;
  readonly textLength: number;
}

/** The texts of one scope and string syntax, in two generations. */
export class TextTable {
  /** Null while the session's scope is not known. */
  readonly scope: string | null;
  young = new Map<string, Route>();
  old = new Map<string, Route>();

  constructor(scope: string | null) {
    this.scope = scope;
  }
}

/**
 * Routes by exact text, so that a repeated statement costs one Map look-up. When the young
 * generations of all scopes together are half full, they become the old ones and what was old
 * and not used since is forgotten: least-recently-used within a factor of two, without lists.
 */
export class TextCache {
  readonly #limits: TextCacheLimits;
  /** By scope key, with the way its texts are read. */
  readonly #tables = new Map<string, TextTable>();
  #byScope = new WeakMap<SessionScope, Map<LexerSettings, TextTable>>();
  /** For sessions whose scope is not known. */
  readonly #unknown = new Map<LexerSettings, TextTable>();
  #lastScope: SessionScope | null = null;
  #lastLexer: LexerSettings | null = null;
  #lastTable: TextTable | null = null;
  #youngEntries = 0;
  #youngBytes = 0;

  constructor(limits: TextCacheLimits) {
    this.#limits = limits;
  }

  get size(): number {
    let size = 0;
    for (const table of this.#all()) size += table.young.size + table.old.size;
    return size;
  }

  table(session: RoutingSession): TextTable {
    const { scope, lexer } = session;
    const last = this.#lastTable;
    if (last !== null && scope === this.#lastScope && lexer === this.#lastLexer) return last;
    const table = this.#find(scope, lexer);
    this.#lastScope = scope;
    this.#lastLexer = lexer;
    this.#lastTable = table;
    return table;
  }

  get(table: TextTable, text: string): Route | undefined {
    const route = table.young.get(text);
    if (route !== undefined) return route;
    const old = table.old.get(text);
    if (old === undefined) return undefined;
    table.old.delete(text);
    this.set(table, text, old);
    return old;
  }

  set(table: TextTable, text: string, route: Route): void {
    const { textLength, textCacheEntries, textCacheBytes } = this.#limits;
    if (text.length > textLength) return;
    const entriesFull = this.#youngEntries * 2 >= textCacheEntries;
    if (entriesFull || (this.#youngBytes + text.length) * 2 > textCacheBytes) this.#rotate();
    table.young.set(text, route);
    this.#youngEntries += 1;
    this.#youngBytes += text.length;
  }

  /** Forgets every route: some cache came or went. */
  clear(): void {
    for (const table of this.#all()) {
      table.young = new Map();
      table.old = new Map();
    }
    this.#forgetEmptyTables();
    this.#youngEntries = 0;
    this.#youngBytes = 0;
  }

  #find(scope: SessionScope | null, lexer: LexerSettings): TextTable {
    let ofScope = scope === null ? this.#unknown : this.#byScope.get(scope);
    if (scope !== null && ofScope === undefined) {
      this.#byScope.set(scope, (ofScope = new Map<LexerSettings, TextTable>()));
    }
    const known = ofScope?.get(lexer);
    if (known !== undefined) return known;
    const table = scope === null ? new TextTable(null) : this.#ofKey(scopeKey(scope), lexer);
    ofScope?.set(lexer, table);
    return table;
  }

  /** Equal scopes share a table, also when they are different objects. */
  #ofKey(scope: string, lexer: LexerSettings): TextTable {
    const key = `${Object.values(lexer).join()} ${scope}`;
    let table = this.#tables.get(key);
    if (table === undefined) this.#tables.set(key, (table = new TextTable(scope)));
    return table;
  }

  #rotate(): void {
    for (const table of this.#all()) {
      table.old = table.young;
      table.young = new Map();
    }
    this.#forgetEmptyTables();
    this.#youngEntries = 0;
    this.#youngBytes = 0;
  }

  /** A table in nobody's reach would not be rotated: forget all ways to it as well. */
  #forgetEmptyTables(): void {
    for (const [key, table] of this.#tables) {
      if (table.young.size === 0 && table.old.size === 0) this.#tables.delete(key);
    }
    this.#byScope = new WeakMap();
    this.#lastScope = null;
    this.#lastLexer = null;
    this.#lastTable = null;
  }

  #all(): TextTable[] {
    return [...this.#tables.values(), ...this.#unknown.values()];
  }
}
