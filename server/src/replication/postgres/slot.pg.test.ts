import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OperationalError, silentLogger, systemClock } from "@freshet/util";
import { type TestServer, startServer, startUpstream, until } from "./testing.ts";
import { createPostgresUpstream } from "./upstream.ts";

const never = new AbortController().signal;

const upstreamOf = (url: string, deployment = "test") =>
  createPostgresUpstream({ url, deployment, logger: silentLogger, clock: systemClock });

describe.each([13, 18] as const)("slot and setup, Postgres %i", (major) => {
  let pg: TestServer;

  beforeAll(async () => {
    pg = await startServer(major, {
      max_slot_wal_keep_size: "1MB",
      min_wal_size: "32MB",
      max_wal_size: "32MB",
    });
  });
  afterAll(() => pg.stop());

  it("creates what it needs once, finds it again, and removes all of it", async () => {
    const upstream = upstreamOf(pg.server.url(), "My-App.1");
    const first = await upstream.connect(never);
    expect(first).toMatchObject({ fresh: true, slot: "freshet_my_app_1", timeline: "1" });
    const second = await upstream.connect(never);
    expect(second).toEqual({ ...first, fresh: false });
    expect((await upstream.verify()).filter((finding) => !finding.ok)).toEqual([]);
    await upstream.cleanup();
    await upstream.close();
    const left = await pg.admin.query(`SELECT slot_name FROM pg_replication_slots UNION ALL
      SELECT pubname FROM pg_publication UNION ALL SELECT evtname FROM pg_event_trigger UNION ALL
      SELECT nspname FROM pg_namespace WHERE nspname ~ 'freshet'`);
    expect(left.rows).toEqual([]);
  });

  it("starts anew, and says so, when the server has given the slot up", async () => {
    const upstream = upstreamOf(pg.server.url());
    expect((await upstream.connect(never)).fresh).toBe(true);
    await pg.admin.query("CREATE TABLE bulk (t text)");
    await until("the slot is lost", async () => {
      await pg.admin.query(
        "INSERT INTO bulk SELECT repeat('x', 1000) FROM generate_series(1, 20000)",
      );
      await pg.admin.query("SELECT pg_switch_wal()");
      await pg.admin.query("CHECKPOINT");
      return (await upstream.health()).lost !== null;
    });
    expect((await upstream.health()).lost).toMatch(/copied again/);
    expect((await upstream.verify()).find((finding) => !finding.ok)?.message).toMatch(/is lost/);
    expect((await upstream.connect(never)).fresh).toBe(true);
    expect((await upstream.health()).lost).toBeNull();
    await upstream.close();
  });

  it("starts anew when the publication is gone", async () => {
    const upstream = upstreamOf(pg.server.url(), "nopub");
    await upstream.connect(never);
    await pg.admin.query("DROP PUBLICATION freshet_nopub");
    expect((await upstream.connect(never)).fresh).toBe(true);
    await upstream.cleanup();
    await upstream.close();
  });

  it("explains what is missing", async () => {
    await pg.admin.query("CREATE ROLE plain LOGIN PASSWORD 'p'");
    const upstream = upstreamOf(pg.server.url("postgres", "plain", "p"), "plain");
    const failed = (await upstream.verify()).filter((finding) => !finding.ok);
    expect(failed.map((finding) => finding.check)).toEqual([
      "privileges",
      "replication connection",
    ]);
    expect(failed[0]?.message).toMatch(/ALTER ROLE "plain" REPLICATION/);
    await upstream.close();
    const away = upstreamOf("postgres://x:secret@127.0.0.1:1/x");
    const [finding] = await away.verify();
    expect(finding).toMatchObject({ ok: false, check: "reachable" });
    expect(finding?.message).not.toContain("secret");
    await expect(away.connect(never)).rejects.toBeInstanceOf(OperationalError);
    await away.close();
  });

  it("keeps to a publication that the operator made", async () => {
    await pg.admin
      .query(`CREATE TABLE mine (id int PRIMARY KEY); CREATE TABLE not_mine (id int PRIMARY KEY);
      CREATE PUBLICATION freshet_own FOR TABLE mine`);
    const run = await startUpstream(pg.server.url(), "own", { disableSetup: true });
    const mine = await run.table("mine");
    expect(await run.upstream.addTables([mine])).toEqual([]);
    await pg.admin.query("INSERT INTO mine VALUES (1)");
    await run.caughtUp();
    expect(run.recorder.changes()).toEqual([{ kind: "insert", table: mine.id, row: [1] }]);
    await pg.admin.query("ALTER PUBLICATION freshet_own SET (publish = 'insert')");
    await expect(run.upstream.connect(never)).rejects.toThrow(/publish = 'insert, update/);
    await run.close();
  });
});
