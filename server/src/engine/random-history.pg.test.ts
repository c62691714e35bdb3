import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, outcome } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startFreshet } from "../../../test/support/freshet.ts";

/**
 * Everything that can happen to cached tables at once, in random order: writes of all kinds,
 * definitions that change, streams that break, copies made anew, caches that come and go, the engine
 * starting again on its storage. Whenever all is quiet every cached answer must be the database's.
 */
let server: EmbeddedPostgres;
beforeAll(async () => {
  server = await EmbeddedPostgres.start({ major: 17 });
});
afterAll(async () => server?.stop());

const ROUNDS = Number(process.env["FRESHET_HISTORY_ROUNDS"] ?? 12);
const SEED = Number(process.env["FRESHET_HISTORY_SEED"] ?? 1);

const QUERIES = [
  "SELECT id, v FROM k WHERE g = $1 ORDER BY id",
  "SELECT count(*), sum(v) FROM bag WHERE g = $1",
  "SELECT g, v FROM bag WHERE g = $1 ORDER BY v, g",
  "SELECT k.id, bag.v FROM k JOIN bag ON bag.g = k.g WHERE k.g = $1 ORDER BY k.id, bag.v LIMIT 20",
  "SELECT k.id, bag.v FROM k LEFT JOIN bag ON bag.v = k.id WHERE k.g = $1 ORDER BY k.id, bag.v",
  "SELECT id, doc FROM k WHERE id = $1",
];

test(
  `answers stay the database's through a random history (seed ${SEED})`,
  { timeout: 600_000 },
  async () => {
    let state = SEED;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return Math.floor(((state >>> 0) / 2 ** 32) * below);
    };
    const direct = await connect(server.url());
    await direct.query(`CREATE TABLE k (id int PRIMARY KEY, g int, v int, doc text STORAGE EXTERNAL);
    CREATE TABLE bag (g int, v int); ALTER TABLE bag REPLICA IDENTITY FULL;
    INSERT INTO k SELECT i, i % 5, i, repeat('x', 3000) FROM generate_series(1, 60) i;
    INSERT INTO bag SELECT i % 5, i % 7 FROM generate_series(1, 60) i`);
    let freshet = await startFreshet({ upstreamUrl: server.url(), deployment: "history" });
    let proxied = await connect(freshet.url());
    for (const [at, sql] of QUERIES.entries())
      await proxied.query(`CREATE CACHE q${at} FROM ${sql}`);

    const writes = [
      () =>
        `INSERT INTO k VALUES (${random(100)}, ${random(5)}, ${random(9)}, repeat('y', ${random(4000)})) ON CONFLICT (id) DO UPDATE SET v = excluded.v`,
      () => `UPDATE k SET v = v + 1 WHERE g = ${random(5)}`,
      () => `UPDATE k SET g = ${random(5)} WHERE id = ${random(100)}`,
      () =>
        `UPDATE k SET id = id + 1000 WHERE id < 50; UPDATE k SET id = 1049 - id WHERE id >= 1000`,
      () => `DELETE FROM k WHERE id = ${random(100)}`,
      () =>
        `INSERT INTO bag SELECT ${random(5)}, ${random(7)} FROM generate_series(1, ${1 + random(3)})`,
      () => `DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag WHERE g = ${random(5)})`,
      () => `UPDATE bag SET v = v + 1 WHERE g = ${random(5)}`,
      () =>
        `DELETE FROM bag; INSERT INTO bag SELECT i % 5, i % 7 FROM generate_series(1, ${20 + random(40)}) i`,
      () => `TRUNCATE bag; INSERT INTO bag SELECT i % 5, 1 FROM generate_series(1, 20) i`,
      () => `TRUNCATE k, bag; INSERT INTO k SELECT i, i % 5, i, 'z' FROM generate_series(1, 50) i`,
    ];
    const large = () =>
      `INSERT INTO bag SELECT i % 5, i % 7 FROM generate_series(1, 30000) i; UPDATE bag SET v = v + 1; DELETE FROM bag WHERE ctid >= '(1,0)'`;
    const disturbances: (() => Promise<unknown>)[] = [
      () => direct.query("ALTER TABLE k ADD COLUMN extra int DEFAULT 5"),
      () => direct.query("ALTER TABLE k DROP COLUMN IF EXISTS extra"),
      () =>
        direct.query(
          "ALTER TABLE bag ALTER COLUMN v TYPE bigint; ALTER TABLE bag ALTER COLUMN v TYPE int",
        ),
      () => direct.query("VACUUM FULL k"),
      () => direct.query(large()),
      () =>
        direct.query(
          "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active",
        ),
      () =>
        direct.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'freshet%'",
        ),
      () => outcome(proxied, `ALTER FRESHET RESNAPSHOT TABLE ${random(2) === 0 ? "k" : "bag"}`),
      async () => {
        const at = random(QUERIES.length);
        await outcome(proxied, `DROP CACHE q${at}`);
        await outcome(proxied, `CREATE CACHE q${at} FROM ${QUERIES[at]}`);
      },
      async () => {
        await proxied.end();
        await freshet.stop({ keepStorage: true });
        const { storageDir } = freshet;
        freshet = await startFreshet({
          upstreamUrl: server.url(),
          deployment: "history",
          storageDir,
        });
        proxied = await connect(freshet.url());
      },
    ];

    for (let round = 0; round < ROUNDS; round += 1) {
      const script: string[] = [];
      let disturbing: Promise<unknown> = Promise.resolve();
      const at = random(disturbances.length);
      script.push(`disturbance ${at}`);
      disturbing = disturbances[at]!().catch((error: unknown) => script.push(String(error)));
      const writer = await connect(server.url());
      for (let count = 10 + random(30); count > 0; count -= 1) {
        const statements = Array.from({ length: 1 + random(3) }, () =>
          writes[random(writes.length)]!(),
        );
        const end = random(6) === 0 ? "ROLLBACK" : "COMMIT";
        script.push(`${statements.join("; ")}; ${end}`);
        const done = await outcome(writer, `BEGIN; ${statements.join("; ")}; ${end}`);
        if (typeof done === "string") await writer.query("ROLLBACK");
        if (at !== 9 && random(3) === 0) {
          await outcome(proxied, QUERIES[random(QUERIES.length)]!, [random(5)]);
        }
      }
      await disturbing;
      await writer.end();
      await eventually(async () => {
        // Those that could not be made while they were disturbed are made now.
        const names = new Set(freshet.engine.status().caches.map(({ name }) => name));
        for (const [index, sql] of QUERIES.entries()) {
          if (!names.has(`q${index}`))
            await outcome(proxied, `CREATE CACHE IF NOT EXISTS q${index} FROM ${sql}`);
        }
        expect(freshet.engine.status()).toMatchObject({ serving: true });
        expect(freshet.engine.status().caches).toHaveLength(QUERIES.length);
      }, 60_000);
      await eventually(async () => {
        for (const sql of QUERIES) {
          for (let g = 0; g < 5; g += 1) {
            const expected = await outcome(direct, sql, [g]);
            const context = `seed ${SEED} round ${round}: ${sql} ${g}\n${script.join("\n")}`;
            expect(await outcome(proxied, sql, [g]), context).toEqual(expected);
            const [last] = (await outcome(proxied, "EXPLAIN LAST STATEMENT")) as Record<
              string,
              unknown
            >[];
            expect(String(last?.["Query_destination"]), `${sql} ${JSON.stringify(last)}`).toMatch(
              /^freshet/,
            );
          }
        }
      }, 8_000);
    }
    await proxied.end();
    await freshet.stop();
    await direct.end();
  },
);
