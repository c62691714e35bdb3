import { afterEach, describe, expect, test } from "vitest";
import type { ToAdapter, ToServer } from "@freshet/rpc";
import { pairedLinks } from "@freshet/rpc";
import { ManualClock, must } from "@freshet/util";
import type { CachedRoute } from "./contract.ts";
import type { OwnedRouter } from "./router.ts";
import {
  INT,
  ScriptedServer,
  createTestRouter,
  defineCache,
  session,
  startRouter,
  textOf,
  until,
} from "./scripted-server.ts";

const QUERY = "select a from t where id = $1";
let router: OwnedRouter;
let server: ScriptedServer;
afterEach(() => router.close());

async function start(options: Parameters<typeof startRouter>[1] = {}): Promise<CachedRoute> {
  ({ router, server } = await startRouter([defineCache(1, QUERY, [INT])], options));
  return currentRoute();
}

function currentRoute(): CachedRoute {
  const route = router.route(QUERY, session);
  if (route.kind !== "cached") throw new Error("the cache is gone");
  return route;
}

function held(route: CachedRoute, key: string): string | null {
  const entry = router.lookup(route, key);
  return entry === null ? null : textOf(entry.rows);
}

async function fill(route: CachedRoute, key: string, text: string): Promise<void> {
  const before = server.of("fill").length;
  const result = router.fill(route, key, [key]);
  server.fillWith(await server.nth("fill", before + 1), text);
  expect((await result).kind).toBe("entry");
}

describe("fills", () => {
  test("of one key are shared, and later look-ups hit", async () => {
    const route = await start();
    const results = [router.fill(route, "1", ["1"]), router.fill(route, "1", ["1"])];
    server.fillWith(await server.nth("fill"), "one");
    for (const result of await Promise.all(results)) {
      expect(result.kind === "entry" ? textOf(result.entry.rows) : null).toBe("one");
    }
    expect(server.of("fill")).toHaveLength(1);
    expect(held(route, "1")).toBe("one");
  });

  test("a publication before the answer is ignored, one after it is applied", async () => {
    const route = await start();
    const result = router.fill(route, "1", ["1"]);
    const request = await server.nth("fill");
    server.publish("0/2", [[1, "1", "before"]]);
    server.fillWith(request, "filled");
    await result;
    expect(held(route, "1")).toBe("filled");
    server.publish("0/3", [[1, "1", "after"]]);
    await until(() => router.visiblePosition === "0/3");
    expect(held(route, "1")).toBe("after");
  });

  test("answer and publication of one turn: waiters get an answer, the store the newest", async () => {
    const route = await start();
    const result = router.fill(route, "1", ["1"]);
    server.fillWith(await server.nth("fill"), "old");
    server.publish("0/2", [[1, "1", "new"]]);
    const { kind } = await result;
    expect(kind).toBe("entry");
    expect(held(route, "1")).toBe("new");
  });

  test("a drop while filling refuses the waiters, and the late answer goes nowhere", async () => {
    const route = await start();
    const result = router.fill(route, "1", ["1"]);
    const request = await server.nth("fill");
    server.send({ kind: "cache-dropped", cache: 1 });
    server.fillWith(request, "late");
    expect(await result).toEqual({ kind: "refused", reason: "the cache was dropped" });
    server.publish("0/2", [[1, "1", "later"]]);
    await until(() => router.visiblePosition === "0/2");
    expect(router.stats).toMatchObject({ entries: 0, bytes: 0, fillsInFlight: 0 });
    expect((await router.fill(route, "1", ["1"])).kind).toBe("refused");
  });

  test("are bounded", async () => {
    const route = await start({ limits: { fillsInFlight: 1 } });
    const first = router.fill(route, "1", ["1"]);
    expect((await router.fill(route, "2", ["2"])).kind).toBe("refused");
    server.fillWith(await server.nth("fill"), "one");
    expect((await first).kind).toBe("entry");
  });

  test("an answer too large to keep is given once and released", async () => {
    const route = await start({ limits: { entryBytes: 1_000 } });
    const text = "x".repeat(20_000);
    const result = router.fill(route, "1", ["1"]);
    server.fillWith(await server.nth("fill"), text);
    const filled = await result;
    expect(filled.kind === "entry" ? textOf(filled.entry.rows) : null).toBe(text);
    expect(held(route, "1")).toBeNull();
    expect(await server.nth("release")).toEqual({ kind: "release", cache: 1, keys: ["1"] });
    expect(router.stats.bytes).toBe(0);
  });
});

describe("publications", () => {
  test("drop variants, forget on null, and clear empties the cache", async () => {
    const route = await start();
    await fill(route, "1", "one");
    await fill(route, "2", "two");
    const entry = must(router.lookup(route, "1"), "it was filled");
    entry.addVariant("v", Buffer.from("rendered"));
    expect(router.lookup(route, "1")?.variant("v")?.toString()).toBe("rendered");
    server.publish("0/2", [
      [1, "1", "uno"],
      [1, "2", null],
    ]);
    await until(() => router.visiblePosition === "0/2");
    expect(held(route, "1")).toBe("uno");
    expect(held(route, "2")).toBeNull();
    expect(router.lookup(route, "1")?.variant("v")).toBeUndefined();
    // Rendered from the old rows by someone who was slow.
    const { bytes } = router.stats;
    entry.addVariant("w", Buffer.from("old"));
    expect(router.lookup(route, "1")?.variant("w")).toBeUndefined();
    expect(router.stats.bytes).toBe(bytes);
    expect(textOf(entry.rows)).toBe("one");
    server.send({ kind: "cache-cleared", cache: 1 });
    await until(() => router.stats.entries === 0);
    expect(router.stats.bytes).toBe(0);
    expect(route.valid).toBe(true);
  });

  test("nothing is looked up while the stream is broken", async () => {
    const route = await start();
    await fill(route, "1", "one");
    server.send({ kind: "serving", serving: false, reason: "the slot is lost" });
    await until(() => !router.serving);
    expect(router.servingReason).toBe("the slot is lost");
    expect(held(route, "1")).toBeNull();
    expect((await router.fill(route, "2", ["2"])).kind).toBe("refused");
    server.send({ kind: "serving", serving: true, reason: "" });
    await until(() => router.serving);
    expect(held(route, "1")).toBe("one");
  });
});

describe("the memory limit", () => {
  test("evicts what was not used, and tells the server before it fills again", async () => {
    const route = await start({ limits: { memoryBytes: 20_000, entryBytes: 20_000 } });
    const text = "x".repeat(1_000);
    await fill(route, "hot", text);
    for (let index = 0; index < 50; index += 1) {
      expect(held(route, "hot")).toBe(text);
      await fill(route, `k${index}`, text);
      expect(router.stats.bytes).toBeLessThanOrEqual(20_000);
    }
    const released = (): string[] => server.of("release").flatMap(({ keys }) => [...keys]);
    await until(() => released().length === router.stats.evictions);
    expect(router.stats.evictions + router.stats.entries).toBe(51);
    expect(released()).not.toContain("hot");
    expect(released()).toContain("k0");
    server.publish("0/2", [[1, "k0", "not subscribed any more"]]);
    await until(() => router.visiblePosition === "0/2");
    expect(held(route, "k0")).toBeNull();
  });

  test("a release never arrives after a later fill of its key", async () => {
    const route = await start({ limits: { memoryBytes: 1_500, entryBytes: 20_000 } });
    await fill(route, "1", "x".repeat(1_000));
    const second = router.fill(route, "2", ["2"]);
    server.fillWith(await server.nth("fill", 2), "x".repeat(1_000));
    await second;
    const third = router.fill(route, "1", ["1"]);
    server.fillWith(await server.nth("fill", 3), "again");
    await third;
    const order = server.received
      .filter(({ kind }) => kind === "fill" || kind === "release")
      .map((message) => (message.kind === "fill" ? `fill ${message.key}` : message.kind));
    expect(order.slice(0, 4)).toEqual(["fill 1", "fill 2", "release", "fill 1"]);
  });

  test("variants count, and moved entries keep rows and variants", async () => {
    const route = await start({ limits: { fillsInFlight: 5_000 } });
    const texts = new Map<string, string>();
    const filling = [];
    for (let index = 0; index < 2_000; index += 1) filling.push(router.fill(route, `${index}`, []));
    await server.nth("fill", 2_000);
    for (const request of server.of("fill")) {
      texts.set(request.key, `${request.key} ${"y".repeat(400)}`);
      server.fillWith(request, must(texts.get(request.key), "just set"));
    }
    for (const result of await Promise.all(filling)) {
      if (result.kind === "entry")
        result.entry.addVariant("v", Buffer.from(result.entry.rows.bytes));
    }
    const full = router.stats.bytes;
    expect(full).toBeGreaterThan(2_000 * 800);
    const gone: [number, string, null][] = [];
    for (let index = 0; index < 2_000; index += 1)
      if (index % 4 > 0) gone.push([1, `${index}`, null]);
    server.publish("0/2", gone);
    await until(() => router.visiblePosition === "0/2");
    expect(router.stats.entries).toBe(500);
    for (let index = 0; index < 2_000; index += 4) {
      const entry = must(router.lookup(route, `${index}`), "it was not forgotten");
      expect(textOf(entry.rows)).toBe(texts.get(`${index}`));
      expect(entry.variant("v")?.toString("latin1")).toBe(texts.get(`${index}`));
    }
  });
});

describe("the link", () => {
  test("when it ends, everybody who waits is refused and nothing is answered", async () => {
    const route = await start();
    await fill(route, "1", "one");
    const waiting = [
      router.fill(route, "2", ["2"]),
      router.control({ kind: "show-caches", queryId: null }, must(session.scope, "set")),
      router.awaitPosition("0/9", 60_000),
      router.askAccess(route, "ann"),
    ] as const;
    await server.nth("access");
    server.close();
    const [filled, control, reached, allowed] = await Promise.all(waiting);
    expect(filled.kind).toBe("refused");
    expect(control).toMatchObject({ code: "57P03" });
    expect([reached, allowed]).toEqual([false, false]);
    expect(router.serving).toBe(false);
    expect(route.valid).toBe(false);
    expect(router.lookup(route, "1")).toBeNull();
  });

  test("a new one begins anew, although ids come again", async () => {
    const old = await start();
    await fill(old, "1", "one");
    server.close();
    await until(() => !router.serving);
    const [link, serverLink] = pairedLinks<ToServer, ToAdapter>();
    server = new ScriptedServer(serverLink);
    router.attach(link);
    server.welcome([defineCache(1, QUERY, [INT])]);
    await until(() => router.serving);
    const route = currentRoute();
    await fill(route, "1", "other");
    expect(held(route, "1")).toBe("other");
    expect(held(old, "1")).toBeNull();
  });

  test("without one everything is forwarded", async () => {
    router = createTestRouter(null);
    expect(router.serving).toBe(false);
    expect(router.route(QUERY, session)).toMatchObject({ kind: "forward", reason: "no-cache" });
    expect(await router.awaitPosition("0/1", 10)).toBe(false);
  });
});

describe("questions", () => {
  test("access is remembered until a privilege changes", async () => {
    const route = await start();
    expect(router.mayRead(route, "ann")).toBeNull();
    const asked = router.askAccess(route, "ann");
    const { request } = await server.nth("access");
    server.send({ kind: "access-result", request, allowed: true });
    expect(await asked).toBe(true);
    expect(router.mayRead(route, "ann")).toBe(true);
    server.send({ kind: "access-changed" });
    await until(() => router.mayRead(route, "ann") === null);
  });

  test("an access answer overtaken by a change is asked for again", async () => {
    const route = await start();
    const asked = router.askAccess(route, "ann");
    const { request } = await server.nth("access");
    server.send({ kind: "access-result", request, allowed: true });
    server.send({ kind: "access-changed" });
    const again = await server.nth("access", 2);
    server.send({ kind: "access-result", request: again.request, allowed: false });
    expect(await asked).toBe(false);
    expect(router.mayRead(route, "ann")).toBe(false);
  });

  test("an access answer that comes after a change it may not know of is asked for again", async () => {
    const route = await start();
    const asked = router.askAccess(route, "ann");
    const { request } = await server.nth("access");
    server.send({ kind: "access-changed" });
    server.send({ kind: "access-result", request, allowed: true });
    const again = await server.nth("access", 2);
    server.send({ kind: "access-result", request: again.request, allowed: false });
    expect(await asked).toBe(false);
    expect(router.mayRead(route, "ann")).toBe(false);
  });

  test("access that is not answered in time is not waited for, and kept when it comes", async () => {
    const clock = new ManualClock();
    const route = await start({ clock });
    const asked = router.askAccess(route, "ann");
    const { request } = await server.nth("access");
    clock.advance(2_000);
    expect(await asked).toBeNull();
    server.send({ kind: "access-result", request, allowed: true });
    await until(() => router.mayRead(route, "ann") === true);
  });

  test("positions seen here need no question; others are the server's to order", async () => {
    await start();
    expect(await router.awaitPosition("0/1", 10)).toBe(true);
    const asked = router.awaitPosition("0/5", 1_000);
    const { request } = await server.nth("await-position");
    server.publish("0/7", []);
    server.send({ kind: "position", request, reached: true });
    expect(await asked).toBe(true);
    expect(router.visiblePosition).toBe("0/7");
    expect(await router.awaitPosition("0/5", 10)).toBe(true);
    expect(await router.awaitPosition("0/8", 1)).toBe(false);
    expect(server.of("await-position")).toHaveLength(2);
  });

  test("hits and forwarded reads are reported as increments", async () => {
    const route = await start();
    router.countHit(route);
    router.countHit(route);
    const forwarded = router.route("select b from u where id = 3", session);
    for (let count = 0; count < 3; count += 1) router.countForward(forwarded, "no-cache");
    const report = await server.nth("report");
    expect(report.hits).toEqual([{ cache: 1, count: 2 }]);
    expect(report.proxied).toMatchObject([
      { count: 3, example: "select b from u where id = 3", uncacheable: null },
    ]);
    router.countHit(route);
    expect((await server.nth("report", 2)).hits).toEqual([{ cache: 1, count: 1 }]);
  });
});
