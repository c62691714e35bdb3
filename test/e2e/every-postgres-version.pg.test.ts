import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { expect, it } from "vitest";
import { connect, lastDestination, query, rowsOf } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";

const TEXT = "SELECT id, name FROM item WHERE id = 3";

async function cachedAnswer(url: string): Promise<string> {
  const client = await connect(url);
  try {
    return await eventually(async () => {
      const [row] = await rowsOf(client, TEXT);
      expect(await lastDestination(client)).toMatch(/^freshet/);
      return String(row?.["name"]);
    });
  } finally {
    await client.end();
  }
}

async function drained(freshet: FreshetProcess): Promise<void> {
  const client = await connect(freshet.url());
  const inFlight = client.query("SELECT pg_sleep(0.5), 'finished' AS end");
  await eventually(async () => {
    const busy =
      "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%finished%'";
    expect((await query(freshet.url(), busy)).length).toBeGreaterThan(1);
  });
  freshet.signal("SIGTERM");
  expect((await inFlight).rows).toMatchObject([{ end: "finished" }]);
  expect(await freshet.exit, freshet.said).toBe(0);
  await client.end().catch(() => undefined);
}

for (const major of [13, 14, 15, 16, 17, 18] as const) {
  it(`Postgres ${major}: caches follow, end in order, and are there again after a restart`, async () => {
    const upstream = await EmbeddedPostgres.start({ major });
    const deployment = `version${major}`;
    let freshet: FreshetProcess | null = null;
    try {
      await query(
        upstream.url(),
        "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL)",
        "INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 100) n",
      );
      freshet = await FreshetProcess.start({ upstreamUrl: upstream.url(), deployment });
      await query(freshet.url(), `CREATE CACHE by_id FROM ${TEXT}`);
      expect(await cachedAnswer(freshet.url())).toBe("item 3");
      await query(upstream.url(), "UPDATE item SET name = 'changed' WHERE id = 3");
      const { url } = { url: freshet.url() };
      await eventually(async () => expect(await cachedAnswer(url)).toBe("changed"));
      const shown = await definitions(url);

      await drained(freshet);
      await query(upstream.url(), "UPDATE item SET name = 'while away' WHERE id = 3");
      freshet.restart();
      await freshet.following();
      expect(await cachedAnswer(url)).toBe("while away");
      expect(await definitions(url)).toEqual(shown);
      expect(freshet.logged("table copied")).toHaveLength(1);
      await query(upstream.url(), "UPDATE item SET name = 'followed' WHERE id = 3");
      await eventually(async () => expect(await cachedAnswer(url)).toBe("followed"));
    } finally {
      await freshet?.dispose();
      await upstream.stop();
    }
  });
}

async function definitions(url: string): Promise<unknown[]> {
  const rows = await query(url, "SHOW CACHES");
  return rows.map((row) => [row["query_id"], row["name"], row["query"]]);
}
