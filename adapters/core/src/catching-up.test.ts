import { afterEach, describe, expect, test } from "vitest";
import { type ToAdapter, type ToServer, pairedLinks } from "@freshet/rpc";
import { ManualClock, silentLogger } from "@freshet/util";
import type { OwnedRouter } from "./router.ts";
import {
  INT,
  ScriptedServer,
  createTestRouter,
  defineCache,
  session,
  textOf,
  until,
} from "./scripted-server.ts";

const QUERY = "select a from t where id = $1";
const turns = () => new Promise((resolve) => setTimeout(resolve, 5));

let router: OwnedRouter;
afterEach(() => router.close());

/** A router that has shown what the first server had, and then meets another that is behind. */
async function takeOver(served = true) {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_: object, message: string) => warnings.push(message) };
  router = createTestRouter(null, { clock, logger, reportIntervalMs: 1e9 });
  const connect = (): ScriptedServer => {
    const [link, serverLink] = pairedLinks<ToServer, ToAdapter>();
    const server = new ScriptedServer(serverLink);
    server.current = false;
    router.attach(link);
    return server;
  };
  const first = connect();
  const caches = [defineCache(1, QUERY, [INT])];
  first.send({ kind: "welcome", version: 1, caches, serving: served, position: "0/1" });
  if (served) {
    await until(() => router.serving);
    await fill(first, "at 0/5");
  } else await turns();
  const second = connect();
  const answer = async (number: number, reached: boolean) => {
    const { request } = await second.nth("await-position", number);
    second.send({ kind: "position", request, reached });
  };
  return { clock, warnings, second, caches, answer };
}

async function fill(server: ScriptedServer, text: string): Promise<void> {
  const route = routeOf();
  const filled = router.fill(route, "1", ["1"]);
  server.fillWith(await server.nth("fill"), text);
  expect((await filled).kind).toBe("entry");
  expect(textOf(router.lookup(route, "1")!.rows)).toBe(text);
}

function routeOf() {
  const route = router.route(QUERY, session);
  if (route.kind !== "cached") throw new Error("the cache is there");
  return route;
}

describe("another server", () => {
  test("answers when it has applied all that may have been shown, fills among it", async () => {
    const { second, caches, answer } = await takeOver();
    second.welcome(caches);
    // A fill told no position, and a session's own write may have been waited for: so all there is.
    const asked = await second.nth("await-position");
    expect(asked.position).toBe("");
    await turns();
    expect(router.serving).toBe(false);
    expect(router.servingReason).toMatch(/not yet applied/);
    expect(await router.fill(routeOf(), "1", ["1"])).toMatchObject({ kind: "refused" });
    // What becomes visible meanwhile is applied, and is not enough.
    second.publish("0/4", []);
    await turns();
    expect(router.serving).toBe(false);
    await answer(1, true);
    await until(() => router.serving);
    expect(router.servingReason).toBe("");
    await fill(second, "at 0/6");
  });

  test("is asked again when it could not tell, and in the end believed", async () => {
    const { clock, warnings, second, caches, answer } = await takeOver();
    second.welcome(caches);
    await answer(1, false);
    await turns();
    expect(second.of("await-position")).toHaveLength(1);
    clock.advance(500);
    await second.nth("await-position", 2);
    clock.advance(29_000);
    await turns();
    expect(router.serving).toBe(false);
    // Its own limit passed, and the link's answer is overdue too.
    clock.advance(1_000);
    await until(() => router.serving);
    expect(warnings).toEqual([expect.stringMatching(/may be older/)]);
    expect(second.of("await-position")).toHaveLength(2);
  });

  test("that is not ready is asked when it is, and anew after every interruption", async () => {
    const { second, caches, answer } = await takeOver();
    second.send({ kind: "welcome", version: 1, caches, serving: false, position: "" });
    await turns();
    expect(second.of("await-position")).toHaveLength(0);
    expect(router.servingReason).toBe("the server is not ready");
    second.send({ kind: "serving", serving: true, reason: "" });
    await second.nth("await-position");
    second.send({ kind: "serving", serving: false, reason: "the change stream is silent" });
    await answer(1, true);
    await turns();
    expect([router.serving, router.servingReason]).toEqual([false, "the change stream is silent"]);
    second.send({ kind: "serving", serving: true, reason: "" });
    await answer(2, true);
    await until(() => router.serving);
    // Caught up once: what it says from now on only grows.
    second.send({ kind: "serving", serving: false, reason: "the change stream is silent" });
    second.send({ kind: "serving", serving: true, reason: "" });
    await turns();
    expect(router.serving).toBe(true);
  });

  test("that ends while it is asked makes nobody serve", async () => {
    const { second, caches } = await takeOver();
    second.welcome(caches);
    await second.nth("await-position");
    second.close();
    await until(() => router.servingReason === "the server is away");
    await turns();
    expect(router.serving).toBe(false);
  });

  test("has nothing to catch up with when nothing was shown", async () => {
    const { second, caches } = await takeOver(false);
    second.welcome(caches);
    await until(() => router.serving);
    expect(second.of("await-position")).toHaveLength(0);
  });
});
