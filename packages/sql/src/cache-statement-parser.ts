/**
 * Our own statements, by the tokens of the dialect's scanner. Anything that does not begin as
 * one of ours is `not-ours` after one or two words; `position` of an error counts bytes from 1,
 * as the `P` field of an ErrorResponse does.
 */
import type { CacheStatement, CacheStatementParse } from "./cache-statement.ts";
import { mysqlWords } from "./mysql/cache-words.ts";
import { postgresWords } from "./postgres/cache-words.ts";
import { POSTGRES_LEXER_SETTINGS } from "./postgres/lexer-settings.ts";
import type { LexerSettings } from "./shape.ts";
import { CacheSyntaxError, WordReader } from "./word-reader.ts";

const NOT_OURS: CacheStatementParse = { kind: "not-ours" };
const FIRST_WORDS: ReadonlySet<string> = new Set(["create", "drop", "show", "explain", "alter"]);
const PRODUCTS: readonly string[] = ["freshet", "readyset"];
const KINDS: readonly string[] = ["deep", "shallow"];
const QUERY_STARTS: readonly string[] = ["select", "with", "values", "table"];
const QUERY_ID = /^q_[0-9a-f]{1,16}$/;
/** Options of ReadySet that have no meaning here yet. */
const REFUSED_OPTIONS: ReadonlySet<string> = new Set([
  "policy",
  "ttl",
  "refresh",
  "coalesce",
  "adaptive",
  "topk_buffer_multiplier",
  "autoparam",
]);

const postgresReader = new WordReader(postgresWords);
const mysqlReader = new WordReader(mysqlWords);

/** `text` is a byte string of one or more Postgres statements; ours come alone. */
export function parseCacheStatement(text: string): CacheStatementParse {
  postgresReader.reset(text, POSTGRES_LEXER_SETTINGS);
  return parseWith(postgresReader);
}

/** The same for MySQL and MariaDB: names between backticks, `#` comments, their strings. */
export function parseMysqlCacheStatement(
  text: string,
  settings: LexerSettings,
): CacheStatementParse {
  mysqlReader.reset(text, settings);
  return parseWith(mysqlReader);
}

function parseWith(reader: WordReader): CacheStatementParse {
  if (!FIRST_WORDS.has(reader.word)) return NOT_OURS;
  try {
    const statement = parse(reader);
    if (statement === null) return NOT_OURS;
    return { kind: "statement", statement };
  } catch (error) {
    if (!(error instanceof CacheSyntaxError)) throw error;
    return { kind: "error", message: error.message, position: error.position };
  }
}

function parse(words: WordReader): CacheStatement | null {
  const first = words.word;
  words.advance();
  switch (first) {
    case "create":
      return create(words);
    case "drop":
      return drop(words);
    case "show":
      return show(words);
    case "explain":
      return explain(words);
    default:
      return alter(words);
  }
}

type Maintenance = Extract<CacheStatement, { kind: "create-cache" }>["maintenance"];

/** After CREATE or EXPLAIN CREATE: `[DEEP | SHALLOW] CACHE`; null when it is something else. */
function cacheKind(words: WordReader): Maintenance | null {
  if (words.accept("cache")) return "default";
  const kind = words.acceptOneOf(KINDS);
  if (kind === null) return null;
  words.expect("cache");
  return kind === "deep" ? "deep" : "shallow";
}

interface Options {
  inTransaction: "default" | "always" | "until-write";
  concurrently: boolean;
}

function create(words: WordReader): CacheStatement | null {
  const maintenance = cacheKind(words);
  if (maintenance === null) return null;
  const options: Options = { inTransaction: "default", concurrently: false };
  const ifNotExists = acceptIfNotExists(words);
  let bare = false;
  while (option(words, options)) bare = true;
  const name = words.word === "from" || words.word === "with" ? null : words.dottedName();
  while (option(words, options)) bare = true;
  if (words.accept("with")) {
    if (bare) throw words.error("options come either bare or in WITH (…), not both");
    withOptions(words, options);
  }
  return {
    kind: "create-cache",
    name,
    ifNotExists,
    concurrently: options.concurrently,
    inTransaction: options.inTransaction,
    maintenance,
    source: source(words),
  };
}

function acceptIfNotExists(words: WordReader): boolean {
  if (!words.accept("if")) return false;
  words.expect("not");
  words.expect("exists");
  return true;
}

/** One option, if one stands here. */
function option(words: WordReader, options: Options): boolean {
  if (words.accept("concurrently")) {
    options.concurrently = true;
  } else if (words.word === "always" || words.word === "until") {
    if (options.inTransaction !== "default") throw words.error("ALWAYS or UNTIL WRITE once only");
    options.inTransaction = words.word === "always" ? "always" : "until-write";
    const until = words.word === "until";
    words.advance();
    if (until) words.expect("write");
  } else if (REFUSED_OPTIONS.has(words.word)) {
    const what = words.word.toUpperCase();
    throw words.error(
      `the option ${what} is not supported yet: cached answers follow every write, none expires`,
    );
  } else {
    return false;
  }
  return true;
}

function withOptions(words: WordReader, options: Options): void {
  words.expect("(");
  if (words.accept(")")) return;
  do {
    if (!option(words, options)) throw words.error("expected an option of CREATE CACHE");
  } while (words.accept(","));
  words.expect(")");
}

type Source = Extract<CacheStatement, { kind: "create-cache" }>["source"];

function source(words: WordReader): Source {
  words.expect("from");
  if (QUERY_STARTS.includes(words.word) || words.word === "(") {
    return { kind: "select", select: words.rest() };
  }
  if (!QUERY_ID.test(words.word)) throw words.error("expected a SELECT or a query id");
  const queryId = words.word;
  words.advance();
  words.expectEnd();
  return { kind: "query-id", queryId };
}

function drop(words: WordReader): CacheStatement | null {
  if (words.accept("cache")) {
    let ifExists = false;
    if (words.accept("if")) {
      words.expect("exists");
      ifExists = true;
    }
    const name = words.dottedName();
    words.expectEnd();
    return { kind: "drop-cache", name, ifExists };
  }
  if (!words.accept("all")) return null;
  if (words.accept("proxied")) {
    words.expect("queries");
    words.expectEnd();
    return { kind: "drop-all-proxied-queries" };
  }
  if (words.acceptOneOf(KINDS) === "shallow") throw words.error("no cache is shallow");
  words.expect("caches");
  words.expectEnd();
  return { kind: "drop-all-caches" };
}

function show(words: WordReader): CacheStatement | null {
  if (KINDS.includes(words.word)) {
    words.advance();
    words.expect("caches");
    return showCaches(words);
  }
  if (words.accept("caches")) return showCaches(words);
  if (words.accept("proxied")) return showProxied(words);
  if (words.accept("connections")) return words.done({ kind: "show-connections" });
  if (words.acceptOneOf(PRODUCTS) === null) return null;
  // `SHOW freshet.name` asks for a setting with that prefix.
  if (words.word === ".") return null;
  if (words.accept("status")) return words.done({ kind: "show-status" });
  if (words.accept("adapters")) return words.done({ kind: "show-adapters" });
  if (words.accept("servers")) return words.done({ kind: "show-servers" });
  if (words.accept("version")) return words.done({ kind: "show-version" });
  if (words.accept("tables")) return words.done({ kind: "show-tables", all: false });
  if (words.accept("all")) {
    words.expect("tables");
    return words.done({ kind: "show-tables", all: true });
  }
  words.expect("migration");
  words.expect("status");
  return words.done({ kind: "show-migration-status", id: words.value() });
}

function showCaches(words: WordReader): CacheStatement {
  return words.done({ kind: "show-caches", queryId: whereQueryId(words) });
}

function showProxied(words: WordReader): CacheStatement {
  const supportedOnly = words.accept("supported");
  words.acceptOneOf(KINDS);
  words.expect("queries");
  const queryId = whereQueryId(words);
  const limit = words.accept("limit") ? words.integer() : null;
  return words.done({ kind: "show-proxied-queries", supportedOnly, queryId, limit });
}

function whereQueryId(words: WordReader): string | null {
  if (!words.accept("where")) return null;
  words.expect("query_id");
  words.expect("=");
  return words.value();
}

function explain(words: WordReader): CacheStatement | null {
  if (words.accept("last")) {
    words.expect("statement");
    return words.done({ kind: "explain-last-statement" });
  }
  if (words.accept("caches")) return words.done({ kind: "explain-caches" });
  if (!words.accept("create")) return null;
  if (cacheKind(words) === null) return null;
  return { kind: "explain-create-cache", source: source(words) };
}

function alter(words: WordReader): CacheStatement | null {
  if (words.acceptOneOf(PRODUCTS) === null) return null;
  const way = words.acceptOneOf(["enter", "exit"]);
  if (way !== null) {
    words.expect("maintenance");
    words.expect("mode");
    return words.done({ kind: "set-maintenance", on: way === "enter" });
  }
  const change = words.acceptOneOf(["add", "drop"]);
  if (change !== null) {
    words.expect("tables");
    const tables: string[] = [];
    do tables.push(words.tablePattern());
    while (words.accept(","));
    return words.done({ kind: change === "add" ? "add-tables" : "drop-tables", tables });
  }
  words.expect("resnapshot");
  words.expect("table");
  return words.done({ kind: "resnapshot-table", table: words.dottedName() });
}
