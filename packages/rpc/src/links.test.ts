import { MessageChannel } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import type { LinkOptions } from "./link-base.ts";
import type { AdapterLink, Link, ServerLink, ToAdapter, ToServer } from "./messages.ts";
import { pairedLinks } from "./paired-links.ts";
import { portLink } from "./port-link.ts";
import { scopeKey } from "./scope-key.ts";
import { dial, listen } from "./tcp/testing.ts";

type Ends = readonly [AdapterLink, ServerLink];
type Make = (options?: LinkOptions) => Ends | Promise<Ends>;

const kinds: readonly (readonly [string, Make])[] = [
  ["in memory", (options) => pairedLinks<ToServer, ToAdapter>(options)],
  [
    "over a port",
    (options) => {
      const { port1, port2 } = new MessageChannel();
      return [
        portLink<ToServer, ToAdapter>(port1, options),
        portLink<ToAdapter, ToServer>(port2, options),
      ];
    },
  ],
  ["over TCP", tcpLinks],
];

async function tcpLinks(options: LinkOptions = {}): Promise<Ends> {
  const { promise, resolve } = Promise.withResolvers<ServerLink>();
  const { listener, address } = await listen({ ...options, accept: resolve });
  const server = promise.then((link) => {
    link.onClose(() => void listener.close());
    return link;
  });
  return [await dial(address), await server];
}

function next<Out, In>(link: Link<Out, In>, count: number): Promise<In[]> {
  const messages: In[] = [];
  return new Promise((resolve) => {
    link.onMessage((message) => {
      messages.push(message);
      if (messages.length === count) resolve(messages);
    });
  });
}

const rows = (text: string) => ({ count: 1, bytes: new Uint8Array(Buffer.from(text)) });
const filled = (request: number, text: string): ToAdapter => ({
  kind: "filled",
  request,
  cache: 1,
  key: "k",
  rows: rows(text),
});

describe.each(kinds)("a link %s", (_name, make) => {
  test("delivers in order, later, and keeps what was sent before anyone listened", async () => {
    const [adapter, server] = await make();
    for (let request = 0; request < 100; request += 1) server.send(filled(request, `r${request}`));
    server.send({
      kind: "publish",
      position: "0/1",
      commitTimeMs: 0,
      entries: [
        { cache: 1, key: "a", rows: rows("aa") },
        { cache: 1, key: "b", rows: null },
        { cache: 2, key: "c", rows: rows("") },
      ],
    });
    const messages = await next(adapter, 101);
    const texts = messages.map((message) =>
      message.kind === "filled" ? Buffer.from(message.rows.bytes).toString() : message.kind,
    );
    expect(texts).toEqual([...Array.from({ length: 100 }, (_, index) => `r${index}`), "publish"]);
    const publish = messages[100];
    if (publish?.kind !== "publish") throw new Error("not the publication");
    const entries = publish.entries.map(({ key, rows: published }) => [
      key,
      published === null ? null : Buffer.from(published.bytes).toString(),
    ]);
    expect(entries).toEqual([
      ["a", "aa"],
      ["b", null],
      ["c", ""],
    ]);
    adapter.close();
  });

  test("leaves the sender's bytes alone", async () => {
    const [adapter, server] = await make();
    const shared = rows("shared");
    const message: ToAdapter = { kind: "filled", request: 1, cache: 1, key: "k", rows: shared };
    server.send(message);
    server.send(message);
    await next(adapter, 2);
    expect(Buffer.from(shared.bytes).toString()).toBe("shared");
    adapter.close();
  });

  test("ends for both sides, once, and still delivers what was sent before", async () => {
    const [adapter, server] = await make();
    let ends = 0;
    adapter.onClose(() => (ends += 1));
    const closed = new Promise<void>((resolve) => server.onClose(resolve));
    const received = next(server, 1);
    server.onMessage(() => undefined);
    adapter.send({ kind: "hello", version: 1, adapter: "a" });
    adapter.close();
    adapter.close();
    await received;
    await closed;
    expect(ends).toBe(1);
    adapter.send({ kind: "hello", version: 1, adapter: "late" });
  });

  test("delivers nothing after it has ended, not even the rest of a batch", async () => {
    const [adapter, server] = await make();
    const events: string[] = [];
    adapter.onMessage((message) => {
      events.push(message.kind);
      if (events.length === 3) adapter.close();
    });
    adapter.onClose(() => events.push("closed"));
    const closed = new Promise<void>((resolve) => server.onClose(resolve));
    server.onMessage(() => undefined);
    for (let request = 0; request < 10; request += 1) server.send(filled(request, "x"));
    await closed;
    expect(events).toEqual(["filled", "filled", "filled", "closed"]);
  });

  test("over its bound it is closed, and says so once", async () => {
    let overflows = 0;
    const [, server] = await make({ limitBytes: 10_000, onOverflow: () => (overflows += 1) });
    const closed = new Promise<void>((resolve) => server.onClose(resolve));
    for (let request = 0; request < 20; request += 1) {
      server.send(filled(request, "x".repeat(1_000)));
    }
    await closed;
    expect(overflows).toBe(1);
  });

  test("what the peer has handled does not count", async () => {
    const [adapter, server] = await make({ limitBytes: 3_000 });
    let ended = false;
    server.onClose(() => (ended = true));
    adapter.onMessage((message) => {
      if (message.kind === "filled") {
        adapter.send({ kind: "release", cache: 1, keys: [`${message.request}`] });
      }
    });
    const done = new Promise<void>((resolve) => {
      server.onMessage((message) => {
        const request = message.kind === "release" ? Number(message.keys[0]) + 1 : 0;
        if (request === 50) resolve();
        else server.send(filled(request, "x".repeat(1_000)));
      });
    });
    server.send(filled(0, "x".repeat(1_000)));
    await done;
    expect(ended).toBe(false);
    adapter.close();
  });
});

test("two scopes never have one key", () => {
  const one = scopeKey({ database: "a/b", identity: "c" });
  expect(one).not.toBe(scopeKey({ database: "a", identity: "b/c" }));
  expect(scopeKey({ database: "a%2Fb", identity: "c" })).not.toBe(one);
  expect(scopeKey({ database: "shop", identity: "public" })).toBe("shop/public");
});
