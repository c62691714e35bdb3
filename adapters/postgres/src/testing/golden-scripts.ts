import {
  bind,
  BACKEND,
  close,
  describe,
  execute,
  FLUSH,
  FRONTEND,
  message,
  parse,
  query,
  SYNC,
  int16,
  int32,
} from "@freshet/pg-wire";
import type { RawClient } from "./raw-client.ts";

export interface GoldenScript {
  readonly name: string;
  /** The batch is small and has no waits inside: it may be cut at any byte. */
  readonly cuttable?: boolean;
  readonly run: (client: RawClient) => Promise<void>;
}

const copyData = (text: string) => message(FRONTEND.copyData, Buffer.from(text));
const COPY_DONE = message(FRONTEND.copyDone);
const copyFail = (text: string) => message(FRONTEND.copyFail, Buffer.from(`${text}\0`));

/** Sends everything at once and waits for this many ReadyForQuery. */
export const once = (
  name: string,
  ready: number,
  ...messages: readonly Buffer[]
): GoldenScript => ({
  name,
  cuttable: true,
  run: async (client) => {
    client.send(...messages);
    await client.ready(ready);
  },
});

const E = execute("");
const run = (text: string) => [parse("", text), bind("", ""), describe("P", ""), E];

/** A statement the adapter under test answers from a cache. */
export const CACHED = "SELECT id, name FROM golden WHERE id = $1";
export const CACHED_FIXED = "SELECT id, name FROM golden ORDER BY id";
const hit = (id: string) => [parse("", CACHED, [23]), bind("", "", [id]), describe("P", ""), E];

export const GOLDEN_SCRIPTS: readonly GoldenScript[] = [
  once("simple query", 1, query("SELECT 1 AS a, 'x'::text AS b, NULL::int8")),
  once("several statements in one query", 1, query("SELECT 1; SELECT 2; SELECT 'three'")),
  once("error in the middle of a multi-statement", 1, query("SELECT 1; SELECT 1/0; SELECT 3")),
  once("empty queries", 3, query(""), query(";"), query("-- only a comment")),
  once("syntax error", 1, query("SELEC 1")),
  once(
    "transaction states",
    5,
    query("BEGIN"),
    query("SELECT 1"),
    query("SELECT 1/0"),
    query("SELECT 2"),
    query("ROLLBACK"),
  ),
  once(
    "explicit transaction inside a multi-statement",
    2,
    query("BEGIN; SELECT 1; COMMIT; SELECT 2"),
    query("SELECT 3"),
  ),
  once(
    "savepoints",
    6,
    query("BEGIN"),
    query("SAVEPOINT a"),
    query("SELECT 1/0"),
    query("ROLLBACK TO a"),
    query("SELECT 5"),
    query("COMMIT AND CHAIN"),
  ),
  once("notices", 1, query("DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'careful'; END $$")),
  once(
    "settings are reported",
    4,
    query("SET application_name = 'golden'"),
    query("SET DateStyle = 'SQL, DMY'"),
    query("SHOW DateStyle"),
    query("RESET DateStyle"),
  ),
  once(
    "listen and notify",
    3,
    query("LISTEN golden"),
    query("NOTIFY golden, 'payload'"),
    query("SELECT 1"),
  ),
  once("extended query", 1, ...run("SELECT 1 AS a"), SYNC),
  once(
    "extended with parameters",
    1,
    parse("", "SELECT $1::int + 1, $2::text", [23, 25]),
    bind("", "", ["41", "x"], [1]),
    describe("P", ""),
    E,
    SYNC,
  ),
  once(
    "several executes before one sync",
    1,
    ...run("SELECT 1"),
    ...run("SELECT 2"),
    ...run("SELECT 3"),
    SYNC,
  ),
  once(
    "error skips to sync",
    2,
    ...run("SELECT 1"),
    ...run("SELECT 1/0"),
    ...run("SELECT 3"),
    SYNC,
    ...run("SELECT 4"),
    SYNC,
  ),
  once(
    "parse error skips to sync",
    2,
    parse("", "SELEC 1"),
    bind("", ""),
    E,
    SYNC,
    ...run("SELECT 4"),
    SYNC,
  ),
  once(
    "several syncs in one write",
    4,
    SYNC,
    ...run("SELECT 1"),
    SYNC,
    SYNC,
    ...run("SELECT 2"),
    SYNC,
  ),
  once("empty statement by extended", 1, ...run(""), SYNC),
  once(
    "describe statement before bind",
    2,
    parse("s1", "SELECT $1::int8, $2::date"),
    describe("S", "s1"),
    SYNC,
    bind("", "s1", ["7", "2020-01-02"]),
    E,
    SYNC,
  ),
  once(
    "describe of a statement without rows",
    1,
    parse("", "SET application_name = 'x'"),
    describe("S", ""),
    bind("", ""),
    describe("P", ""),
    E,
    SYNC,
  ),
  once(
    "named statement taken twice",
    2,
    parse("dup", "SELECT 1"),
    SYNC,
    parse("dup", "SELECT 2"),
    SYNC,
  ),
  once(
    "missing statement and portal",
    3,
    bind("", "nosuch"),
    SYNC,
    E,
    SYNC,
    describe("P", "nosuch"),
    SYNC,
  ),
  once("close of missing things succeeds", 1, close("S", "nosuch"), close("P", "nosuch"), SYNC),
  once(
    "portal with row limits",
    3,
    query("BEGIN"),
    parse("", "SELECT generate_series(1, 5)"),
    bind("p", ""),
    execute("p", 2),
    execute("p", 2),
    execute("p", 2),
    execute("p", 2),
    close("P", "p"),
    SYNC,
    query("COMMIT"),
  ),
  once(
    "portal is gone after sync",
    2,
    parse("", "SELECT generate_series(1, 5)"),
    bind("p", ""),
    execute("p", 2),
    SYNC,
    execute("p", 2),
    SYNC,
  ),
  once(
    "deallocate of a protocol statement",
    4,
    parse("pdo_1", "SELECT 1"),
    SYNC,
    query("DEALLOCATE pdo_1"),
    bind("", "pdo_1"),
    SYNC,
    parse("pdo_1", "SELECT 2"),
    bind("", "pdo_1"),
    E,
    SYNC,
  ),
  once(
    "transaction by extended",
    3,
    ...run("BEGIN"),
    SYNC,
    ...run("SELECT 1"),
    SYNC,
    ...run("COMMIT"),
    SYNC,
  ),
  once("wrong number of parameters", 1, parse("", "SELECT $1::int"), bind("", "", []), E, SYNC),
  once("unknown result format", 1, parse("", "SELECT 1"), bind("", "", [], [7]), E, SYNC),
  once(
    "function call",
    1,
    message(
      FRONTEND.functionCall,
      int32(1397),
      int16(0),
      int16(1),
      int32(2),
      Buffer.from("-5"),
      int16(0),
    ),
  ),
  once(
    "function call error",
    1,
    message(FRONTEND.functionCall, int32(1), int16(0), int16(0), int16(0)),
  ),
  once("copy out", 1, query("COPY (SELECT generate_series(1, 3)) TO STDOUT")),
  once("copy out by extended", 1, ...run("COPY (SELECT generate_series(1, 3)) TO STDOUT"), SYNC),
  once(
    "copy data outside of copy is ignored",
    2,
    query("SELECT 1"),
    copyData("x\n"),
    COPY_DONE,
    query("SELECT 2"),
  ),
  {
    name: "copy in, fail, and an error within",
    run: async (client) => {
      client.send(query("CREATE TEMP TABLE c (a int)"));
      await client.ready(1);
      client.send(query("COPY c FROM STDIN"));
      await client.until(BACKEND.copyInResponse, 1);
      client.send(copyData("1\n2\n"), copyData("3\n"), COPY_DONE);
      await client.ready(2);
      client.send(query("COPY c FROM STDIN"), copyData("4\n"), copyFail("no more"));
      await client.ready(3);
      client.send(
        query("COPY c FROM STDIN"),
        copyData("oops\n"),
        copyData("5\n"),
        COPY_DONE,
        query("SELECT count(*) FROM c"),
      );
      await client.ready(5);
    },
  },
  {
    name: "copy in by extended swallows syncs",
    run: async (client) => {
      client.send(query("CREATE TEMP TABLE c (a int)"));
      await client.ready(1);
      client.send(...run("COPY c FROM STDIN"), SYNC);
      await client.until(BACKEND.copyInResponse, 1);
      client.send(copyData("1\n"), SYNC, FLUSH, copyData("2\n"), COPY_DONE, SYNC);
      await client.ready(2);
      client.send(query("SELECT count(*) FROM c"));
      await client.ready(3);
      client.send(
        ...run("COPY c FROM STDIN"),
        SYNC,
        copyData("3\n"),
        COPY_DONE,
        SYNC,
        ...hit("1"),
        SYNC,
      );
      await client.ready(5);
      client.send(...hit("2"), SYNC);
      await client.ready(6);
    },
  },
  {
    name: "flush between messages",
    run: async (client) => {
      client.send(parse("f", "SELECT generate_series(1, 3)"), describe("S", "f"), FLUSH);
      await client.until(BACKEND.rowDescription, 1);
      client.send(bind("", "f"), execute("", 2), FLUSH);
      await client.until(BACKEND.portalSuspended, 1);
      client.send(execute("", 2), FLUSH);
      await client.until(BACKEND.commandComplete, 1);
      client.send(SYNC);
      await client.ready(1);
    },
  },
  {
    name: "large objects",
    run: async (client) => {
      client.send(
        query("BEGIN"),
        query("SELECT lo_from_bytea(987654, '\\x0102')"),
        query("SELECT lo_get(987654)"),
        query("SELECT lo_unlink(987654)"),
        query("ROLLBACK"),
      );
      await client.ready(5);
    },
  },
  {
    name: "query within an open batch",
    run: async (client) => {
      client.send(...run("SELECT 1"), query("SELECT 2"));
      await client.ready(1);
      client.send(SYNC);
      await client.ready(2);
    },
  },
  once(
    "a query within an open batch, and hits before its sync",
    4,
    parse("", "SELECT 1"),
    query("SELECT 2"),
    query(CACHED_FIXED),
    bind("", "nosuch"),
    SYNC,
    query("SELECT 3"),
  ),
  once(
    "a failed parse, and its name bound before the reply",
    2,
    parse("bad", "SELECT nosuch"),
    SYNC,
    bind("", "bad"),
    E,
    SYNC,
  ),
  once("a hit by simple query", 2, query(CACHED_FIXED), query(CACHED_FIXED)),
  once("a hit by extended", 2, ...hit("1"), SYNC, ...hit("2"), SYNC),
  once("a hit without rows and with null", 2, ...hit("99"), SYNC, ...hit("3"), SYNC),
  once(
    "a hit in binary",
    1,
    parse("", CACHED, [23]),
    bind("", "", ["1"], [1]),
    describe("P", ""),
    E,
    SYNC,
  ),
  once(
    "a hit in mixed formats",
    1,
    parse("", CACHED, [23]),
    bind("", "", ["1"], [1, 0]),
    describe("P", ""),
    E,
    SYNC,
  ),
  once("hits and misses in one batch", 1, ...hit("1"), ...run("SELECT 7"), ...hit("2"), SYNC),
  once(
    "hits between forwarded batches",
    5,
    ...run("SELECT pg_sleep(0.05)"),
    SYNC,
    ...hit("1"),
    SYNC,
    ...run("SELECT 2"),
    SYNC,
    ...hit("2"),
    SYNC,
    query(CACHED_FIXED),
  ),
  once(
    "a named cached statement used upstream",
    3,
    parse("n", CACHED),
    describe("S", "n"),
    SYNC,
    bind("", "n", ["1"]),
    ...[E],
    SYNC,
    bind("", "n", ["2"]),
    E,
    ...run("SELECT 8"),
    SYNC,
  ),
  once(
    "a cached statement is re-parsed",
    3,
    parse("n", CACHED),
    SYNC,
    parse("n", CACHED),
    SYNC,
    bind("", "n", ["1"]),
    E,
    SYNC,
  ),
  once(
    "a cached statement is deallocated",
    4,
    parse("n", CACHED),
    SYNC,
    query("DEALLOCATE n"),
    bind("", "n", ["1"]),
    E,
    SYNC,
    query("SELECT 1"),
  ),
  once(
    "deallocating one statement leaves the others",
    6,
    parse("n1", CACHED),
    parse("n2", CACHED),
    parse("Up", "SELECT 9"),
    SYNC,
    query("DEALLOCATE n1"),
    bind("", "n2", ["1"]),
    E,
    SYNC,
    query('DEALLOCATE PREPARE "Up"'),
    query("DEALLOCATE n1"),
    query("DEALLOCATE ALL"),
  ),
  once(
    "a cached statement is closed",
    3,
    parse("n", CACHED),
    SYNC,
    close("S", "n"),
    SYNC,
    bind("", "n", ["1"]),
    E,
    SYNC,
  ),
  once(
    "unnamed statement survives sync, not a query",
    4,
    parse("", CACHED, [23]),
    SYNC,
    bind("", "", ["1"]),
    E,
    SYNC,
    query(CACHED_FIXED),
    bind("", "", ["1"]),
    E,
    SYNC,
  ),
  once("a hit with a bad parameter", 1, parse("", CACHED, [23]), bind("", "", ["abc"]), E, SYNC),
  once(
    "a hit with too many parameters",
    1,
    parse("", CACHED, [23]),
    bind("", "", ["1", "2"]),
    E,
    SYNC,
  ),
  once(
    "a hit with a row limit",
    1,
    parse("", CACHED_FIXED),
    bind("", ""),
    execute("", 2),
    execute("", 5),
    SYNC,
  ),
  once("a hit executed twice", 1, parse("", CACHED_FIXED), bind("", ""), E, E, SYNC),
  once(
    "a hit in a failed transaction",
    4,
    query("BEGIN"),
    query("SELECT 1/0"),
    ...hit("1"),
    SYNC,
    query("ROLLBACK"),
  ),
  once(
    "hits in a transaction until its first write",
    6,
    query("BEGIN"),
    ...hit("1"),
    SYNC,
    query(CACHED_FIXED),
    query("UPDATE golden SET name = 'changed' WHERE id = 1"),
    ...hit("1"),
    SYNC,
    query("ROLLBACK"),
  ),
  once(
    "sql prepare shares names with the protocol",
    3,
    query("PREPARE shared AS SELECT 1"),
    parse("shared", CACHED),
    SYNC,
    bind("", "shared"),
    E,
    SYNC,
  ),
  {
    name: "flush after a cached parse, then run, then another",
    run: async (client) => {
      client.send(parse("", CACHED), describe("S", ""), FLUSH);
      await client.until(BACKEND.rowDescription, 1);
      client.send(bind("", "", ["1"]), E, SYNC);
      await client.ready(1);
      client.send(parse("", CACHED), describe("S", ""), FLUSH);
      await client.until(BACKEND.rowDescription, 2);
      client.send(bind("", "", ["1"]), execute("", 1), FLUSH);
      await client.until(BACKEND.portalSuspended, 1);
      client.send(close("P", ""), SYNC);
      await client.ready(2);
    },
  },
];
