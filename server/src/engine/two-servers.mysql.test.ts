import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { SeededRandom } from "@freshet/util";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { startFreshet, type TestFreshet } from "../../../test/support/freshet.ts";
import { TestDocument } from "../controller/document.testing.ts";
import type { Engine } from "./engine.ts";
import type { EngineOptions } from "./engine-options.ts";

const caches = (engine: Engine): string =>
  engine
    .status()
    .caches.map(({ name }) => name)
    .sort()
    .join(" ");
const BY_GROUP = "SELECT id, v FROM t WHERE g = ? ORDER BY id";

describe.each(["mysql", "mariadb"] as const)("two servers of one %s", (flavour) => {
  let server: EmbeddedMysql;
  let direct: Connection;
  let one: TestFreshet;
  let other: TestFreshet;
  const definitions = new TestDocument();
  const settings = new TestDocument();
  const clients: Connection[] = [];

  const start = (replica: string, options: Partial<EngineOptions> = {}) =>
    startFreshet({
      upstreamUrl: server.url(),
      deployment: "two",
      engine: {
        replica,
        ownerToken: 1,
        documents: { definitions: definitions.port(), settings: settings.port() },
        ...options,
      },
    });
  const client = async (uri: string): Promise<Connection> => {
    const made = await createConnection({ uri, supportBigNumbers: true });
    clients.push(made);
    return made;
  };
  const rows = async (of: Connection, sql: string, values: unknown[] = []) =>
    (await of.query<RowDataPacket[]>(sql, values))[0];

  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour });
    direct = await client(server.url());
    await direct.query("CREATE TABLE t (id int PRIMARY KEY, g int, v varchar(200))");
    for (let id = 1; id <= 50; id += 1) {
      await direct.query("INSERT INTO t VALUES (?, ?, 'v')", [id, id % 5]);
    }
    [one, other] = [await start("s1"), await start("s2")];
  });
  afterAll(async () => {
    for (const each of clients) each.destroy();
    await one?.stop();
    await other?.stop();
    await server?.stop();
  });

  it("build the same caches and both answer exactly while a writer runs", async () => {
    const [first, second] = [await client(one.url()), await client(other.url())];
    await first.query(`CREATE CACHE c FROM ${BY_GROUP}`);
    await eventually(async () => expect(caches(other.engine)).toBe("c"));
    const random = new SeededRandom(11);
    for (let round = 0; round < 8; round += 1) {
      for (let write = 0; write < 10; write += 1) {
        const id = 1 + random.below(60);
        const upsert =
          "INSERT INTO t VALUES (?, ?, 'w') ON DUPLICATE KEY UPDATE g = (g + 1) % 5, v = concat(v, 'x')";
        await direct.query(upsert, [id, id % 5]);
        if (write === 5) await direct.query("DELETE FROM t WHERE id = ?", [id + 1]);
        for (const each of [first, second]) await rows(each, BY_GROUP, [id % 5]);
      }
      await eventually(async () => {
        for (const each of [first, second]) {
          for (let group = 0; group < 5; group += 1) {
            expect(await rows(each, BY_GROUP, [group])).toEqual(
              await rows(direct, BY_GROUP, [group]),
            );
            const [last] = await rows(each, "EXPLAIN LAST STATEMENT");
            expect(last?.["Query_destination"]).toMatch(/^freshet/);
          }
        }
      });
    }
    await second.query("DROP CACHE c");
    await eventually(async () => expect(caches(one.engine)).toBe(""));
  });

  it("refuse DDL in MySQL's words while the authority is away", async () => {
    const first = await client(one.url());
    definitions.reachable = false;
    await expect(first.query(`CREATE CACHE c FROM ${BY_GROUP}`)).rejects.toMatchObject({
      errno: 1105,
      message: expect.stringMatching(/cannot be changed now: Consul does not answer/) as string,
    });
    definitions.reachable = true;
    expect(await one.engine.replicas()).toEqual([]);
    expect(await one.engine.removeReplica("s2")).toEqual([]);
    await first.query("ALTER FRESHET ENTER MAINTENANCE MODE");
    const status = await rows(first, "SHOW FRESHET STATUS");
    expect(status).toContainEqual({ name: "Maintenance Mode", value: "on" });
    expect(await rows(first, "SHOW FRESHET SERVERS")).toMatchObject([{ name: "s1" }]);
  });

  it("widen the filter of one that has some", async () => {
    const third = await start("s3", { replicationTables: ["Elsewhere.*"] });
    try {
      const client3 = await client(third.url());
      const refused = client3.query(`CREATE CACHE c FROM ${BY_GROUP}`);
      await expect(refused).rejects.toThrow(/is not replicated/);
      await client3.query("ALTER FRESHET ADD TABLES t, elsewhere.*, `a b`.`c`");
      const [database] = await rows(direct, "SELECT database() AS name");
      const table = `${String(database?.["name"])}.t`;
      expect(settings.value).toMatchObject({ tables: [table, "a b.c"] });
      await client3.query(`CREATE CACHE c FROM ${BY_GROUP}`);
      await client3.query(`ALTER FRESHET DROP TABLES ${table.toUpperCase()}`);
      expect(caches(third.engine)).toBe("");
      await eventually(async () => expect(caches(one.engine)).toBe("c"));
      expect(third.engine.status().tables).toEqual([]);
    } finally {
      await third.stop();
    }
  });
});
