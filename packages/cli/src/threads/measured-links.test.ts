import { Metrics, renderMetrics } from "@freshet/telemetry";
import { expect, it, onTestFinished, vi } from "vitest";
import { dial, listen } from "../../../rpc/src/tcp/testing.ts";
import { MeasuredLinks } from "./measured-links.ts";

it("counts who got a link, how it ended, and what passed", async () => {
  const metrics = new Metrics(null);
  const measured = new MeasuredLinks(metrics, "server");
  const { listener, address } = await listen({
    accept: (link) => {
      link.onMessage(() => undefined);
      measured.add(link);
    },
    refused: (reason) => measured.refused(reason),
  });
  onTestFinished(() => listener.close());
  const value = async (metric: string, ...labels: readonly string[]) => {
    const text = await renderMetrics([await metrics.snapshot()]);
    const is = (line: string) => labels.every((label) => line.includes(label));
    const line = text.split("\n").find((one) => one.startsWith(`freshet_${metric}{`) && is(one));
    return Number(line?.split(" ").at(-1) ?? 0);
  };

  await expect(dial(address, { term: 6 })).rejects.toThrow("term");
  await expect(dial(address, { security: { secret: "x", tls: null } })).rejects.toThrow("secret");
  expect(await value("rpc_handshakes_refused_total", "term", "server")).toBe(1);
  expect(await value("rpc_handshakes_refused_total", "secret", "server")).toBe(1);

  const link = await dial(address);
  link.onMessage(() => undefined);
  expect(await value("rpc_links_opened_total")).toBe(1);
  const sent = await value("rpc_sent_bytes_total");
  const received = await value("rpc_received_bytes_total");
  expect(Math.min(sent, received)).toBeGreaterThan(0);
  // Heartbeats.
  await vi.waitFor(async () => {
    expect(await value("rpc_sent_bytes_total")).toBeGreaterThan(sent);
    expect(await value("rpc_received_bytes_total")).toBeGreaterThan(received);
  }, 10_000);
  link.close();
  await vi.waitFor(async () =>
    expect(await value("rpc_links_closed_total", 'reason="closed"')).toBe(1),
  );
});
