import { startAdminServer } from "@freshet/telemetry";
import { ConfigurationError, type Logger, silentLogger, systemClock } from "@freshet/util";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FromThread } from "./messages.ts";
import { SupervisedThread } from "./supervised-thread.ts";

/** A thread that answers as the real ones do, and dies when its status is asked for. */
const HEALTHY = `
  const { parentPort } = require("node:worker_threads");
  parentPort.on("message", (message) => {
    if (message.kind === "metrics") parentPort.postMessage({ ...message, snapshot: [] });
    if (message.kind === "cancel") throw new Error("died");
    if (message.kind === "stop") process.exit(0);
  });
  parentPort.postMessage({ kind: "ready" });
`;
const REFUSES = `
  const { parentPort } = require("node:worker_threads");
  parentPort.postMessage({ kind: "failed", configuration: true, message: "Wrong option." });
  process.exit(1);
`;
/** Answers once, then is busy for so many milliseconds at every other request. */
const SPINS = (forMs: number): string => `
  const { parentPort } = require("node:worker_threads");
  let asked = 0;
  parentPort.on("message", (message) => {
    const until = Date.now() + (asked++ % 2 === 0 ? 0 : ${String(forMs)});
    while (Date.now() < until);
    if (message.kind === "metrics") parentPort.postMessage({ ...message, snapshot: [{ asked }] });
    if (message.kind === "stop") process.exit(0);
  });
  parentPort.postMessage({ kind: "ready" });
`;
const HANGS = `setInterval(() => undefined, 1000);`;

const threads: SupervisedThread[] = [];

function thread(
  script: string,
  events: string[] = [],
  logger: Logger = silentLogger,
  silenceLimitMs = 600_000,
): SupervisedThread {
  const source = `import { createRequire } from "node:module"; const require = createRequire("${import.meta.url}");`;
  const made = new SupervisedThread({
    name: "test",
    url: new URL(`data:text/javascript,${encodeURIComponent(source + script)}`),
    workerData: null,
    startedBy: "ready",
    firstStartLimit: 2,
    heapLimitBytes: 64 * 1024 ** 2,
    silenceLimitMs,
    logger,
    clock: systemClock,
    onUp: () => events.push("up"),
    onDown: () => events.push("down"),
    onMessage: (message: FromThread) => events.push(message.kind),
  });
  threads.push(made);
  return made;
}

afterEach(async () => {
  for (const one of threads.splice(0)) await one.stop(0);
});

describe("SupervisedThread", () => {
  it("starts, answers, and ends when asked", async () => {
    const one = thread(HEALTHY);
    await one.start();
    expect(one.up).toBe(true);
    expect(await one.snapshot()).toEqual([]);
    await one.stop(0);
    expect(one.up).toBe(false);
    expect(await one.snapshot()).toBeNull();
  });

  it("starts a thread that dies again", async () => {
    const events: string[] = [];
    const one = thread(HEALTHY, events);
    await one.start();
    one.post({ kind: "cancel", threadIndex: 0, key: new Uint8Array() });
    await vi.waitFor(() => expect(events).toEqual(["ready", "up", "down", "ready", "up"]), 10_000);
    expect(one.restarts).toBe(1);
  });

  it("does not try again what the configuration forbids", async () => {
    const one = thread(REFUSES);
    await expect(one.start()).rejects.toThrow(new ConfigurationError("Wrong option."));
    expect(one.restarts).toBe(0);
  });

  it("gives up a thread that never comes up", async () => {
    const one = thread(`throw new Error("no such module")`);
    await expect(one.start()).rejects.toThrow("no such module");
    expect(one.restarts).toBe(1);
  });

  it("can be stopped while it does not start", async () => {
    const one = thread(HANGS);
    const started = one.start();
    const refused = expect(started).rejects.toThrow("stopped before it was ready");
    await one.stop(0);
    await refused;
  });

  it("tells a busy thread's last numbers, and their age, within about a second", async () => {
    const one = thread(SPINS(4_000));
    await one.start();
    expect(await one.snapshot()).toEqual([{ asked: 1 }]);
    const startedMs = performance.now();
    const both = await Promise.all([one.snapshot(), one.snapshot()]);
    expect(both).toEqual([[{ asked: 1 }], [{ asked: 1 }]]);
    expect(performance.now() - startedMs).toBeLessThan(2_500);
    expect(one.snapshotAgeMs).toBeGreaterThan(900);
    await vi.waitFor(async () => expect(await one.snapshot()).not.toEqual([{ asked: 1 }]), 10_000);
  });

  it("ends a thread that gives no sign of life, says so, and starts it again", async () => {
    const said: string[] = [];
    const logger = { ...silentLogger, error: (_: object, text: string) => void said.push(text) };
    const one = thread(SPINS(3_600_000), [], logger, 2_000);
    await one.start();
    await one.snapshot();
    void one.snapshot();
    await vi.waitFor(() => expect(one.silentMs).toBeGreaterThan(500), 5_000);
    await vi.waitFor(() => expect(one.restarts).toBe(1), 10_000);
    expect(said[0]).toBe("thread is hung, ending it");
    await vi.waitFor(() => expect(one.up).toBe(true), 10_000);
    expect(one.silentMs).toBe(0);
  });

  it("leaves probes and metrics of the process answered while a thread is busy", async () => {
    const one = thread(SPINS(5_000));
    await one.start();
    await one.snapshot();
    const ok = () => ({ ok: true, detail: { silentMs: one.silentMs } });
    const admin = await startAdminServer({
      address: { host: "127.0.0.1", port: 0 },
      ...{ live: ok, ready: ok, startup: ok },
      metrics: async () => JSON.stringify(await one.snapshot()),
    });
    try {
      const get = (path: string) => fetch(`http://127.0.0.1:${admin.address.port}${path}`);
      const startedMs = performance.now();
      const metrics = get("/metrics");
      for (const path of ["/keepalive", "/health", "/health/live", "/health/startup", "/status"]) {
        expect((await get(path)).status).toBe(200);
      }
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      expect(await (await metrics).text()).toBe('[{"asked":1}]');
      expect(performance.now() - startedMs).toBeLessThan(3_000);
      expect(one.snapshotAgeMs).toBeGreaterThan(900);
    } finally {
      await admin.close();
    }
  });
});
