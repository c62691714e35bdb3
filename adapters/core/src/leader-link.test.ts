import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type AdapterLink,
  LinkRefused,
  type ServerLink,
  type TcpListener,
  type ToAdapter,
  type ToServer,
  dialTcp,
  listenTcp,
  pairedLinks,
} from "@freshet/rpc";
import { ManualClock, OperationalError, must, silentLogger, systemClock } from "@freshet/util";
import { type FollowedLeader, LeaderLink, type LeaderLinkOptions } from "./leader-link.ts";
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
/** Patient: the machine may be busy. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });
const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

function leader(name: string, term: number, address = `${name}:6035`): FollowedLeader {
  return { name, region: "eu", term, addresses: { postgres: address } };
}

interface Dialled {
  readonly leader: FollowedLeader;
  readonly signal: AbortSignal;
  readonly answer: (server: ScriptedServer | Error) => void;
}

/** A leader link whose dialling the test decides, and the time. */
function start(options: Partial<LeaderLinkOptions> = {}, oneClock = false) {
  const clock = new ManualClock();
  const router = createTestRouter(null, { clock: oneClock ? clock : systemClock });
  const dialled: Dialled[] = [];
  const warnings: string[] = [];
  const links: AdapterLink[] = [];
  const link = new LeaderLink({
    router,
    clock,
    random: () => 1,
    logger: {
      ...silentLogger,
      warn: (fields, message) => {
        warnings.push("reason" in fields ? String(fields.reason) : message);
      },
    },
    dial: (to, signal) =>
      new Promise((resolve, reject) => {
        const answer = (result: ScriptedServer | Error) => {
          if (result instanceof Error) reject(result);
          else resolve(must(links.shift(), "made by serverFor"));
        };
        signal.addEventListener("abort", () => reject(new OperationalError("stopped")));
        dialled.push({ leader: to, signal, answer });
      }),
    ...options,
  });
  closings.push(async () => {
    await link.close();
    await router.close();
  });
  const nextDial = async (count: number): Promise<Dialled> => {
    await until(() => dialled.length >= count);
    return must(dialled[count - 1], "it was waited for");
  };
  const serve = (to: Dialled): ScriptedServer => {
    const [one, other] = pairedLinks<ToServer, ToAdapter>();
    links.push(one);
    const server = new ScriptedServer(other);
    to.answer(server);
    server.welcome([defineCache(1, QUERY, [INT])]);
    return server;
  };
  return { clock, router, link, dialled, warnings, nextDial, serve };
}

async function fill(router: OwnedRouter, server: ScriptedServer, text: string): Promise<void> {
  const route = router.route(QUERY, session);
  if (route.kind !== "cached") throw new Error("the cache is there");
  const before = server.of("fill").length;
  const filled = router.fill(route, "1", ["1"]);
  server.fillWith(await server.nth("fill", before + 1), text);
  expect((await filled).kind).toBe("entry");
}

function held(router: OwnedRouter): string | null {
  const route = router.route(QUERY, session);
  const entry = route.kind === "cached" ? router.lookup(route, "1") : null;
  return entry === null ? null : textOf(entry.rows);
}

const turns = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("a leader link", () => {
  test("dials the leader, and again after jittered waits that grow, saying why once", async () => {
    const { clock, link, router, warnings, nextDial, serve, dialled } = start();
    link.follow(leader("s1", 7));
    (await nextDial(1)).answer(new LinkRefused("server s1 is not the leader"));
    await turns();
    clock.advance(99);
    await turns();
    expect(dialled).toHaveLength(1);
    clock.advance(1);
    (await nextDial(2)).answer(new LinkRefused("server s1 is not the leader"));
    await turns();
    clock.advance(200);
    (await nextDial(3)).answer(new OperationalError("nobody is there"));
    await turns();
    clock.advance(400);
    serve(await nextDial(4));
    await until(() => router.serving);
    expect(link.linkedTo?.name).toBe("s1");
    expect(warnings).toEqual(["server s1 is not the leader", "nobody is there"]);
  });

  test("that ends is made again; nothing of the old one is left", async () => {
    const { clock, link, router, nextDial, serve } = start();
    link.follow(leader("s1", 7));
    const first = serve(await nextDial(1));
    await until(() => router.serving);
    await fill(router, first, "old");
    expect(held(router)).toBe("old");
    const { accessGeneration } = router;
    first.close();
    await until(() => !link.connected);
    expect(router.servingReason).toBe("the server is away");
    expect(held(router)).toBeNull();
    // Privileges and search paths may have changed unseen.
    expect(router.accessGeneration).not.toBe(accessGeneration);
    await turns();
    clock.advance(100);
    const second = serve(await nextDial(2));
    await until(() => router.serving);
    expect(held(router)).toBeNull();
    await fill(router, second, "new");
    expect(held(router)).toBe("new");
  });

  test("keeps the old link until the new leader's is made, then drops it", async () => {
    const { link, router, nextDial, serve, dialled } = start();
    link.follow(leader("s1", 7));
    const first = serve(await nextDial(1));
    await until(() => router.serving);
    await fill(router, first, "of s1");
    link.follow(leader("s2", 8));
    const dial = await nextDial(2);
    expect(held(router)).toBe("of s1");
    const waiting = router.askAccess(routeOf(router), "ann");
    const second = serve(dial);
    await until(() => link.linkedTo?.name === "s2" && router.serving);
    expect(await waiting).toBe(false);
    expect(held(router)).toBeNull();
    // What the old server says late goes nowhere.
    first.publish("0/9", [[1, "1", "late"]]);
    await fill(router, second, "of s2");
    await turns();
    expect(held(router)).toBe("of s2");
    expect(router.visiblePosition).toBe("0/1");
    expect(dialled).toHaveLength(2);
  });

  test.each([
    ["term", leader("s1", 8)],
    ["address", leader("s1", 7, "elsewhere:6035")],
  ])("is made anew when the leader's %s changed, and only then", async (_name, changed) => {
    const { link, router, nextDial, serve, dialled } = start();
    link.follow(leader("s1", 7));
    serve(await nextDial(1));
    await until(() => router.serving);
    link.follow(leader("s1", 7));
    await turns();
    expect(dialled).toHaveLength(1);
    link.follow(changed);
    serve(await nextDial(2));
    await until(() => link.linkedTo === changed);
  });

  test("is kept while nobody leads; when it ends then, none is made until somebody leads", async () => {
    const { clock, link, router, nextDial, serve, dialled } = start();
    link.follow(leader("s1", 7));
    const server = serve(await nextDial(1));
    await until(() => router.serving);
    link.follow(null);
    await turns();
    expect([link.connected, router.serving]).toEqual([true, true]);
    // The same one again: nothing to do.
    link.follow(leader("s1", 7));
    await turns();
    expect(dialled).toHaveLength(1);
    link.follow(null);
    server.close();
    await until(() => !link.connected);
    clock.advance(60_000);
    await turns();
    expect(dialled).toHaveLength(1);
    link.follow(leader("s1", 9));
    serve(await nextDial(2));
    await until(() => router.serving);
    link.drop();
    expect(router.serving).toBe(false);
  });

  test("is waited for by our own statements, for a moment and while it may come", async () => {
    const { clock, link, router, nextDial, serve } = start({}, true);
    const show = () =>
      router.control({ kind: "show-caches", queryId: null }, must(session.scope, "set"));
    const early = show();
    link.follow(leader("s1", 7));
    const server = serve(await nextDial(1));
    const { request } = await server.nth("control");
    const result = { columns: [], rows: [], tag: "SHOW CACHES", notices: [] };
    server.send({ kind: "control-result", request, result });
    expect(await early).toEqual(result);
    const unanswered = show();
    await server.nth("control", 2);
    server.close();
    expect(await unanswered).toMatchObject({
      message: expect.stringMatching(/ended before it answered/) as string,
    });
    const late = show();
    await turns();
    clock.advance(100);
    (await nextDial(2)).answer(new OperationalError("nobody is there"));
    await turns();
    clock.advance(2_900);
    const unreachable = "the server s1 cannot be reached: nobody is there";
    expect(await late).toEqual({ code: "57P03", message: unreachable });
    // What waits is told at once when nobody leads any more.
    const last = show();
    link.follow(null);
    const nobody = { code: "57P03", message: "no server leads the deployment" };
    expect([await last, await show()]).toEqual([nobody, nobody]);
  });

  test("gives a dialling up when another leads, and when it is closed", async () => {
    const { link, nextDial, warnings } = start();
    link.follow(leader("s1", 7));
    const first = await nextDial(1);
    link.follow(leader("s2", 8));
    const second = await nextDial(2);
    expect([first.signal.aborted, second.leader.name]).toEqual([true, "s2"]);
    await link.close();
    expect(second.signal.aborted).toBe(true);
    expect(warnings).toEqual([]);
  });
});

function routeOf(router: OwnedRouter) {
  const route = router.route(QUERY, session);
  if (route.kind !== "cached") throw new Error("the cache is there");
  return route;
}

describe("over TCP", () => {
  const names = {
    product: "0.1.0",
    deployment: "shop",
    dialect: "postgres",
    region: "eu",
    database: "db:5432/shop",
  };
  const security = { secret: "s3cret", tls: null };

  async function listen(term: () => number | null, accept: (link: ServerLink) => void) {
    const listener = await listenTcp({
      address: { host: "127.0.0.1", port: 0 },
      identity: { ...names, member: "s1" },
      security,
      timeoutMs: 3_000,
      logger: silentLogger,
      clock: systemClock,
      leading: term,
      accept,
    });
    closings.push(() => listener.close());
    return listener;
  }

  function dialWith(clock: ManualClock | typeof systemClock): LeaderLinkOptions["dial"] {
    return (to, signal) =>
      dialTcp({
        address: must(to.addresses["postgres"], "given"),
        identity: { ...names, member: "a1" },
        security,
        timeoutMs: 3_000,
        term: to.term,
        logger: silentLogger,
        clock,
        signal,
      });
  }

  const addressOf = ({ address }: TcpListener) => `127.0.0.1:${address.port}`;

  test("after a pause nothing is answered until the server has answered what came after it", async () => {
    let server: ScriptedServer | null = null;
    const listener = await listen(
      () => 7,
      (link) => {
        server = new ScriptedServer(link);
        server.welcome([defineCache(1, QUERY, [INT])]);
      },
    );
    const clock = new ManualClock();
    const router = createTestRouter(null, { clock });
    const link = new LeaderLink({ router, clock, logger: silentLogger, dial: dialWith(clock) });
    closings.push(
      () => router.close(),
      () => link.close(),
    );
    link.follow(leader("s1", 7, addressOf(listener)));
    await eventually(() => expect(router.serving).toBe(true));
    await fill(router, must<ScriptedServer>(server, "accepted"), "one");
    clock.advance(2_999);
    expect(held(router)).toBe("one");
    // Time in which this process did not run; what came meanwhile is not read yet.
    clock.advance(60_000);
    expect(held(router)).toBeNull();
    expect(router.serving).toBe(false);
    expect(router.servingReason).toMatch(/not heard from for too long/);
    expect((await router.fill(routeOf(router), "2", ["2"])).kind).toBe("refused");
    // The link is whole and misses nothing, so what was held holds again.
    await eventually(() => expect(router.serving).toBe(true));
    expect(held(router)).toBe("one");
    expect(router.servingReason).toBe("");
  });

  test("a leader that lost its term refuses in words, and the next term is found", async () => {
    let term: number | null = null;
    const listener = await listen(
      () => term,
      (link) => new ScriptedServer(link).welcome(),
    );
    const router = createTestRouter(null);
    const warnings: unknown[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => warnings.push(fields) };
    const link = new LeaderLink({
      router,
      clock: systemClock,
      logger,
      dial: dialWith(systemClock),
    });
    closings.push(
      () => router.close(),
      () => link.close(),
    );
    link.follow(leader("s1", 7, addressOf(listener)));
    await eventually(() => expect(warnings).toHaveLength(1));
    expect(warnings[0]).toMatchObject({ reason: "server s1 is not the leader" });
    term = 7;
    await eventually(() => expect(router.serving).toBe(true));
    term = 8;
    listener.closeLinks("another term began");
    await eventually(() => expect(router.serving).toBe(false));
    link.follow(leader("s1", 8, addressOf(listener)));
    await eventually(() => expect(router.serving).toBe(true));
  });
});
