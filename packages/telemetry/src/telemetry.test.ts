import { describe, expect, it } from "vitest";
import { type LoggerOptions, createLogger } from "./logger.ts";
import { Metrics, renderMetrics } from "./metrics.ts";

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
});

describe("metrics", () => {
  it("adds up the threads' counters and keeps the greatest lag", async () => {
    const threads = [new Metrics(), new Metrics()];
    for (const [index, metrics] of threads.entries()) {
      metrics.onCollect(() => metrics.hits.inc({ cache: "top" }, index + 1));
      metrics.lagBytes.set(index * 100);
      metrics.fillSeconds.observe(0.001);
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
