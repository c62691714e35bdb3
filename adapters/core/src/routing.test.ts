import { POSTGRES_ESCAPING_SETTINGS } from "@freshet/sql";
import { afterEach, describe, expect, test } from "vitest";
import { bindParams } from "./canonical-list.ts";
import type { CachedRoute, Route, RoutingSession } from "./contract.ts";
import type { OwnedRouter } from "./router.ts";
import { BIGINT, INT, TEXT, defineCache, session, startRouter, until } from "./scripted-server.ts";
import type { ScriptedServer } from "./scripted-server.ts";

let router: OwnedRouter;
let server: ScriptedServer;
afterEach(() => router.close());

async function start(...args: Parameters<typeof startRouter>): Promise<void> {
  ({ router, server } = await startRouter(...args));
}

function cached(route: Route): CachedRoute {
  if (route.kind === "cached") return route;
  throw new Error(`not cached: ${JSON.stringify(route)}`);
}

function reason(text: string, as: RoutingSession = session): string {
  const route = router.route(text, as);
  return route.kind === "forward" ? route.reason : route.kind;
}

describe("matching", () => {
  test("literals and placeholders of one shape find the same cache and key", async () => {
    await start([defineCache(1, "select a from t where id = $1", [INT])]);
    const literal = cached(router.route("SELECT a FROM t  WHERE id=007", session));
    expect(literal.fixedKey).toBe("7");
    expect(literal.placeholders).toBe(0);
    const bound = cached(router.route("select a from t where id = $1", session));
    expect(bound.fixedKey).toBeNull();
    expect(bound.placeholderTypes).toEqual([INT]);
    expect(bound.sources).toEqual([{ kind: "bind", index: 0 }]);
  });

  test("a frozen literal of another value or class is another query", async () => {
    const query = "select a, 1 from t where id = 5";
    await start([defineCache(1, query, [INT], { frozen: [0] })]);
    expect(reason("select a, 1 from t where id = 9")).toBe("cached");
    expect(reason("select a, 2 from t where id = 9")).toBe("no-cache");
    expect(reason("select a, '1' from t where id = 9")).toBe("no-cache");
    expect(reason("select a, $1 from t where id = 9")).toBe("no-cache");
  });

  test("caches that differ in a frozen literal stand side by side", async () => {
    const one = defineCache(1, "select a, 1 from t where id = 5", [INT], { frozen: [0] });
    const two = defineCache(2, "select a, 2 from t where id = 5", [INT], { frozen: [0] });
    await start([two, one]);
    expect(cached(router.route("select a, 2 from t where id = 9", session)).cache.id).toBe(2);
    expect(cached(router.route("select a, 1 from t where id = 9", session)).cache.id).toBe(1);
  });

  test("a value that has no canonical form here is forwarded", async () => {
    await start([defineCache(1, "select a from t where id = 5", [INT])]);
    expect(reason("select a from t where id = 5000000000")).toBe("parameter-type");
    expect(reason("select a from t where id = 5.5")).toBe("parameter-type");
  });

  test("lists are sorted, without repetitions, and mix with placeholders", async () => {
    await start([defineCache(1, "select a from t where id in (1, 2)", [INT])]);
    const route = cached(router.route("select a from t where id in (3, 10, 3, 2)", session));
    expect(route.fixedParams).toEqual([["10", "2", "3"]]);
    const same = cached(router.route("select a from t where id in (2, 10, 3)", session));
    expect(same.fixedKey).toBe(route.fixedKey);
    const mixed = cached(router.route("select a from t where id in ($2, 7, $1)", session));
    expect(mixed.placeholders).toBe(2);
    expect(bindParams(mixed.sources, ["9", "7"])).toEqual([["7", "9"]]);
    expect(bindParams(mixed.sources, [null, "1"])).toEqual([["1", "7", null]]);
  });

  test("an array parameter is bound as a list; as a literal it is forwarded", async () => {
    await start([defineCache(1, "select a from t where id = any($1)", [INT])]);
    const route = cached(router.route("select a from t where id = any($1)", session));
    expect(route.placeholderIsList).toEqual([true]);
    expect(bindParams(route.sources, [["3", "1", "3"]])).toEqual([["1", "3"]]);
    expect(reason("select a from t where id = any('{1}')")).toBe("parameter-type");
  });

  test("one placeholder in two places must mean one type, and none may be left out", async () => {
    await start([defineCache(1, "select a from t where id = $1 and b = $2", [INT, TEXT])]);
    expect(reason("select a from t where id = $1 and b = $2")).toBe("cached");
    expect(reason("select a from t where id = $1 and b = $1")).toBe("parameter-type");
    expect(reason("select a from t where id = $1 and b = $3")).toBe("parameter-type");
    const swapped = cached(router.route("select a from t where id = $2 and b = $1", session));
    expect(swapped.placeholderTypes).toEqual([TEXT, INT]);
  });

  test("slots that are one parameter must have one value", async () => {
    const definition = defineCache(1, "select a from t where id = 1 or id = 1", [INT]);
    const slots = definition.slots.map(() => ({ kind: "param" as const, param: 0 }));
    await start([{ ...definition, slots }]);
    expect(reason("select a from t where id = 4 or id = 4")).toBe("cached");
    expect(reason("select a from t where id = 4 or id = 5")).toBe("no-cache");
    expect(reason("select a from t where id = $1 or id = $1")).toBe("cached");
    expect(reason("select a from t where id = $1 or id = $2")).toBe("no-cache");
  });

  test("a limit that is no count is the upstream's error to raise", async () => {
    await start([defineCache(1, "select a from t limit 1", [BIGINT], { limits: [0] })]);
    expect(reason("select a from t limit 7")).toBe("cached");
    expect(reason("select a from t limit '-7'")).toBe("parameter-type");
  });
});

describe("scope", () => {
  test("search path, database and an unknown scope each keep a cache out of reach", async () => {
    await start([defineCache(1, "select a from t where id = 5", [INT])]);
    const text = "select a from t where id = 6";
    const scope = session.scope ?? { database: "", role: "", identity: "" };
    expect(reason(text, { ...session, scope: { ...scope, identity: "other" } })).toBe("no-cache");
    const elsewhere = { ...session, scope: { ...scope, database: "shop2" } };
    expect(reason(text, elsewhere)).toBe("other-database");
    expect(reason(text, { ...session, scope: null })).toBe("unknown-scope");
    expect(reason("select 1", { ...session, scope: null })).toBe("no-cache");
    expect(reason(text, { ...session, scope: { ...scope, role: "bob" } })).toBe("cached");
  });

  test("string syntax is part of what a text means", async () => {
    await start([defineCache(1, "select a from t where b = 'x'", [TEXT])]);
    const text = "select a from t where b = 'x\\\\y'";
    const standard = cached(router.route(text, session));
    const escapes = router.route(text, { ...session, lexer: POSTGRES_ESCAPING_SETTINGS });
    expect(standard.fixedKey).toBe("x\\\\y");
    expect(escapes.kind === "cached" ? escapes.fixedKey : null).not.toBe(standard.fixedKey);
  });
});

describe("other statements", () => {
  test("are forwarded with their reason, or are ours", async () => {
    await start([defineCache(1, "select a from t where id = 5", [INT])]);
    expect(reason("insert into t values (1)")).toBe("not-a-read");
    expect(reason("select a from t where id = 5; select 2")).toBe("multi-statement");
    expect(reason("/* freshet+ skip cache */ select a from t where id = 5")).toBe("hint");
    expect(reason("select a from t where id = 5 for update")).toBe("not-cacheable");
    expect(reason("show caches")).toBe("control");
    expect(reason("create cache nonsense from")).toBe("control-error");
    expect(reason("select 'unterminated")).toMatch(/unparsed|not-a-read/);
  });
});

test("a hint is seen although the shape was routed to a cache before", async () => {
  await start([defineCache(1, "select a from t where id = 5", [INT])]);
  expect(reason("select a from t where id = 6")).toBe("cached");
  expect(reason("/* freshet+ skip cache */ select a from t where id = 7")).toBe("hint");
  expect(reason("select /* freshet+ skip cache */ a from t where id = 7")).toBe("hint");
  expect(reason("select a from t where id = 8; select 1")).toBe("multi-statement");
  expect(reason("select a from t where id = 8")).toBe("cached");
});

test("a shape that no cache has is judged the same the second time", async () => {
  await start([]);
  for (const id of [1, 2, 3]) {
    expect(reason(`select a from t where id = ${id}`)).toBe("no-cache");
    expect(reason(`select a from t where id = ${id} for update`)).toBe("not-cacheable");
    expect(reason(`/* freshet+ skip cache */ select a from t where id = ${id}`)).toBe("hint");
    expect(reason(`select a from t where id = ${id}; select 2`)).toBe("multi-statement");
    const locking = router.route(`select a from t where id = ${id} for update`, session);
    expect(locking).toMatchObject({ traits: { mayWrite: true } });
  }
});

describe("remembered texts", () => {
  test("a repeated text gives the same route until caches change", async () => {
    await start([defineCache(1, "select a from t where id = 5", [INT])]);
    const text = "select a from t where id = 5";
    const route = cached(router.route(text, session));
    expect(router.route(text, session)).toBe(route);
    const { generation } = router;
    server.send({ kind: "cache-dropped", cache: 1 });
    await until(() => router.generation !== generation);
    expect(route.valid).toBe(false);
    expect(router.lookup(route, "5")).toBeNull();
    expect(reason(text)).toBe("no-cache");
    server.send({ kind: "cache-added", cache: defineCache(2, text, [INT]) });
    await until(() => reason(text) === "cached");
  });

  test("are bounded in number and size, over all scopes", async () => {
    await start([], { limits: { textCacheEntries: 100, textLength: 1_000 } });
    for (let index = 0; index < 1_000; index += 1) {
      const identity = `path${index % 7}`;
      const scope = { database: "shop", role: "ann", identity };
      router.route(`select ${index}`, { ...session, scope });
    }
    expect(router.stats.texts).toBeLessThanOrEqual(100);
    const before = router.stats.texts;
    router.route(`select '${"x".repeat(2_000)}'`, session);
    expect(router.stats.texts).toBe(before);
  });

  test("a text in use survives a stream of others", async () => {
    await start([defineCache(1, "select a from t where id = 5", [INT])], {
      limits: { textCacheEntries: 50 },
    });
    const kept = router.route("select a from t where id = 5", session);
    for (let index = 0; index < 1_000; index += 1) {
      router.route(`select a from t where id = ${index + 10}`, session);
      expect(router.route("select a from t where id = 5", session)).toBe(kept);
    }
  });
});
