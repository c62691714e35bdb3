/** Run by hand: the cost of routing and looking up, and of keeping an answer. */
import { must } from "@freshet/util";
import type { CachedRoute, Entry, Route } from "./contract.ts";
import { INT, defineCache, rowsOf, session, startRouter } from "./scripted-server.ts";
import type { OwnedRouter } from "./router.ts";

const QUERY = "SELECT id, title, year FROM films WHERE id = $1 ORDER BY title LIMIT 10";
const definition = defineCache(1, QUERY, [INT], { frozen: [1] });

function nanoseconds(rounds: number, run: (round: number) => void): number {
  for (let round = 0; round < rounds / 4; round += 1) run(round);
  const start = process.hrtime.bigint();
  for (let round = 0; round < rounds; round += 1) run(round);
  return Math.round(Number(process.hrtime.bigint() - start) / rounds);
}

function asCached(route: Route): CachedRoute {
  if (route.kind !== "cached") throw new Error("not cached");
  return route;
}

function hit(router: OwnedRouter, text: string): Entry | null {
  const route = router.route(text, session);
  if (route.kind !== "cached" || route.fixedKey === null) return null;
  router.countHit(route);
  return router.lookup(route, route.fixedKey);
}

async function fillAll(entries: number, rowBytes: number): Promise<void> {
  const { router, server } = await startRouter([definition], {
    limits: { fillsInFlight: entries, memoryBytes: 4e9 },
  });
  const route = asCached(router.route(QUERY, session));
  globalThis.gc?.();
  const before = memory();
  const text = "x".repeat(rowBytes);
  for (let from = 0; from < entries; from += 1_000) {
    const waiting = [];
    for (let key = from; key < from + 1_000; key += 1) {
      waiting.push(router.fill(route, `${key}`, [`${key}`]));
    }
    await server.nth("fill", waiting.length);
    for (const { request, key } of server.of("fill")) {
      server.send({ kind: "filled", request, cache: 1, key: `${key} `.trim(), rows: rowsOf(text) });
    }
    server.received.length = 0;
    await Promise.all(waiting);
  }
  const plain = memory() - before;
  const counted = router.stats.bytes;
  for (let key = 0; key < entries; key += 1) {
    must(router.lookup(route, `${key}`), "filled").addVariant("v", Buffer.from(text));
  }
  const full = memory() - before;
  console.log(`entry of ${rowBytes} bytes: ${Math.round(plain / entries)} used`);
  console.log(`  counted ${Math.round(counted / entries)}`);
  console.log(`  its variant: ${Math.round((full - plain) / entries)} used`);
  console.log(`  counted ${Math.round((router.stats.bytes - counted) / entries)}`);
  await router.close();
}

function memory(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function time(): Promise<void> {
  const { router, server } = await startRouter([definition]);
  const route = asCached(router.route(QUERY, session));
  for (let id = 0; id < 1_000; id += 1) void router.fill(route, `${id}`, [`${id}`]);
  for (const request of (await server.nth("fill", 1_000), server.of("fill"))) {
    server.fillWith(request, "row");
  }
  while (router.stats.fillsInFlight > 0) await new Promise((resolve) => setImmediate(resolve));
  // Fresh strings without a computed hash, as they come from a socket.
  const bytes = (id: number): Buffer => Buffer.from(QUERY.replace("$1", String(id)), "latin1");
  const frames = Array.from({ length: 1_000 }, (_, id) => bytes(id));
  const text = (round: number): string => must(frames[round % 1_000], "").toString("latin1");
  const decode = nanoseconds(1e6, text);
  console.log(`decode alone: ${decode} ns`);
  const exact = nanoseconds(1e6, (round) => must(hit(router, text(round)), "a hit"));
  console.log(`decode, route and look up, text seen before: ${exact} ns`);
  const bound = nanoseconds(1e7, (round) =>
    must(router.lookup(route, `${round % 1_000}`), "a hit"),
  );
  console.log(`look up alone (prepared): ${bound} ns`);
  let next = 1_000;
  const fresh = nanoseconds(2e5, () => hit(router, QUERY.replace("$1", String(next++))));
  console.log(`route a text with a new literal: ${fresh} ns`);
  await router.close();
}

await time();
await fillAll(100_000, 50);
await fillAll(100_000, 500);
