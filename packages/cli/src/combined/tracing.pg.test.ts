import { createServer, type Server } from "node:http";
import pg from "pg";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { EmbeddedPostgres } from "../demo/embedded-postgres.ts";
import { FreshetProcess } from "../testing/freshet-process.ts";

interface SentSpan {
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

let upstream: EmbeddedPostgres;
let receiver: Server;
let endpoint = "";
const bodies: string[] = [];

beforeAll(async () => {
  upstream = await EmbeddedPostgres.start();
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      bodies.push(Buffer.concat(chunks).toString());
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(receiver.address() as { port: number }).port}/v1/traces`;
});

afterAll(async () => {
  receiver.close().closeAllConnections();
  await upstream.stop();
});

function spans(): readonly SentSpan[] {
  return bodies.flatMap((body) => {
    const { resourceSpans } = JSON.parse(body) as {
      resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[];
    };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((each) => each.spans));
  });
}

it("sends traces of what both kinds of thread do, without statements in them", async () => {
  const one = await FreshetProcess.start(
    ...["--upstream-db-url", upstream.url(), "--deployment=traced", "--adapter-threads=1"],
    ...[`--tracing-endpoint=${endpoint}`, "--tracing-sample-percent=100"],
  );
  try {
    await one.following();
    const direct = new pg.Client({ connectionString: upstream.url() });
    const client = new pg.Client(`postgres://postgres:postgres@127.0.0.1:${one.port}/postgres`);
    await Promise.all([direct.connect(), client.connect()]);
    await direct.query("CREATE TABLE note (id int PRIMARY KEY, text text NOT NULL)");
    await direct.query("INSERT INTO note VALUES (1, 'confidential')");
    const text = "SELECT text FROM note WHERE id = 1";
    await vi.waitFor(() => client.query(`CREATE CACHE note_text FROM ${text}`), 60_000);
    await vi.waitFor(async () => {
      await client.query(text);
      const metrics = await (await one.get("/metrics")).text();
      expect(metrics).toMatch(/freshet_hits_total\{cache="note_text"\} [1-9]/);
    }, 30_000);
    await direct.query("UPDATE note SET text = 'very confidential' WHERE id = 1");
    await client.query("SELECT 'confidential' || clock_timestamp()");
    await vi.waitFor(async () => {
      expect((await client.query(text)).rows).toEqual([{ text: "very confidential" }]);
    }, 10_000);
    const metrics = await (await one.get("/metrics")).text();
    expect(metrics).toMatch(/freshet_forward_seconds_count [1-9]/);
    expect(metrics).toMatch(/freshet_miss_seconds_count [1-9]/);
    expect(metrics).toMatch(/freshet_published_messages_total [1-9]/);
    expect(metrics).toMatch(/freshet_client_sent_bytes_total [1-9]/);
    expect(metrics).toMatch(/freshet_control_statements_total\{.*outcome="ok"\} 1/);
    expect(metrics).toMatch(/freshet_build_info\{.*role="combined"/);
    expect(metrics).not.toContain("freshet_is_leader");
    await Promise.all([direct.end(), client.end()]);
    one.signal("SIGTERM");
    expect(await one.exit, one.output).toBe(0);
    const names = new Set(spans().map(({ name }) => name));
    for (const name of ["forward", "miss", "fill", "commit", "publish", "copy", "control"]) {
      expect(names, name).toContain(name);
    }
    expect(bodies.join("")).not.toMatch(/confidential|SELECT|postgres:postgres/);
  } finally {
    await one.dispose();
  }
});
