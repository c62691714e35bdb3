import { ConfigurationError } from "@freshet/util";
import { afterEach, describe, expect, it } from "vitest";
import { type AdminServer, startAdminServer } from "./admin-server.ts";

const servers: AdminServer[] = [];
let ready = true;
let started = true;

async function start(port = 0): Promise<AdminServer> {
  const server = await startAdminServer({
    address: { host: "127.0.0.1", port },
    live: () => ({ ok: true, detail: {} }),
    startup: () => ({ ok: started, detail: { reason: "waiting for the upstream" } }),
    ready: () => ({ ok: ready, detail: { reason: "draining" } }),
    metrics: async () => "freshet_caches 1\n",
  });
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe("admin server", () => {
  it("answers probes and metrics", async () => {
    const { address } = await start();
    const get = (path: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${address.port}${path}`);
    expect((await get("/health/live")).status).toBe(200);
    ready = true;
    expect((await get("/health")).status).toBe(200);
    ready = false;
    const refused = await get("/health/ready");
    expect(refused.status).toBe(503);
    expect(await refused.json()).toEqual({ status: "unavailable", reason: "draining" });
    const metrics = await get("/metrics");
    expect(metrics.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(await metrics.text()).toBe("freshet_caches 1\n");
    started = false;
    expect((await get("/health/startup")).status).toBe(503);
    started = true;
    expect((await get("/health/startup")).status).toBe(200);
    const kept = await get("/keepalive");
    expect([kept.status, await kept.text()]).toEqual([200, "ok"]);
    const status = await get("/status");
    expect(status.status).toBe(200);
    expect(await status.json()).toEqual({ live: true, started: true, ready: false });
    expect((await get("/else")).status).toBe(404);
    const posted = await fetch(`http://127.0.0.1:${address.port}/health`, { method: "POST" });
    expect(posted.status).toBe(405);
  });

  it("says in one sentence that its port is taken", async () => {
    const { address } = await start();
    await expect(start(address.port)).rejects.toThrow(
      new ConfigurationError(
        `--metrics-address 127.0.0.1:${address.port} is in use by another program: ` +
          "choose another port with --metrics-address.",
      ),
    );
  });
});
