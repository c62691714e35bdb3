import { fork } from "node:child_process";
import { setImmediate as turn } from "node:timers/promises";
import type { ToAdapter } from "../messages.ts";
import { type ServerTcpLink, dial, listen } from "./testing.ts";

/**
 * `node packages/rpc/src/tcp/tcp-link.bench.ts`: what links cost the server. The adapters are in
 * a process of their own; times are this process's CPU time, so a busy machine matters little.
 */
const [role, address, count] = process.argv.slice(2);

if (role === "adapters") {
  for (let index = 0; index < Number(count); index += 1) {
    const link = await dial(String(address), { timeoutMs: 60_000 });
    link.onMessage(() => undefined);
    link.onClose(() => process.exit());
  }
} else {
  await throughput("one entry of 100 B a publication", 200_000, 100);
  await throughput("one entry of 10 kB a publication", 50_000, 10_000);
  await throughput("one entry of 1 MB a publication", 1_000, 1_000_000);
  for (const bytes of [200, 20_000]) {
    for (const links of [1, 10, 100]) {
      await publications(links, bytes, false);
      await publications(links, bytes, true);
    }
  }
}

async function withLinks(links: number, run: (all: ServerTcpLink[]) => Promise<void>) {
  const server = await listen({ timeoutMs: 60_000 });
  const file = new URL(import.meta.url).pathname;
  const child = fork(file, ["adapters", server.address, `${links}`], { execArgv: [] });
  while (server.accepted.length < links) await turn();
  for (const link of server.accepted) link.onMessage(() => undefined);
  await run(server.accepted);
  await server.listener.close();
  child.kill();
}

function publication(index: number, bytes: number): ToAdapter {
  const rows = { count: 1, bytes: Buffer.alloc(bytes, "x") };
  const entries = [{ cache: 1, key: `key ${index % 1_000}`, rows }];
  return { kind: "publish", position: `0/${index.toString(16)}`, commitTimeMs: 1.5e12, entries };
}

async function drained(links: readonly ServerTcpLink[], limitBytes: number): Promise<void> {
  while (links.some((link) => link.outstandingBytes > limitBytes)) await turn();
}

async function throughput(name: string, messages: number, bytes: number): Promise<void> {
  await withLinks(1, async (links) => {
    const startedMs = performance.now();
    const cpu = process.cpuUsage();
    for (let index = 0; index < messages; index += 1) {
      links[0]?.send(publication(index, bytes));
      if (index % 10 === 0) await drained(links, 8_000_000);
    }
    await drained(links, 0);
    const seconds = (performance.now() - startedMs) / 1_000;
    const rate = Math.round(messages / seconds);
    const megabytes = Math.round((rate * bytes) / 1e6);
    console.log(
      `${name}: ${rate}/s, ${megabytes} MB/s, ${cpuMicros(cpu, messages)} us of CPU each`,
    );
  });
}

async function publications(count: number, bytes: number, shared: boolean): Promise<void> {
  const rounds = 2_000;
  await withLinks(count, async (links) => {
    const cpu = process.cpuUsage();
    for (let index = 0; index < rounds; index += 1) {
      const message = publication(index, bytes);
      if (message.kind !== "publish") return;
      for (const link of links) {
        link.send(shared ? message : { ...message, entries: [...message.entries] });
      }
      await turn();
      await drained(links, 1_000_000);
    }
    await drained(links, 0);
    const how = shared ? "encoded once" : "encoded for each";
    console.log(`${count} links, ${bytes} B, ${how}: ${cpuMicros(cpu, rounds)} us a publication`);
  });
}

function cpuMicros(since: NodeJS.CpuUsage, operations: number): string {
  const { user, system } = process.cpuUsage(since);
  const each = (micros: number) => (micros / operations).toFixed(1);
  return `${each(user + system)} (${each(system)} in the kernel)`;
}
