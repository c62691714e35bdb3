import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FreshetProcess } from "../support/freshet-process.ts";
import {
  type MysqlClient,
  mysqlConnect,
  mysqlExecuted,
  mysqlQuery,
} from "../support/mysql-database.ts";

/** FRESHET_CHAOS_CLIENTS=5000 by hand. Half of them vanish without a word, mid-statement. */
const clientCount = Number(process.env["FRESHET_CHAOS_CLIENTS"] ?? 1000);
/** Of those that vanish, this many while the upstream works for them. */
const UPSTREAM_CLIENTS = 60;
/** More at once than this would wait in the kernel's queue of connections. */
const CONNECTING_AT_ONCE = 200;
const TEXT = "SELECT * FROM item WHERE id = ?";
const FORGOTTEN = "info LIKE 'SELECT%forgotten%' AND id <> CONNECTION_ID()";
/** The flavours differ in nothing that a thousand clients would show. */
const flavour = process.env["FRESHET_CHAOS_FLAVOUR"] === "mariadb" ? "mariadb" : "mysql";

describe(flavour, () => {
  let upstream: EmbeddedMysql;
  let freshet: FreshetProcess;

  beforeAll(async () => {
    upstream = await EmbeddedMysql.start({ flavour, settings: { max_connections: "300" } });
    const rows = Array.from({ length: 1000 }, (_, n) => `(${n + 1}, repeat('item ${n + 1}', 20))`);
    await mysqlQuery(
      upstream.url(),
      "CREATE TABLE item (id int PRIMARY KEY, name varchar(200) NOT NULL)",
      `INSERT INTO item VALUES ${rows.join()}`,
    );
    freshet = await FreshetProcess.start({ upstreamUrl: upstream.url(), deployment: "thousand" });
    await mysqlQuery(freshet.url(), `CREATE CACHE item_by_id FROM ${TEXT}`);
  });

  afterAll(async () => {
    await freshet?.dispose();
    await upstream?.stop();
  });

  async function upstreamSessions(where = "id <> CONNECTION_ID()"): Promise<number> {
    const text = `SELECT count(*) FROM information_schema.processlist WHERE ${where}`;
    return Number((await mysqlQuery(upstream.url(), text))[0]?.[0]);
  }

  async function readItem(client: MysqlClient, id: number): Promise<void> {
    const rows = await mysqlExecuted(client, TEXT, [id]);
    expect(rows).toEqual([[id, `item ${id}`.repeat(20)]]);
  }

  async function connectAll(): Promise<MysqlClient[]> {
    const clients: MysqlClient[] = [];
    while (clients.length < clientCount) {
      const from = clients.length;
      const count = Math.min(CONNECTING_AT_ONCE, clientCount - from);
      const connecting = Array.from({ length: count }, async (_, n) => {
        const client = await mysqlConnect(freshet.url(), { connectTimeout: 60_000 });
        await readItem(client, 1 + ((from + n) % 1000));
        return client;
      });
      clients.push(...(await Promise.all(connecting)));
    }
    return clients;
  }

  it(`${clientCount} clients at once; half of them vanish and nobody notices`, async () => {
    for (let id = 1; id <= 1000; id += 1) {
      if (id % 100 === 1) await mysqlQuery(freshet.url(), `SELECT * FROM item WHERE id = ${id}`);
    }
    await eventually(async () =>
      expect(await freshet.metric("freshet_client_connections")).toBe(0),
    );
    const before = {
      sessions: await upstreamSessions(),
      files: await freshet.openFiles(),
      bytes: await freshet.residentBytes(),
    };

    const bystander = await mysqlConnect(freshet.url());
    let watching = true;
    let slowestMs = 0;
    const watch = (async () => {
      while (watching) {
        const startedMs = performance.now();
        await readItem(bystander, 1);
        slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      }
    })();

    const startedMs = performance.now();
    const clients = await connectAll();
    const connectedMs = performance.now() - startedMs;
    expect(await freshet.metric("freshet_client_connections")).toBe(clientCount + 1);
    const busyBytes = await freshet.residentBytes();

    const leaving = clients.filter((_, number) => number % 2 === 0);
    const staying = clients.filter((_, number) => number % 2 === 1);
    const sent: Promise<unknown>[] = [];
    for (const [number, client] of leaving.entries()) {
      const text =
        number < UPSTREAM_CLIENTS
          ? number % 2 === 0
            ? "SELECT sleep(5) AS forgotten"
            : "SELECT repeat('x', 1000) AS forgotten FROM item a, item b"
          : `SELECT * FROM item WHERE id = ${1 + (number % 1000)}`;
      sent.push(client.query(text).catch(() => undefined));
    }
    // As with the database itself, what was sent is still run: it ends when it is done.
    await eventually(async () => {
      expect(await upstreamSessions(FORGOTTEN)).toBeGreaterThan(UPSTREAM_CLIENTS / 3);
    }, 20_000);
    for (const client of leaving) client.destroy();
    await Promise.all(staying.map((client, number) => readItem(client, 1 + (number % 1000))));
    await eventually(
      async () =>
        expect(await freshet.metric("freshet_client_connections")).toBe(staying.length + 1),
      20_000,
    );
    for (const [number, client] of staying.entries()) {
      await readItem(client, 1000 - (number % 1000));
    }
    await Promise.all(staying.map((client) => client.end()));
    watching = false;
    await watch;
    await bystander.end();

    await eventually(async () => {
      expect(await freshet.metric("freshet_client_connections")).toBe(0);
      expect(await upstreamSessions(FORGOTTEN)).toBe(0);
      // The engine's own may come and go by a few.
      expect(await upstreamSessions()).toBeLessThanOrEqual(before.sessions + 2);
      expect(await freshet.openFiles()).toBeLessThanOrEqual(before.files + 5);
    }, 20_000);
    const afterBytes = await freshet.residentBytes();
    const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;
    console.log(
      `${clientCount} clients connected and answered in ${Math.round(connectedMs)} ms; ` +
        `resident ${megabytes(before.bytes)} before, ${megabytes(busyBytes)} with them, ` +
        `${megabytes(afterBytes)} after; slowest answer of the bystander ${Math.round(slowestMs)} ms`,
    );
    expect(afterBytes - before.bytes).toBeLessThan(256 << 20);
    // Theirs never came; the driver keeps them waiting.
    expect(sent.length).toBe(leaving.length);
  }, 180_000);
});
