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
const HANGS = `setInterval(() => undefined, 1000);`;

const threads: SupervisedThread[] = [];

function thread(
  script: string,
  events: string[] = [],
  logger: Logger = silentLogger,
): SupervisedThread {
  const source = `import { createRequire } from "node:module"; const require = createRequire("${import.meta.url}");`;
  const made = new SupervisedThread({
    name: "test",
    url: new URL(`data:text/javascript,${encodeURIComponent(source + script)}`),
    workerData: null,
    startedBy: "ready",
    firstStartLimit: 2,
    heapLimitBytes: 64 * 1024 ** 2,
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
});
