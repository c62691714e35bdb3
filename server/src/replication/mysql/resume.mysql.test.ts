import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Recorder, type Running, copyAll, until } from "../testing.ts";
import {
  FLAVOURS,
  type TestServer,
  assemble,
  newUpstream,
  startServer,
  startUpstream,
  tableLines,
} from "./testing.ts";

describe.each(FLAVOURS)("%s: resuming", (flavour) => {
  let server: TestServer;
  let running: Running;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    server = await startServer(flavour, { sync_binlog: "1", innodb_flush_log_at_trx_commit: "1" });
    running = await startUpstream(server.server.url());
    await server.admin.query("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)");
  });
  afterAll(async () => {
    await running.close();
    await server.stop();
  });

  async function insert(count: number): Promise<void> {
    const client = await server.connect();
    for (let step = 0; step < count; step += 1) {
      await client.query(`INSERT INTO t (v) VALUES (${step})`);
    }
    await client.end();
  }

  const rotate = () => server.admin.query("FLUSH BINARY LOGS");

  test("after any transaction, through rotated logs and restarts, nothing is lost or doubled", async () => {
    const schema = await running.table("t");
    await running.upstream.addTables([schema]);
    const copy = await copyAll(running.upstream, schema);
    await insert(5);
    await rotate();
    await insert(5);
    await running.caughtUp();
    const { transactions } = running.recorder;
    const all = transactions.slice(-10);
    await running.stopStream();
    for (const resumed of [0, 4, 5, 9]) {
      const recorder = running.startStream(all[resumed]!.position);
      await running.caughtUp();
      expect(recorder.transactions).toEqual(all.slice(resumed + 1));
      await running.stopStream();
    }
    await server.server.restart();
    await insert(3);
    const recorder = running.startStream(all[9]!.position);
    await running.caughtUp();
    await server.server.kill();
    await until("the stream ends", () => running.failure !== null);
    await running.stopStream().catch(() => undefined);
    await server.server.restart();
    await insert(2);
    const last = running.startStream(recorder.position);
    await running.caughtUp();
    expect(last.transactions).toHaveLength(2);
    const mirror = assemble(schema, copy, [...all, ...recorder.transactions, ...last.transactions]);
    const admin = await server.connect();
    expect(mirror.lines()).toEqual(await tableLines(admin, schema));
    await running.stopStream();
  });

  test("a position whose log was purged is before the resume position", async () => {
    const position = await running.upstream.currentPosition();
    const admin = await server.connect();
    await admin.query("FLUSH BINARY LOGS");
    const now = await running.upstream.currentPosition();
    // A log in use is kept: the server has yet to notice that we have gone.
    await until("the logs are purged", async () => {
      await admin.query(`PURGE BINARY LOGS TO '${now.split("/")[0]}'`);
      const [logs] = await admin.query("SHOW BINARY LOGS");
      return (logs as unknown[]).length === 1;
    });
    const identity = await running.upstream.connect(signal);
    expect(running.upstream.compare(identity.resumePosition!, position)).toBeGreaterThan(0);
    expect(running.upstream.compare(identity.resumePosition!, now)).toBeLessThanOrEqual(0);
    running.startStream(position);
    await until("the stream fails", () => running.failure !== null);
    expect(String(running.failure)).toContain("changes are lost");
    expect((await running.upstream.connect(signal)).fresh).toBe(true);
    expect((await running.upstream.connect(signal)).fresh).toBe(false);
  });

  test("after a reset the same file name is another log", async () => {
    running.startStream(null);
    await insert(1);
    await running.caughtUp();
    await running.stopStream();
    const { position } = running.recorder;
    const admin = await server.connect();
    const before = await running.upstream.connect(signal);
    await admin.query(flavour === "mysql" ? "RESET BINARY LOGS AND GTIDS" : "RESET MASTER");
    // Written past where we stood, in a file of the same name.
    const [file, offset] = [position.split("/")[0]!, Number(position.split(/[/@]/)[1])];
    for (;;) {
      const now = await running.upstream.currentPosition();
      if (now.split("/")[0] === file && Number(now.split("/")[1]) > offset) break;
      if (now.split("/")[0] === file) await insert(10);
      else await admin.query("FLUSH BINARY LOGS");
    }
    const after = await running.upstream.connect(signal);
    expect({ ...after, resumePosition: "" }).toEqual({ ...before, resumePosition: "" });
    running.startStream(position);
    await until("the stream fails", () => running.failure !== null);
    expect(String(running.failure)).toContain("changes are lost");
    expect((await running.upstream.connect(signal)).fresh).toBe(true);
    running.startStream(null);
    await insert(1);
    await running.caughtUp();
    await running.stopStream();
  });

  test.each([0, 2])(
    "a reset under the stream is noticed when a position is asked for, %i",
    async (rotations) => {
      const admin = await server.connect();
      const reset = flavour === "mysql" ? "RESET BINARY LOGS AND GTIDS" : "RESET MASTER";
      await admin.query(reset);
      for (let count = 0; count < rotations; count += 1) await admin.query("FLUSH BINARY LOGS");
      running.startStream(null);
      await insert(20);
      await running.caughtUp();
      await admin.query(reset);
      await insert(1);
      // Whoever waits for this position would find it reached long ago.
      await expect(running.upstream.currentPosition()).rejects.toThrow("changes are lost");
      await until("the stream fails", () => running.failure !== null);
      expect(String(running.failure)).toContain("changes are lost");
      expect((await running.upstream.connect(signal)).fresh).toBe(true);
      running.startStream(null);
      await insert(1);
      await running.caughtUp();
      await running.stopStream();
    },
  );

  test("a reset under the stream is noticed when the next file has the expected name", async () => {
    const admin = await server.connect();
    const reset = flavour === "mysql" ? "RESET BINARY LOGS AND GTIDS" : "RESET MASTER";
    await admin.query(reset);
    running.startStream(null);
    await insert(5);
    await running.caughtUp();
    await admin.query(`${reset}; INSERT INTO t (v) VALUES (1); FLUSH BINARY LOGS`);
    await insert(1);
    await until("the stream fails", () => running.failure !== null);
    expect((await running.upstream.connect(signal)).fresh).toBe(true);
    running.startStream(null);
    await running.caughtUp();
    await running.stopStream();
  });

  test("a position beyond the log's end is lost, and one in no log too", async () => {
    const now = await running.upstream.currentPosition();
    const beyond = now.replace(/\/0/, "/9");
    for (const position of [beyond, "binlog.000099/00000000000000000004"]) {
      running.startStream(position);
      await until("the stream fails", () => running.failure !== null);
      expect(String(running.failure)).toContain("changes are lost");
    }
    expect((await running.upstream.connect(signal)).fresh).toBe(true);
  });

  test("connecting can be given up, and closing ends everything", async () => {
    const abort = new AbortController();
    const other = newUpstream(server.server.url());
    const connecting = other.connect(abort.signal).catch((error: unknown) => error);
    abort.abort();
    await connecting;
    await other.connect(signal);
    const streaming = other.stream(null, new Recorder(), signal);
    await other.currentPosition();
    await other.close();
    await streaming;
    await expect(other.currentPosition()).rejects.toThrow("closed");
  });

  test("a crash of a server that is not durable makes everything be copied again", async () => {
    const admin = await server.connect();
    const schema = await running.table("t");
    running.startStream(null);
    await running.upstream.addTables([schema]);
    await insert(1);
    await running.caughtUp();
    await server.server.restart();
    await until("the stream ends", () => running.failure !== null);
    await running.stopStream().catch(() => undefined);
    const orderly = running.startStream(running.recorder.position);
    await insert(1);
    await running.caughtUp();
    expect(orderly.schemaChanges).toEqual([]);
    await server.server.kill();
    await until("the stream ends", () => running.failure !== null);
    await running.stopStream().catch(() => undefined);
    await server.server.restart();
    const durable = running.startStream(orderly.position);
    await running.caughtUp();
    expect(durable.schemaChanges).toEqual([]);
    const client = await server.connect();
    await client.query("SET GLOBAL sync_binlog = 0");
    await running.stopStream();
    await running.upstream.connect(signal);
    const loose = running.startStream(orderly.position);
    await running.caughtUp();
    expect(loose.schemaChanges).toEqual([[schema.id]]);
    await admin.end().catch(() => undefined);
  });
});
