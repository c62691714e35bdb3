import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ConfigurationError, OperationalError, silentLogger, systemClock } from "@freshet/util";
import { endQuietly, openConnection } from "./connection.ts";
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
    expect(second).toEqual({ ...first, fresh: false, logEnd: second.logEnd });
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

  it("shares its slot with no deployment whose name only looks alike", async () => {
    const options = { url: pg.server.url(), logger: silentLogger, clock: systemClock };
    const single = upstreamOf(options.url, "shop_one");
    const several = createPostgresUpstream({
      ...options,
      ...{ deployment: "shop", replica: "one", ownerToken: 5 },
    });
    const first = await single.connect(never);
    const taken = several.connect(never);
    await expect(taken).rejects.toThrow(/freshet_shop_one belongs to another deployment/);
    await expect(taken).rejects.toBeInstanceOf(ConfigurationError);
    const { logEnd } = first;
    expect({ ...(await single.connect(never)), logEnd }).toEqual({ ...first, fresh: false });
    await single.cleanup();
    await several.connect(never);
    const late = single.connect(never);
    await expect(late).rejects.toThrow(/freshet_shop_one belongs to one of deployment shop/);
    await expect(late).rejects.toBeInstanceOf(ConfigurationError);
    expect((await several.connect(never)).fresh).toBe(false);
    await pg.admin.query("DROP PUBLICATION freshet_shop_one");
    expect((await several.connect(never)).fresh).toBe(true);
    await several.cleanup();
    await Promise.all([single.close(), several.close()]);
  });

  it("removes what a gone server left without waiting long for locks, and all of it in the end", async () => {
    const options = { url: pg.server.url(), logger: silentLogger, clock: systemClock };
    const [one, two] = ["one", "two"].map((replica) =>
      createPostgresUpstream({ ...options, deployment: "many", replica, ownerToken: 1 }),
    ) as [ReturnType<typeof upstreamOf>, ReturnType<typeof upstreamOf>];
    for (const each of [one, two]) await each.connect(never);
    await two.close();
    // A transaction that goes on and has changed a definition: it was noted for the gone one too.
    await pg.admin.query("BEGIN; CREATE TABLE goes_on (id int)");
    const startedMs = performance.now();
    await expect(one.removeReplica("two")).rejects.toThrow(/lock timeout/);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    await pg.admin.query("COMMIT");
    const replicas = async () => (await one.replicas()).map(({ replica }) => replica).sort();
    expect(await replicas()).toEqual(["one", "two"]);
    expect((await one.removeReplica("two")).join()).toMatch(/Dropped the schema/);
    expect(await replicas()).toEqual(["one"]);
    const left = await pg.admin.query(
      "SELECT FROM pg_namespace WHERE nspname = 'freshet_many_two'",
    );
    expect(left.rows).toEqual([]);
    await one.cleanup();
    await one.close();
  });

  it("leaves nothing of a gone server that nobody would find again", async () => {
    const options = { url: pg.server.url(), logger: silentLogger, clock: systemClock };
    const [one, two] = ["one", "two"].map((replica) =>
      createPostgresUpstream({ ...options, deployment: "held", replica, ownerToken: 1 }),
    ) as [ReturnType<typeof upstreamOf>, ReturnType<typeof upstreamOf>];
    for (const each of [one, two]) await each.connect(never);
    await two.backups.hold(never);
    await two.close();
    // What it asked for last goes on without it: a long way that its slot for backups moves.
    const client = await openConnection({ url: pg.server.url() }, "replication");
    const publication = `publication_names '"freshet_held_two"'`;
    const moving = client.query(
      `START_REPLICATION SLOT freshet_held_two_backup LOGICAL 0/0 (proto_version '1', ${publication})`,
    );
    moving.catch(() => undefined);
    const slots = async () => {
      const { rows } = await pg.admin.query<{ name: string; active: string }>(
        "SELECT slot_name AS name, active::text FROM pg_replication_slots WHERE slot_name ~ '_held_two'",
      );
      return rows;
    };
    const replicas = async () => (await one.replicas()).map(({ replica }) => replica).sort();
    try {
      await vi.waitFor(async () =>
        expect(await slots()).toContainEqual({ name: "freshet_held_two_backup", active: "true" }),
      );
      await expect(one.removeReplica("two")).rejects.toThrow(/freshet_held_two_backup is in use/);
      expect(await replicas()).toEqual(["one", "two"]);
    } finally {
      await pg.admin.query(
        `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
         WHERE slot_name = 'freshet_held_two_backup'`,
      );
    }
    await endQuietly(client);
    await vi.waitFor(async () => {
      expect((await one.removeReplica("two")).join()).toMatch(/Dropped the slot .*_backup/);
    });
    expect([await replicas(), await slots()]).toEqual([["one"], []]);
    await one.cleanup();
    await one.close();
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
