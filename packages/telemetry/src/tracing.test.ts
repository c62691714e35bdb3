import { createServer, type Server } from "node:http";
import { silentLogger } from "@freshet/util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createTracing, NO_TRACING, type Tracing } from "./tracing.ts";

interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: object }[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

const servers: Server[] = [];

/** The receiving end of OTLP over HTTP (JSON). */
async function receiver(status = 200): Promise<{ endpoint: string; sent: Sent[] }> {
  const sent: Sent[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      expect(request.url).toBe("/v1/traces");
      expect(request.headers["content-type"]).toContain("json");
      sent.push(JSON.parse(Buffer.concat(chunks).toString()) as Sent);
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { endpoint: `http://127.0.0.1:${port}/v1/traces`, sent };
}

const spansOf = (sent: readonly Sent[]): readonly SentSpan[] =>
  sent.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  );

function tracing(endpoint: string | null, more: object = {}): Promise<Tracing> {
  return createTracing({
    endpoint,
    samplePercent: 100,
    service: "freshet",
    attributes: { "freshet.role": "server" },
    logger: silentLogger,
    ...more,
  });
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

describe("tracing", () => {
  it("sends spans with parents, attributes and errors, the last ones at the end", async () => {
    const { endpoint, sent } = await receiver();
    const { tracer, close } = await tracing(endpoint);
    const commit = tracer.span("commit", { transactions: 3 });
    const publish = commit?.child("publish");
    publish?.set({ entries: 7 });
    publish?.end("the store is full");
    commit?.end();
    await close();
    const spans = spansOf(sent);
    const [inner, outer] = ["publish", "commit"].map((name) =>
      spans.find((span) => span.name === name),
    );
    expect(spans).toHaveLength(2);
    expect(inner).toMatchObject({
      traceId: outer?.traceId,
      parentSpanId: outer?.spanId,
      attributes: [{ key: "entries", value: { intValue: 7 } }],
      status: { code: 2, message: "the store is full" },
    });
    const resource = sent[0]?.resourceSpans[0]?.resource.attributes;
    expect(resource).toContainEqual({ key: "service.name", value: { stringValue: "freshet" } });
    expect(resource).toContainEqual({ key: "freshet.role", value: { stringValue: "server" } });
  });

  it("keeps the percentage that was asked for, and costs nothing when off", async () => {
    expect(await tracing(null)).toBe(NO_TRACING);
    expect(await tracing("http://127.0.0.1:1", { samplePercent: 0 })).toBe(NO_TRACING);
    const { endpoint } = await receiver();
    let at = 0;
    const random = (): number => (at++ % 100) / 100;
    const { tracer, close } = await tracing(endpoint, { samplePercent: 10, random });
    const kept = Array.from({ length: 200 }, () => tracer.span("fill")).filter((one) => one);
    expect(kept).toHaveLength(20);
    await close();
  });

  it("says once that nobody receives, drops what is too much, and ends in time", async () => {
    const { endpoint } = await receiver(404);
    const warned: object[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => void warned.push(fields) };
    const { tracer, close } = await tracing(endpoint, { logger });
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 3_000; count += 1) tracer.span("fill")?.end();
      await vi.waitFor(() => expect(warned.length).toBeGreaterThan(0), 10_000);
    }
    const startedMs = performance.now();
    await close();
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect(warned).toHaveLength(1);
  });
});
