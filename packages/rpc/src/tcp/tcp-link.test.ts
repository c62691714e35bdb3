import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type Socket, createServer, connect } from "node:net";
import { pack } from "msgpackr";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ManualClock } from "@freshet/util";
import type { ToAdapter, ToServer } from "../messages.ts";
import {
  type AdapterTcpLink,
  type ServerTcpLink,
  type TestListener,
  dial,
  listen,
} from "./testing.ts";
import { FRAME, frameHeader, frameOf, numberFrame } from "./wire.ts";

/** Patient: the machine may be busy. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

const open: TestListener[] = [];
const children: ChildProcess[] = [];
const endings: (() => void)[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const end of endings.splice(0)) end();
  for (const { listener } of open.splice(0)) await listener.close();
});

type Changes = Parameters<typeof listen>[0];

async function start(changes: Changes = {}): Promise<TestListener> {
  const started = await listen(changes);
  open.push(started);
  return started;
}

async function linkTo(
  server: TestListener,
  changes: Parameters<typeof dial>[1] = {},
): Promise<readonly [AdapterTcpLink, ServerTcpLink]> {
  const count = server.accepted.length;
  const link = await dial(server.address, changes);
  await until(() => expect(server.accepted.length).toBeGreaterThan(count));
  const accepted = server.accepted[count]!;
  accepted.onMessage(() => undefined);
  return [link, accepted];
}

/** Forwards everything, until the test says otherwise. */
async function proxyTo(server: TestListener) {
  const sockets: Socket[] = [];
  let toAdapter: Socket | null = null;
  const proxy = createServer((socket) => {
    toAdapter = socket;
    const through = connect(server.listener.address.port, "127.0.0.1");
    sockets.push(socket, through);
    socket.on("error", () => undefined);
    through.on("error", () => undefined);
    socket.pipe(through).pipe(socket);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const { port } = proxy.address() as { port: number };
  return {
    address: `127.0.0.1:${port}`,
    /** Nothing passes any more, and nobody is told. */
    hang: () => sockets.forEach((socket) => socket.unpipe().pause()),
    inject: (bytes: Uint8Array) => toAdapter?.write(bytes),
  };
}

const rows = (bytes: Buffer) => ({ count: 1, bytes });
const filled = (request: number, bytes: Buffer): ToAdapter => ({
  kind: "filled",
  request,
  cache: 1,
  key: `${request}`,
  rows: rows(bytes),
});
const publication = (position: string, texts: readonly (readonly [string, Buffer | null])[]) =>
  ({
    kind: "publish",
    position,
    commitTimeMs: 1.5,
    entries: texts.map(([key, bytes]) => ({
      cache: 1,
      key,
      rows: bytes === null ? null : rows(bytes),
    })),
  }) satisfies ToAdapter;

describe("messages", () => {
  test("arrive all and in order, a hundred thousand of them", async () => {
    const [link, server] = await linkTo(await start());
    let next = 0;
    const done = new Promise<void>((resolve, reject) => {
      link.onMessage((message) => {
        const number = message.kind === "filled" ? message.request : -1;
        const text = message.kind === "filled" ? Buffer.from(message.rows.bytes).toString() : "";
        if (number !== next || text !== `row ${number}`) reject(new Error(`${number} at ${next}`));
        next += 1;
        if (next === 100_000) resolve();
      });
    });
    for (let turn = 0; turn < 100; turn += 1) {
      for (let index = 0; index < 1_000; index += 1) {
        const number = turn * 1_000 + index;
        server.send(filled(number, Buffer.from(`row ${number}`)));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    await until(() => expect(server.outstandingBytes).toBe(0));
    link.close();
  });

  test("are as they were: keys of any bytes, entries of many megabytes, forgotten ones", async () => {
    const [link, server] = await linkTo(await start());
    const large = Buffer.alloc(10 * 1024 * 1024, "large");
    const key = "\u0000\u007f\u0080\u00ff\u0100";
    const sent = publication("0/1", [
      [key, large],
      ["b", null],
      ["c", Buffer.alloc(0)],
      ["d", large.subarray(5, 20)],
    ]);
    const received: ToAdapter[] = [];
    link.onMessage((message) => received.push(message));
    server.send(sent);
    server.send({ kind: "access-changed" });
    for (let part = 0; part < 7; part += 1) server.send(filled(part, large));
    await until(() => expect(received).toHaveLength(9));
    const [first, second] = received;
    if (first?.kind !== "publish") throw new Error("the publication came first");
    expect({ ...first, entries: [] }).toEqual({ ...sent, entries: [] });
    first.entries.forEach((entry, index) => {
      const before = sent.entries[index]!;
      expect(entry.key).toBe(before.key);
      const same = entry.rows === null || before.rows?.bytes.equals(entry.rows.bytes);
      expect([entry.rows === null, same]).toEqual([before.rows === null, true]);
    });
    expect(second).toEqual({ kind: "access-changed" });
    for (const message of received.slice(2)) {
      expect(message.kind === "filled" && large.equals(message.rows.bytes)).toBe(true);
    }
  });

  test("published to several adapters are right for each, also when one array serves all", async () => {
    const server = await start();
    const pairs = [await linkTo(server), await linkTo(server), await linkTo(server)];
    const received: ToAdapter[][] = pairs.map(() => []);
    pairs.forEach(([link], index) => link.onMessage((message) => received[index]!.push(message)));
    const { entries } = publication("", [["k", Buffer.from("shared")]]);
    for (const position of ["0/1", "0/2"]) {
      const sent: ToAdapter = { kind: "publish", position, commitTimeMs: 0, entries };
      for (const [, accepted] of pairs) accepted.send(sent);
    }
    await until(() => expect(received.every((list) => list.length === 2)).toBe(true));
    for (const list of received) {
      expect(list.map((message) => message.kind === "publish" && message.position)).toEqual([
        "0/1",
        "0/2",
      ]);
    }
  });

  test("sent before a close still arrive, and none after the close handlers ran", async () => {
    const [link, server] = await linkTo(await start());
    const events: string[] = [];
    link.onMessage((message) => {
      events.push(message.kind === "filled" ? `${message.request}` : message.kind);
      // The rest of its batch has come, too, and must not be delivered.
      if (events.length === 50) link.close();
    });
    link.onClose(() => events.push("closed"));
    const gone = new Promise<void>((resolve) => server.onClose(resolve));
    for (let number = 0; number < 100; number += 1) server.send(filled(number, Buffer.alloc(10)));
    await gone;
    expect(events).toHaveLength(51);
    expect(events[50]).toBe("closed");

    const [other, its] = await linkTo(open[0]!);
    let count = 0;
    let ended = false;
    other.onMessage(() => (count += 1));
    other.onClose(() => (ended = true));
    for (let number = 0; number < 200; number += 1) its.send(filled(number, Buffer.alloc(100_000)));
    its.close();
    its.send(filled(201, Buffer.alloc(10)));
    await until(() => expect(ended).toBe(true));
    expect(count).toBe(200);
    expect(other.closeReason).toBe("the peer: closed");
  });
});

describe("a peer that", () => {
  test("does not keep up is cut off, and others do not notice", async () => {
    const server = await start({ limitBytes: 20 * 1024 * 1024 });
    const proxy = await proxyTo(server);
    const [slow, itsEnd] = await linkTo(server, { address: proxy.address });
    const [quick, other] = await linkTo(server);
    slow.onMessage(() => undefined);
    let count = 0;
    quick.onMessage(() => (count += 1));
    proxy.hang();
    let sent = 0;
    const { entries } = publication("", [["k", Buffer.alloc(100_000)]]);
    while (!itsEnd.closed) {
      sent += 1;
      const message: ToAdapter = { kind: "publish", position: `${sent}`, commitTimeMs: 0, entries };
      itsEnd.send(message);
      other.send(message);
      await until(() => expect(other.outstandingBytes).toBe(0));
    }
    expect(itsEnd.closeReason).toBe("the peer does not keep up");
    expect(sent).toBeGreaterThan(150);
    await until(() => expect(count).toBe(sent));
    expect(other.closed).toBe(false);
  });

  const scope = { database: "d", role: "r", identity: "i" };
  const good = [
    { kind: "fill", request: 1, cache: 2, key: "k", params: ["a", null, ["b", null]] },
    { kind: "release", cache: 2, keys: ["k"] },
    { kind: "control", request: 1, statement: { kind: "show-caches" }, scope },
    { kind: "await-position", request: 1, position: "", limitMs: 10 },
    { kind: "access", request: 1, cache: 2, role: "r" },
    { kind: "report", proxied: [], hits: [{ cache: 2, count: 1 }], connections: [] },
  ];

  test.each([
    ...good.flatMap((message) =>
      Object.keys(message).map((field) => ({ ...message, [field]: field === "kind" ? "?" : {} })),
    ),
    { kind: "constructor" },
    { ...good[0], params: [1] },
    { ...good[5], hits: [null] },
    { kind: 7 },
  ])("says what is no message is cut off, and others do not notice: %j", async (bad) => {
    const server = await start();
    const [link, accepted] = await linkTo(server);
    const [other, othersEnd] = await linkTo(server);
    const received: unknown[] = [];
    for (const end of [accepted, othersEnd]) end.onMessage((message) => received.push(message));
    for (const end of [link, other]) end.onMessage(() => undefined);
    for (const message of good) other.send(message as ToServer);
    link.send(bad as ToServer);
    await until(() => expect([link.closed, received.length]).toEqual([true, good.length]));
    expect(accepted.closeReason).toBe("a message that does not have the form of its kind");
    expect(received).toEqual(good);
    expect(other.closed).toBe(false);
  });

  test("is not heard any more is cut off by both sides", async () => {
    const server = await start({ timeoutMs: 600 });
    const proxy = await proxyTo(server);
    const [link, accepted] = await linkTo(server, { address: proxy.address, timeoutMs: 600 });
    link.onMessage(() => undefined);
    await until(() => expect(link.vouchedUntilMs()).toBeGreaterThan(performance.now() + 100));
    proxy.hang();
    await until(() => expect([link.closed, accepted.closed]).toEqual([true, true]));
    expect(link.closeReason).toBe("silent for more than 1800 ms");
    expect(accepted.closeReason).toBe("silent for more than 1800 ms");
  });

  test.each(["server", "adapter"])("is a stopped %s is cut off, and learns it", async (role) => {
    const timeoutMs = 2_000;
    const server = role === "adapter" ? await start({ timeoutMs }) : null;
    const file = new URL("./peer-process.ts", import.meta.url).pathname;
    const child = fork(file, [role, server?.address ?? "", `${timeoutMs}`], { execArgv: [] });
    children.push(child);
    const messages: Record<string, unknown>[] = [];
    child.on("message", (message) => messages.push(message as Record<string, unknown>));
    let link: AdapterTcpLink | ServerTcpLink;
    if (server === null) {
      await until(() => expect(messages).toHaveLength(1));
      link = await dial(String(messages[0]?.["address"]), { timeoutMs });
    } else {
      await until(() => expect(server.accepted).toHaveLength(1));
      link = server.accepted[0]!;
    }
    link.onMessage(() => undefined);
    await until(() => expect(messages.some((message) => "linked" in message)).toBe(true));
    child.kill("SIGSTOP");
    await until(() => expect(link.closed).toBe(true));
    expect(link.closeReason).toBe(`silent for more than ${3 * timeoutMs} ms`);
    expect(link.vouchedUntilMs()).toBeLessThan(performance.now());
    child.kill("SIGCONT");
    await until(() => expect(messages.some((message) => "closed" in message)).toBe(true));
  });

  test.each([
    ["an unknown frame", frameOf(99, Buffer.alloc(3)), /a frame of type 99/],
    ["a handshake again", frameOf(FRAME.hello, Buffer.from("{}")), /a frame of type 1/],
    ["a batch without a head", frameOf(FRAME.batch, Buffer.alloc(2)), /cannot be decoded/],
    ["a batch of garbage", frameOf(FRAME.batch, Buffer.alloc(40, 0xc1)), /longer than the batch/],
    ["msgpack of garbage", frameOf(FRAME.batch, Buffer.from("00000003c1c1c1", "hex")), /decoded/],
    [
      "rows that are not there",
      batchOf({
        kind: "filled",
        request: 1,
        cache: 1,
        key: "",
        rows: { count: 1, at: 0, length: 9 },
      }),
      /cannot be decoded/,
    ],
    ["a frame of a gigabyte", frameHeader(FRAME.batch, 0x4000_0000), /a frame of 1073741825 bytes/],
    ["too many acknowledgements", numberFrame(FRAME.ack, 1_000), /more was acknowledged/],
  ])("sends %s is cut off", async (_name, bytes, reason) => {
    const server = await start();
    const proxy = await proxyTo(server);
    const [link, accepted] = await linkTo(server, { address: proxy.address });
    const received: unknown[] = [];
    link.onMessage((message) => received.push(message));
    proxy.inject(bytes);
    await until(() => expect(link.closed).toBe(true));
    expect(link.closeReason).toMatch(reason);
    expect(received).toEqual([]);
    await until(() => expect(accepted.closed).toBe(true));
  });
});

describe("a link vouches", () => {
  const timeoutMs = 3_000;

  test("for as long as the server answers, counted from when it was asked", async () => {
    const clock = new ManualClock();
    const [link] = await linkTo(await start(), { clock, timeoutMs });
    link.onMessage(() => undefined);
    expect(link.vouchedUntilMs()).toBe(3_000);
    for (let second = 1; second <= 10; second += 1) {
      clock.advance(1_000);
      // Asked now, so the answer counts from now, whenever it comes.
      await until(() => expect(link.vouchedUntilMs()).toBe(second * 1_000 + 3_000));
    }
  });

  test("for nothing after a pause, until an answer that was asked for after it", async () => {
    const clock = new ManualClock();
    const server = await start();
    const proxy = await proxyTo(server);
    const [link, accepted] = await linkTo(server, { address: proxy.address, clock, timeoutMs });
    const received: ToAdapter[] = [];
    link.onMessage((message) => received.push(message));
    clock.advance(1_000);
    await until(() => expect(link.vouchedUntilMs()).toBe(4_000));
    // Time passes unseen, with answers and publications under way that are read afterwards.
    proxy.hang();
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    accepted.send(publication("0/5", [["k", Buffer.from("v")]]));
    clock.advance(60_000);
    expect(link.vouchedUntilMs()).toBeLessThan(clock.monotonicMs());
    // The answer to what was asked before the pause (the second question) comes now.
    proxy.inject(numberFrame(FRAME.pong, 3));
    await until(() => expect(link.vouchedUntilMs()).toBe(5_000));
    // Answers to what was never asked, or long ago, change nothing.
    proxy.inject(Buffer.concat([numberFrame(FRAME.pong, 2), numberFrame(FRAME.pong, 77)]));
    proxy.inject(numberFrame(FRAME.pong, 4));
    await until(() => expect(link.vouchedUntilMs()).toBe(65_000));
    expect(link.closed).toBe(false);
  });

  test("only for what it has delivered: an answer comes behind all that was said before", async () => {
    const [link, accepted] = await linkTo(await start(), { timeoutMs: 400 });
    // What the server had said when the adapter's clock showed so much.
    const said: { readonly atMs: number; readonly number: number }[] = [];
    let number = 0;
    let delivered = 0;
    let checked = 0;
    let vouchedMs = 0;
    link.onMessage(() => (delivered += 1));
    while (checked < 6) {
      for (let index = 0; index < 20; index += 1) {
        accepted.send(filled((number += 1), Buffer.alloc(1_000)));
      }
      said.push({ atMs: performance.now(), number });
      await new Promise((resolve) => setImmediate(resolve));
      if (link.vouchedUntilMs() === vouchedMs) continue;
      vouchedMs = link.vouchedUntilMs();
      const askedMs = vouchedMs - 400;
      const before = said.findLast(({ atMs }) => atMs <= askedMs)?.number ?? 0;
      expect(delivered).toBeGreaterThanOrEqual(before);
      checked += 1;
    }
    expect(link.closed).toBe(false);
  });
});

/** A batch of one message, as it stands. */
function batchOf(message: object): Buffer {
  const head = pack([message]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return frameOf(FRAME.batch, Buffer.concat([length, head]));
}
