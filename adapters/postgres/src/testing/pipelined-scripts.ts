import {
  bind,
  close,
  describe,
  execute,
  FLUSH,
  FRONTEND,
  message,
  parse,
  query,
  SYNC,
} from "@freshet/pg-wire";
import { CACHED, CACHED_FIXED, type GoldenScript, once } from "./golden-scripts.ts";

const E = execute("");
const run = (text: string) => [parse("", text), bind("", ""), describe("P", ""), E];
const COPY_FAIL = message(FRONTEND.copyFail, Buffer.from("no\0"));

/** Messages sent before the replies they depend on: only the server knows which of them run. */
export const PIPELINED_SCRIPTS: readonly GoldenScript[] = [
  once(
    "a query and a sync behind an open batch end it twice",
    4,
    parse("", "SELECT 1"),
    query("SELECT 2"),
    SYNC,
    query(CACHED_FIXED),
    query("SELECT 3"),
  ),
  once(
    "a query behind a failing batch is skipped to its sync",
    3,
    parse("bad", "SELEC"),
    query("SELECT 2"),
    parse("skipped", "SELECT 1"),
    query("SELECT 3"),
    SYNC,
    query(CACHED_FIXED),
    query("SELECT 4"),
  ),
  once(
    "a failing query behind an open batch",
    3,
    ...run("SELECT 1"),
    query("SELECT 1/0"),
    SYNC,
    query(CACHED_FIXED),
  ),
  once(
    "a cached unnamed statement bound, then a query, in one batch",
    3,
    parse("", CACHED_FIXED),
    SYNC,
    bind("", ""),
    query(CACHED_FIXED),
    SYNC,
  ),
  once(
    "a query within a batch drops the unnamed statement of that batch",
    3,
    parse("", CACHED_FIXED),
    query("SET search_path = public, pg_catalog"),
    SYNC,
    bind("", ""),
    SYNC,
  ),
  once(
    "a cached statement parsed in a transaction that has failed meanwhile",
    3,
    ...run("BEGIN"),
    describe("P", "nosuch"),
    SYNC,
    parse("s", CACHED),
    SYNC,
    query("ROLLBACK"),
  ),
  once(
    "what was parsed only here survives the batch that failed before using it",
    3,
    parse("", CACHED_FIXED),
    SYNC,
    execute("nosuch"),
    describe("S", ""),
    SYNC,
    bind("", ""),
    E,
    SYNC,
  ),
  once(
    "a parse that was skipped leaves the unnamed statement before it",
    4,
    parse("", CACHED_FIXED),
    SYNC,
    describe("S", "nosuch"),
    ...run("FETCH c"),
    SYNC,
    bind("", ""),
    E,
    SYNC,
    bind("", "", ["1"]),
    SYNC,
  ),
  once(
    "names that a skipped message would have taken",
    3,
    parse("s1", CACHED_FIXED),
    SYNC,
    execute("nosuch"),
    parse("s1", CACHED),
    SYNC,
    ...run("PREPARE s1 AS SELECT 5"),
    SYNC,
  ),
  once(
    "a chain of skipped parses of the unnamed statement",
    3,
    execute("nosuch"),
    parse("", "SELECT generate_series(1, 3)"),
    SYNC,
    bind("", "nosuch"),
    parse("", CACHED_FIXED),
    SYNC,
    bind("", ""),
    E,
    SYNC,
  ),
  once(
    "a portal bound to a cached statement is run after a sync of its transaction",
    4,
    query("BEGIN"),
    parse("", CACHED_FIXED),
    bind("", ""),
    SYNC,
    execute("", 4),
    SYNC,
    query("COMMIT"),
  ),
  once(
    "a name taken behind a query that is skipped",
    3,
    parse("s1", CACHED),
    SYNC,
    execute("nosuch"),
    query("SELECT 1"),
    parse("s1", CACHED_FIXED),
    SYNC,
    bind("", "s1"),
    E,
    SYNC,
  ),
  once(
    "queries behind a failing batch, with a statement parsed only here",
    3,
    parse("s2", CACHED_FIXED),
    SYNC,
    describe("S", "nosuch"),
    query("SELECT 1"),
    query(CACHED_FIXED),
    SYNC,
    query("EXECUTE s2"),
  ),
  {
    name: "a copy started by a query within a batch",
    run: async (client) => {
      client.send(query("CREATE TEMP TABLE c (a int)"));
      await client.ready(1);
      client.send(close("S", "s1"), query("COPY c FROM STDIN"));
      await client.until(0x47, 1);
      client.send(COPY_FAIL);
      await client.ready(2);
      client.send(SYNC, query(CACHED_FIXED));
      await client.ready(4);
      client.send(close("S", "s1"), query("COPY c FROM STDIN"), COPY_FAIL, SYNC);
      await client.ready(6);
      client.send(query(CACHED_FIXED));
      await client.ready(7);
    },
  },
  {
    name: "flush alone in a failed transaction, with statements parsed only here",
    run: async (client) => {
      client.send(parse("_pg3_0", CACHED, [23]), SYNC, ...run("BEGIN"), SYNC);
      await client.ready(2);
      client.send(...run("SELECT 1/0"), SYNC);
      await client.ready(3);
      client.send(SYNC, FLUSH);
      await client.ready(4);
      client.send(query("ROLLBACK"));
      await client.ready(5);
      client.send(query(CACHED_FIXED));
      await client.ready(6);
    },
  },
  {
    name: "a batch that failed before the query within it was sent",
    run: async (client) => {
      client.send(describe("P", "nosuch"), FLUSH);
      await client.until(0x45, 1);
      client.send(execute(""), query("RESET search_path"), SYNC);
      await client.ready(1);
      client.send(query(CACHED_FIXED));
      await client.ready(2);
    },
  },
];
