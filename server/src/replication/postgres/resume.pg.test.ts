import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StreamTransaction } from "../contract.ts";
import {
  Recorder,
  type Running,
  type TestServer,
  startServer,
  startUpstream,
  until,
} from "./testing.ts";

describe.each([13, 18] as const)("resuming the stream, Postgres %i", (major) => {
  let pg: TestServer;
  let run: Running;

  beforeAll(async () => {
    pg = await startServer(major);
    await pg.admin.query(
      "CREATE TABLE t (id int PRIMARY KEY, n int); CREATE TABLE unrelated (id int)",
    );
    run = await startUpstream(pg.server.url(), "test", { stream: false });
    expect(await run.upstream.addTables([await run.table("t")])).toEqual([]);
  });
  afterAll(async () => {
    await run.close();
    await pg.stop();
  });

  const ids = (transactions: readonly StreamTransaction[]) =>
    transactions.flatMap((each) =>
      each.changes.map((change) => (change.kind === "insert" ? change.row[0] : null)),
    );

  it("goes on after any position without loss or repetition", async () => {
    const expected: number[] = [];
    for (let id = 1; id <= 12; id += 1) {
      await pg.admin.query(`INSERT INTO t VALUES (${id * 10}), (${id * 10 + 1})`);
      await pg.admin.query(`INSERT INTO unrelated VALUES (${id})`);
      expected.push(id * 10, id * 10 + 1);
    }
    const whole = run.startStream(null);
    await run.caughtUp();
    await run.stopStream();
    expect(ids(whole.transactions)).toEqual(expected);
    const positions = whole.transactions.map((each) => each.position);
    expect([...positions].sort()).toEqual(positions);
    for (let index = 0; index < positions.length; index += 3) {
      const recorder = run.startStream(positions[index]!);
      await run.caughtUp();
      await run.stopStream();
      expect(ids(recorder.transactions)).toEqual(expected.slice((index + 1) * 2));
    }
  });

  it("repeats a transaction that was cut in the middle", async () => {
    await pg.admin.query("INSERT INTO t SELECT i FROM generate_series(1000, 25000) i");
    const recorder = new Recorder();
    recorder.accept = (transaction) => !transaction.partial;
    run.startStream(null, recorder);
    await until("some parts have come", () => recorder.transactions.some((each) => each.partial));
    await run.stopStream();
    const part = recorder.transactions.find((each) => each.partial)!;
    const again = run.startStream(part.position);
    await run.caughtUp();
    await run.stopStream();
    expect(ids(again.transactions).length).toBe(24_001);
    const last = again.transactions.at(-1)!;
    const after = run.startStream(last.position);
    await run.caughtUp();
    await run.stopStream();
    expect(ids(after.transactions)).toEqual([]);
  });

  it("lets the server forget only what was acknowledged", async () => {
    const recorder = run.startStream(null);
    await run.caughtUp();
    const before = (await run.upstream.health()).lagBytes!;
    expect(before).toBeGreaterThan(1_000_000);
    run.upstream.acknowledge(recorder.position);
    await until("the slot moves", async () => (await run.upstream.health()).lagBytes! < 10_000);
    const acknowledged = recorder.position;
    await run.stopStream();
    await pg.admin.query("INSERT INTO t VALUES (90001)");
    const next = run.startStream(acknowledged);
    await run.caughtUp();
    await run.stopStream();
    expect(ids(next.transactions)).toEqual([90_001]);
    const tooEarly = run.upstream.stream(
      "0000000000000001",
      new Recorder(),
      new AbortController().signal,
    );
    await expect(tooEarly).rejects.toThrow(/changes are lost/);
  });

  it("fails loudly when its connection is cut, and resumes", async () => {
    const recorder = new Recorder();
    const streaming = run.upstream.stream(null, recorder, new AbortController().signal);
    const failed = expect(streaming).rejects.toThrow(/change stream broke|connection was closed/);
    await pg.admin.query("INSERT INTO t VALUES (90002)");
    await until("it is delivered", () => ids(recorder.transactions).includes(90_002));
    await pg.admin.query(
      "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active",
    );
    await failed;
    await pg.admin.query("INSERT INTO t VALUES (90003)");
    const next = run.startStream(recorder.position);
    await run.caughtUp();
    await run.stopStream();
    expect(ids(next.transactions)).toEqual([90_003]);
  });

  it("says so when another process has the slot", async () => {
    run.startStream(null);
    await run.caughtUp();
    const other = await startUpstream(pg.server.url(), "test", { stream: false });
    const second = other.upstream.stream(null, new Recorder(), new AbortController().signal);
    await expect(second).rejects.toThrow(/in use by process/);
    await other.close();
    await run.stopStream();
  });

  it("applies the definition at restart that was true when the rows were written", async () => {
    await pg.admin.query("CREATE TABLE again (id int PRIMARY KEY, n int)");
    run.startStream(null);
    const schema = await run.table("again");
    await run.upstream.addTables([schema]);
    await run.caughtUp();
    const { position } = run.recorder;
    await run.stopStream();
    // While nobody looks the table changes and changes back; a row is written in between.
    await pg.admin.query("ALTER TABLE again ADD z int");
    await pg.admin.query("INSERT INTO again VALUES (1, 1, 1)");
    await pg.admin.query("ALTER TABLE again DROP z");
    const later = await startUpstream(pg.server.url(), "test", { stream: false });
    expect((await later.table("again")).generation).toBe(schema.generation);
    expect(await later.upstream.addTables([schema])).toEqual([]);
    const recorder = later.startStream(position);
    await later.caughtUp();
    expect(recorder.schemaChanges).toEqual([[schema.id]]);
    await later.close();
  });
});
