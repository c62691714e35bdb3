import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  BACKEND,
  bind,
  close,
  describe as describeMessage,
  execute,
  parse,
  parseErrorFields,
  query,
  SYNC,
  TERMINATE,
} from "@freshet/pg-wire";
import { RawClient } from "./testing/raw-client.ts";
import { type AdapterUnderTest, adapterUnderTest } from "./testing/setup.ts";

const CACHED = "SELECT id, name FROM things WHERE id = $1";
const FIXED = "SELECT count(*) AS n FROM things";
let under: AdapterUnderTest;
let client: pg.Client;

beforeAll(async () => {
  under = await adapterUnderTest({ limits: { fillTimeoutMs: 300 } });
  const admin = new pg.Client({ connectionString: under.upstream.url() });
  await admin.connect();
  await admin.query("CREATE TABLE things (id int PRIMARY KEY, name varchar(40))");
  await admin.query("INSERT INTO things SELECT i, 'thing ' || i FROM generate_series(1, 20) i");
  await admin.query("CREATE SCHEMA other");
  await admin.query("CREATE ROLE reader");
  await admin.end();
  await under.router.cache(CACHED, [23]);
  await under.router.cache(FIXED);
});

afterAll(() => under.stop());

beforeEach(async () => {
  Object.assign(under.router, {
    serving: true,
    access: true,
    positionReached: true,
    fillDelayMs: 0,
    fillRefused: false,
  });
  under.router.positions.length = 0;
  client = new pg.Client({ connectionString: under.url() });
  await client.connect();
  return () => client.end();
});

/** Where the session says its last statement went. */
async function last(): Promise<string> {
  const { rows } = await client.query<Record<string, string>>("EXPLAIN LAST STATEMENT");
  return `${rows[0]?.["Query_destination"]}: ${rows[0]?.["Freshet_reason"]}`;
}

const read = async () => {
  await client.query(FIXED);
  return last();
};

describe("what is answered from a cache", () => {
  test("a simple query, an unnamed and a named statement", async () => {
    expect(await read()).toMatch(/^freshet.*: ok$/);
    expect((await client.query(CACHED, [3])).rows).toEqual([{ id: 3, name: "thing 3" }]);
    expect(await last()).toMatch(/^freshet.*: ok$/);
    for (const id of [4, 5, 99]) {
      const { rows } = await client.query({ name: "by-id", text: CACHED, values: [id] });
      expect(rows).toEqual(id === 99 ? [] : [{ id, name: `thing ${id}` }]);
      expect(await last()).toMatch(/^freshet.*: ok$/);
    }
  });

  test("a statement without cache goes upstream with its reason", async () => {
    await client.query("SELECT 1");
    expect(await last()).toMatch(/^upstream: /);
    under.router.serving = false;
    expect(await read()).toBe("upstream: not-serving");
  });

  test("a role that may not read is forwarded; unknown access is asked for once", async () => {
    under.router.access = false;
    expect(await read()).toBe("upstream: access-denied");
    under.router.access = null;
    expect(await read()).toMatch(/^freshet.*: ok$/);
  });

  test("a fill that is slow or refused is forwarded", async () => {
    under.router.fillDelayMs = 2_000;
    const { rows } = await client.query(CACHED, [11]);
    expect(rows).toEqual([{ id: 11, name: "thing 11" }]);
    expect(await last()).toBe("upstream: fill-timeout");
    under.router.fillDelayMs = 0;
    under.router.fillRefused = true;
    await client.query(CACHED, [12]);
    expect(await last()).toBe("upstream: fill-refused");
  });

  test("statements sent while a fill is pending are answered after it, in order", async () => {
    under.router.fillDelayMs = 100;
    const raw = await RawClient.connect(under.url());
    raw.send(
      parse("", CACHED, [23]),
      bind("", "", ["13"]),
      execute(""),
      SYNC,
      query("SELECT 'after'"),
    );
    await raw.ready(2);
    expect(raw.describe()).toBe("12DCZTDCZ");
    raw.close();
  });
});

describe("transactions", () => {
  test("caches answer until the transaction may have written", async () => {
    await client.query("BEGIN");
    expect(await read()).toMatch(/^freshet.*: ok$/);
    await client.query("INSERT INTO things VALUES (100, 'mine')");
    expect(await read()).toBe("upstream: transaction-wrote");
    await client.query("ROLLBACK");
  });

  test("a transaction right after a write waits for it too", async () => {
    await client.query("UPDATE things SET name = 'w' WHERE id = 20");
    await client.query("BEGIN");
    expect(await read()).toMatch(/^freshet.*: ok$/);
    expect(under.router.positions).toHaveLength(1);
    await client.query("COMMIT");
    await client.query({ name: "begin", text: "BEGIN" });
    await client.query("UPDATE things SET name = 'v' WHERE id = 20");
    await client.query({ name: "commit", text: "COMMIT" });
    await client.query({ name: "begin", text: "BEGIN" });
    under.router.positionReached = false;
    expect(await read()).toBe("upstream: behind-own-write");
    await client.query("COMMIT");
  });

  test("settings changed right behind a BEGIN are noticed", async () => {
    const raw = await RawClient.connect(under.url());
    raw.send(query("BEGIN"), query("SET search_path = other, public"), query(FIXED));
    await raw.ready(3);
    expect(raw.describe()).toBe(
      "CZCSZTDCZ".replace("S", raw.count(BACKEND.parameterStatus) ? "S" : ""),
    );
    expect(under.router.forwards.at(-1)).toBe("unknown-scope");
    raw.close();
  });

  test("stricter isolation is forwarded", async () => {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    expect(await read()).toBe("upstream: in-transaction");
    await client.query("COMMIT");
    await client.query("SET default_transaction_isolation = 'serializable'");
    expect(await read()).toMatch(/^freshet.*: ok$/);
    await client.query("BEGIN");
    expect(await read()).toBe("upstream: in-transaction");
    await client.query("COMMIT");
  });

  test("a failed transaction answers its error", async () => {
    await client.query("BEGIN");
    await expect(client.query("SELECT 1/0")).rejects.toThrow("division by zero");
    await expect(client.query(FIXED)).rejects.toThrow("current transaction is aborted");
    await client.query("ROLLBACK");
    expect(await read()).toMatch(/^freshet.*: ok$/);
  });
});

describe("own writes", () => {
  test("the next cached read waits for them", async () => {
    await client.query("UPDATE things SET name = 'x' WHERE id = 20");
    expect(under.router.positions).toEqual([]);
    expect(await read()).toMatch(/^freshet.*: ok$/);
    expect(under.router.positions).toHaveLength(1);
    expect(under.router.positions[0]).toMatch(/^[0-9A-F]{16}$/);
    expect(await read()).toMatch(/^freshet.*: ok$/);
    expect(under.router.positions).toHaveLength(1);
  });

  test("a read that would be behind is forwarded, until it is not", async () => {
    under.router.positionReached = false;
    await client.query("UPDATE things SET name = 'y' WHERE id = 20");
    expect(await read()).toBe("upstream: behind-own-write");
    under.router.positionReached = true;
    expect(await read()).toMatch(/^freshet.*: ok$/);
  });

  test("the position covers an asynchronous commit", async () => {
    await client.query("SET synchronous_commit = off");
    await client.query("UPDATE things SET name = 'z' WHERE id = 20");
    const { rows } = await client.query<{ lsn: string }>(
      "SELECT pg_current_wal_insert_lsn() AS lsn",
    );
    await read();
    const value = (lsn = "") =>
      BigInt(
        `0x${lsn
          .split("/")
          .map((part) => part.padStart(8, "0"))
          .join("")}`,
      );
    expect(value(under.router.positions[0])).toBeGreaterThanOrEqual(value(rows[0]?.lsn));
  });
});

describe("session settings", () => {
  test("search path, role and hidden settings are learned before the next cached read", async () => {
    const seen: string[] = [];
    const { router } = under;
    const route = router.route.bind(router);
    router.route = (text, session) => {
      const scope = session.scope as { role: string; identity: string } | null;
      if (text === FIXED && scope !== null) seen.push(`${scope.role} ${scope.identity}`);
      return route(text, session);
    };
    try {
      await client.query(FIXED);
      await client.query("SET search_path = other, public");
      await client.query(FIXED);
      await client.query("SET search_path = public; SET ROLE reader");
      await client.query(FIXED).catch(() => undefined);
      await client.query("BEGIN; SET LOCAL search_path = other; ROLLBACK; RESET ROLE");
      await client.query(FIXED);
    } finally {
      router.route = route;
    }
    expect([...new Set(seen)]).toEqual([
      "postgres {pg_catalog,public}",
      "postgres {pg_catalog,other,public}",
      "reader {pg_catalog,public}",
    ]);
    expect(seen.at(-1)).toBe("postgres {pg_catalog,public}");
  });

  test("another client encoding does without caches", async () => {
    await client.query("SET client_encoding = 'LATIN1'");
    expect(await read()).toMatch(/^upstream: (session-setting|unknown-scope)$/);
    await client.query("SET client_encoding = 'UTF8'");
    expect(await read()).toMatch(/^freshet.*: ok$/);
  });
});

describe("a statement prepared before its cache existed", () => {
  const run = (id: string) => [bind("", "early", [id]), execute(""), SYNC];

  test("is answered from the cache once the upstream has run it again", async () => {
    const text = "SELECT name, id FROM things WHERE id = $1";
    const raw = await RawClient.connect(under.url());
    raw.send(parse("early", text, [23]), SYNC, ...run("1"));
    await raw.ready(2);
    await under.router.cache(text, [23]);
    raw.send(...run("1"));
    await raw.ready(3);
    const { hits } = under.router;
    raw.send(...run("1"));
    await raw.ready(4);
    expect(under.router.hits).toBe(hits + 1);
    raw.close();
  });

  test("raises the upstream's error when DDL changed it before", async () => {
    const admin = new pg.Client({ connectionString: under.upstream.url() });
    await admin.connect();
    await admin.query("CREATE TABLE widened AS SELECT 1 AS id, 'a' AS name");
    const text = "SELECT * FROM widened WHERE id = $1";
    const raw = await RawClient.connect(under.url());
    raw.send(parse("early", text, [23]), SYNC, ...run("1"));
    await raw.ready(2);
    await admin.query("ALTER TABLE widened ADD COLUMN more int");
    await admin.end();
    await under.router.cache(text, [23]);
    for (const ready of [3, 4]) {
      raw.send(...run("1"));
      await raw.ready(ready);
    }
    expect(raw.transcript().filter((line) => line.includes("C0A000"))).toHaveLength(2);
    raw.close();
  });
});

describe("our own statements", () => {
  test("answer in the simple and the extended protocol", async () => {
    const expected = [
      { name: "a", value: "1" },
      { name: "b", value: null },
    ];
    expect((await client.query("SHOW CACHES")).rows).toEqual(expected);
    expect((await client.query({ name: "show", text: "SHOW CACHES" })).rows).toEqual(expected);
    const raw = await RawClient.connect(under.url());
    raw.send(
      parse("", "SHOW CACHES"),
      describeMessage("S", ""),
      bind("", "", [], [1]),
      describeMessage("P", ""),
      execute(""),
      SYNC,
    );
    await raw.ready(1);
    expect(raw.describe()).toBe("1tT2TDDCZ");
    raw.close();
  });

  test("CREATE CACHE described before it runs has the columns of its row", async () => {
    const row = ["q_1", "c", "SELECT 1", "incremental"];
    const columns = ["query_id", "name", "query", "cache_type"];
    const before = under.router.controlResult;
    under.router.controlResult = { columns, rows: [row], tag: "CREATE CACHE", notices: [] };
    const raw = await RawClient.connect(under.url());
    const { length } = under.router.controls;
    raw.send(parse("p", "CREATE CACHE c FROM SELECT 1"), describeMessage("S", "p"), SYNC);
    await raw.ready(1);
    expect(raw.describe()).toBe("1tTZ");
    expect(under.router.controls).toHaveLength(length);
    raw.send(bind("", "p"), execute(""), SYNC);
    await raw.ready(2);
    expect(raw.describe()).toBe("1tTZ2DCZ");
    under.router.controlResult = { columns: [], rows: [], tag: "CREATE CACHE", notices: ["there"] };
    raw.send(bind("", "p"), execute(""), SYNC);
    await raw.ready(3);
    expect(raw.describe()).toBe("1tTZ2DCZ2NCZ");
    under.router.controlResult = before;
    raw.close();
  });

  test("errors of ours skip to Sync and leave the session usable", async () => {
    under.router.controlResult = {
      code: "42P07",
      message: "cache exists",
      hint: "use another name",
    };
    await expect(client.query("CREATE CACHE FROM SELECT 1")).rejects.toMatchObject({
      code: "42P07",
      hint: "use another name",
    });
    const raw = await RawClient.connect(under.url());
    raw.send(
      parse("", "CREATE CACHE FROM SELECT 1"),
      bind("", ""),
      execute(""),
      parse("", CACHED),
      close("S", "x"),
      SYNC,
      query("SELECT 2"),
    );
    await raw.ready(2);
    expect(raw.describe()).toBe("12EZTDCZ");
    const error = raw.frames[2] as Buffer;
    expect(parseErrorFields(error, 0, error.length).get("C")).toBe("42P07");
    expect(raw.count(BACKEND.readyForQuery)).toBe(2);
    raw.close();
  });

  test("a syntax error in one of ours names its place", async () => {
    await expect(client.query("CREATE CACHE FROM")).rejects.toMatchObject({ code: "42601" });
  });
});

describe("parameters", () => {
  test.each([
    ["NULL of a type the column does not compare with", [parse("", CACHED, [25])], [null], "42883"],
    ["more declared types than placeholders", [parse("", CACHED, [23, 25])], ["1"], "08P01"],
  ])("%s is the upstream's error", async (_, before, params, code) => {
    const raw = await RawClient.connect(under.url());
    raw.send(...before, bind("", "", params), execute(""), SYNC);
    await raw.ready(1);
    const error = raw.frames.find((frame) => frame[0] === 0x45)!;
    expect(parseErrorFields(error, 0, error.length).get("C")).toBe(code);
    raw.close();
  });

  test("wrong format codes fail the statement, not the connection", async () => {
    const raw = await RawClient.connect(under.url());
    const good = bind("", "", ["1"]);
    // Two format codes for one parameter.
    const formats = Buffer.from([0, 2, 0, 0, 0, 0]);
    const bad = Buffer.concat([good.subarray(0, 7), formats, good.subarray(9)]);
    bad.writeInt32BE(bad.length - 1, 1);
    raw.send(parse("", CACHED), bad, execute(""), SYNC, query("SELECT 1"));
    await raw.ready(2);
    expect(raw.transcript().join()).toContain("bind message has 2 parameter formats");
    raw.close();
  });
});

describe("goodbye", () => {
  test("what was sent before Terminate still runs", async () => {
    const raw = await RawClient.connect(under.url());
    raw.send(
      query("SELECT pg_sleep(0.3)"),
      query("INSERT INTO things VALUES (500, 'late')"),
      TERMINATE,
    );
    await raw.untilClosed();
    const deadline = Date.now() + 10_000;
    for (;;) {
      const { rows } = await client.query("SELECT name FROM things WHERE id = 500");
      if (rows.length === 1) break;
      expect(Date.now()).toBeLessThan(deadline);
    }
    await client.query("DELETE FROM things WHERE id = 500");
  });
});

describe("a prepared statement whose columns DDL has changed", () => {
  test("raises the upstream's error", async () => {
    const { router } = under;
    const text = "SELECT * FROM shapes WHERE id = $1";
    const expected = "cached plan must not change result type";
    await client.query("CREATE TABLE shapes (id int)");
    await router.cache(text, [23]);
    const raw = await RawClient.connect(under.url());
    raw.send(parse("v", text, [23]), SYNC);
    await raw.ready(1);
    const use = [bind("", "v", ["1"]), execute(""), SYNC];
    raw.send(...use);
    await raw.ready(2);
    expect(raw.describe()).toBe("1Z2CZ");
    await client.query("ALTER TABLE shapes ADD extra text");
    await router.cache(text, [23]);
    raw.send(...use, query("SELECT 1"));
    await raw.ready(4);
    expect(raw.describe()).toBe("1Z2CZEZTDCZ");
    expect(raw.transcript().join()).toContain(expected);
    raw.send(...use);
    await raw.ready(5);
    expect(raw.transcript().at(-2)).toContain(expected);
    raw.close();
    await client.query("DROP TABLE shapes");
  });
});
