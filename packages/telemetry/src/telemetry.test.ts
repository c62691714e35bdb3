import { describe, expect, it } from "vitest";
import { type LoggerOptions, createLogger } from "./logger.ts";
import { Metrics, renderMetrics } from "./metrics/metrics.ts";
import { watchProcess } from "./watch-process.ts";
import { watchThread } from "./watch-thread.ts";

function capture(options: Partial<LoggerOptions>): {
  lines: string[];
  logger: ReturnType<typeof createLogger>;
} {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { lines, logger: createLogger({ level: "info", format: "json", write, ...options }) };
}

describe("logger", () => {
  it("writes one JSON object a line, with the speaker's name", () => {
    const { lines, logger } = capture({ name: "engine" });
    logger.info({ tables: 2 }, "copied");
    logger.debug({}, "not shown");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "info",
      name: "engine",
      msg: "copied",
      tables: 2,
    });
  });

  it.each(["json", "pretty"] as const)("hides passwords wherever they stand (%s)", (format) => {
    const { lines, logger } = capture({ format });
    const url = "postgres://ann:s3cret@db/x";
    logger.warn(
      { url, password: "s3cret", nested: { text: `"${url}"` }, err: new Error(url) },
      `no connection to ${url}`,
    );
    expect(lines.join("")).not.toContain("s3cret");
    expect(lines.join("")).toContain("postgres://ann:***@db/x");
  });

  it.each(["json", "pretty"] as const)(
    "hides tokens and keys wherever they stand (%s)",
    (format) => {
      const { lines, logger } = capture({ format });
      logger.warn(
        {
          authorityToken: "s3cret-a",
          options: { rpcSecret: "s3cret-b", credentials: { secretAccessKey: "s3cret-c" } },
          headers: { "x-consul-token": "s3cret-d", authorization: "Bearer s3cret-e" },
          command: "freshet server --authority-token s3cret-f --rpc-secret=s3cret-g --region eu",
          environment: "RPC_SECRET=s3cret-h AWS_SECRET_ACCESS_KEY=s3cret-i AWS_REGION=eu",
          err: new Error("GET /v1/kv X-Consul-Token: s3cret-j failed"),
          url: "https://b.example/x?X-Amz-Credential=s3cret-k&X-Amz-Signature=s3cret-l&part=1",
          key: "AKIAIOSFODNN7EXAMPLE",
        },
        "refused; Authorization: Bearer s3cret-m",
      );
      const text = lines.join("");
      expect(text).not.toMatch(/s3cret|AKIA/);
      expect(text).toContain("--region eu");
      expect(text).toContain("part=1");
    },
  );

  it("leaves what only sounds like a secret", () => {
    const { lines, logger } = capture({});
    logger.info({ token: 17, ownerToken: 4 }, "the secret of both sides differs: token mismatch");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      token: 17,
      ownerToken: 4,
      msg: "the secret of both sides differs: token mismatch",
    });
  });

  it("keeps a line one line, whatever is logged", () => {
    const { lines, logger } = capture({});
    logger.error({ err: new Error("two\nlines"), text: "a\r\nb" }, "first\nsecond");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd().split(/\r|\n/)).toHaveLength(1);
    const parsed = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
    expect(Object.keys(parsed).slice(0, 2)).toEqual(["level", "time"]);
    expect(parsed["msg"]).toBe("first\nsecond");
  });
});

describe("metrics", () => {
  it("tell of threads and the process, once each", async () => {
    const metrics = new Metrics();
    watchThread(metrics, "main");
    const info = { version: "1.2.3", role: "server", deployment: "d", region: "r", member: "s1" };
    watchProcess(metrics, info, () => true);
    const engine = new Metrics("mysql");
    watchThread(engine, "engine");
    const text = await renderMetrics([await metrics.snapshot(), await engine.snapshot()]);
    expect(text).toMatch(/freshet_build_info\{version="1.2.3",role="server",.*\} 1\n/);
    expect(text.match(/^freshet_process_resident_bytes\b/gm)).toHaveLength(1);
    expect(text).toMatch(/freshet_event_loop_lag_seconds\{kind="main",stat="p99"\} [0-9.e-]+\n/);
    expect(text).toMatch(/freshet_heap_used_bytes\{kind="engine",upstream="mysql"\} [1-9]/);
    expect(text).not.toContain("freshet_is_leader");
  });

  it("adds up the threads' counters and keeps the greatest lag", async () => {
    const threads = [new Metrics(), new Metrics()];
    for (const [index, metrics] of threads.entries()) {
      metrics.onCollect(() => metrics.adapter.hits.inc({ cache: "top" }, index + 1));
      metrics.replication.lagBytes.set(index * 100);
      metrics.engine.fillSeconds.observe(0.001);
    }
    const snapshots = await Promise.all(threads.map((metrics) => metrics.snapshot()));
    const text = await renderMetrics(structuredClone(snapshots));
    expect(text).toContain('freshet_hits_total{cache="top"} 3');
    expect(text).toContain("freshet_replication_lag_bytes 100");
    expect(text).toContain("freshet_fill_seconds_count 2");
  });

  it("bounds the values of a label", () => {
    const metrics = new Metrics();
    const names = Array.from({ length: 1000 }, (_, index) =>
      metrics.bounded("cache", `c${String(index)}`),
    );
    expect(new Set(names).size).toBe(501);
    expect(names.at(-1)).toBe("other");
    metrics.removeCache("c0");
    expect(metrics.bounded("cache", "new")).toBe("new");
  });
});
