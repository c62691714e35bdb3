import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createConnection as connect2 } from "mysql2/promise";
import mariadb from "mariadb";
import { adapterUnderTest, type AdapterUnderTest, FLAVOURS } from "./testing/setup.ts";

const INT = { kind: "int", upstreamId: 3, name: "int", modifier: -1 } as const;

describe.each(FLAVOURS)("drivers before %s", (flavour) => {
  let under: AdapterUnderTest;

  beforeAll(async () => {
    under = await adapterUnderTest(flavour);
    const admin = await connect2(under.upstream.url());
    await admin.query("CREATE TABLE f (id INT PRIMARY KEY, t VARCHAR(20) NOT NULL, d DECIMAL(8,2))");
    await admin.query("INSERT INTO f VALUES (1,'one',1.50),(2,'two',NULL),(3,'drei',-3)");
    await admin.end();
  }, 60_000);

  afterAll(() => under.stop());

  test("mysql2", async () => {
    const client = await connect2(under.url());
    const [rows] = await client.query("SELECT id, t, d FROM f ORDER BY id");
    expect(rows).toHaveLength(3);
    const [executed] = await client.execute("SELECT t FROM f WHERE id = ?", [2]);
    expect(executed).toEqual([{ t: "two" }]);
    await under.router.cache("SELECT t, d FROM f WHERE id = ?", [INT]);
    await under.router.cache("SELECT t, d FROM f WHERE id = 1");
    const { hits } = under.router;
    for (let i = 0; i < 3; i += 1) {
      const [again] = await client.execute("SELECT t, d FROM f WHERE id = ?", [2]);
      expect(again).toEqual([{ t: "two", d: null }]);
      const [text] = await client.query("SELECT t, d FROM f WHERE id = 1");
      expect(text).toEqual([{ t: "one", d: "1.50" }]);
    }
    expect([under.router.hits - hits, under.router.forwards]).toEqual([6, expect.anything()]);
    await client.end();
  });

  test("mariadb", async () => {
    const url = new URL(under.url());
    const client = await mariadb.createConnection({
      host: "127.0.0.1",
      port: Number(url.port),
      user: "root",
      password: "root",
      database: "test",
    });
    expect(await client.query("SELECT id, t FROM f WHERE id < 3 ORDER BY id")).toEqual([
      { id: 1, t: "one" },
      { id: 2, t: "two" },
    ]);
    expect(await client.execute("SELECT t FROM f WHERE id = ?", [2])).toEqual([{ t: "two" }]);
    await under.router.cache("SELECT t FROM f WHERE id = ?", [INT]);
    for (const id of [1, 2, 1]) {
      expect(await client.execute("SELECT t FROM f WHERE id = ?", [id])).toEqual([
        { t: id === 1 ? "one" : "two" },
      ]);
    }
    await client.end();
  });
});
