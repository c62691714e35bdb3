import type { SessionScope } from "@freshet/rpc";
import { scopeKey } from "@freshet/rpc";
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
  /** By scope key, with a mark for each string syntax. */
  readonly #tables = new Map<string, TextTable>();
  #byScope = new WeakMap<SessionScope, [TextTable | null, TextTable | null]>();
  readonly #unknown: readonly [TextTable, TextTable];
  #lastScope: SessionScope | null = null;
  #lastStandard = true;
  #lastTable: TextTable;
  #youngEntries = 0;
  #youngBytes = 0;

  constructor(limits: TextCacheLimits) {
    this.#limits = limits;
    this.#unknown = [new TextTable(null), new TextTable(null)];
    this.#lastTable = this.#unknown[1];
  }

  get size(): number {
    let size = 0;
    for (const table of this.#all()) size += table.young.size + table.old.size;
    return size;
  }

  table(session: RoutingSession): TextTable {
    const { scope, standardConformingStrings } = session;
    if (scope === this.#lastScope && standardConformingStrings === this.#lastStandard) {
      return this.#lastTable;
    }
    this.#lastScope = scope;
    this.#lastStandard = standardConformingStrings;
    this.#lastTable = this.#find(scope, standardConformingStrings ? 1 : 0);
    return this.#lastTable;
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

  #find(scope: SessionScope | null, syntax: 0 | 1): TextTable {
    if (scope === null) return this.#unknown[syntax];
    let pair = this.#byScope.get(scope);
    if (pair === undefined) this.#byScope.set(scope, (pair = [null, null]));
    const known = pair[syntax];
    if (known !== null) return known;
    const key = scopeKey(scope);
    let table = this.#tables.get(`${syntax}${key}`);
    if (table === undefined) this.#tables.set(`${syntax}${key}`, (table = new TextTable(key)));
    pair[syntax] = table;
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
    this.#lastStandard = true;
    this.#lastTable = this.#unknown[1];
  }

  #all(): TextTable[] {
    return [...this.#tables.values(), ...this.#unknown];
  }
}
