import { type Socket, connect, createServer } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import { messageOf, systemClock } from "@freshet/util";
import { HandshakeChannel } from "./handshake-channel.ts";
import { dialHandshake } from "./handshake.ts";
import { LinkRefused } from "./link-refused.ts";
import { type TestListener, dial, identity, listen, remembering } from "./testing.ts";
import { FRAME, frameHeader, frameOf } from "./wire.ts";

/** Patient: the machine may be busy. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

const open: TestListener[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const { listener } of open.splice(0)) await listener.close();
});

async function start(changes: Parameters<typeof listen>[0] = {}): Promise<TestListener> {
  const started = await listen(changes);
  open.push(started);
  return started;
}

/** A connection that says whatever the test says. */
async function raw(server: TestListener): Promise<Socket> {
  const socket = connect(server.listener.address.port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.resume();
  return socket;
}

async function works(server: TestListener, changes: Parameters<typeof dial>[1] = {}) {
  const count = server.accepted.length;
  const link = await dial(server.address, changes);
  await until(() => expect(server.accepted).toHaveLength(count + 1));
  const accepted = server.accepted[count]!;
  const heard = new Promise((resolve) => accepted.onMessage(resolve));
  link.onMessage(() => undefined);
  link.send({ kind: "hello", version: link.protocol, adapter: "a1" });
  expect(await heard).toMatchObject({ kind: "hello", adapter: "a1" });
  return { link, accepted };
}

/** What the adapter is told, after the server has said it too. */
async function refusal(server: TestListener, changes: Parameters<typeof dial>[1] = {}) {
  const error: unknown = await dial(server.address, changes).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LinkRefused);
  expect(server.accepted).toHaveLength(0);
  return (error as Error).message;
}

describe("a handshake", () => {
  test("tells both sides whom they are linked with", async () => {
    const server = await start({ security: { secret: "s3cret", tls: null } });
    const { link, accepted } = await works(server, { security: { secret: "s3cret", tls: null } });
    expect(link.peer).toMatchObject({ ...identity("s1"), protocol: 1, address: server.address });
    expect(accepted.peer).toMatchObject({ ...identity("a1"), protocol: 1 });
    const closed = new Promise<void>((resolve) => link.onClose(resolve));
    server.listener.closeLinks("another server leads");
    await closed;
    expect(link.closeReason).toBe("the peer: another server leads");
  });

  test.each([
    ["a secret that is another one", "right", "wrong", /secret of adapter a1 is another one/],
    ["no secret where there is one", "right", null, /a1 has no shared secret, the server has/],
    ["a secret where there is none", null, "right", /a1 has a shared secret, the server none/],
  ])("with %s is refused in words on both sides", async (_name, ours, theirs, words) => {
    const server = await start({ security: { secret: ours, tls: null } });
    const reason = await refusal(server, { security: { secret: theirs, tls: null } });
    expect(reason).toMatch(words);
    await until(() => expect(server.warnings).toEqual([reason]));
  });

  test("with a server that only pretends to know the secret is refused by the adapter", async () => {
    const listening = createServer((socket) => {
      sockets.push(socket);
      const channel = new HandshakeChannel(socket, new AbortController().signal);
      void (async () => {
        await channel.read();
        const own = { ...identity("s1"), versions: [1, 1], term: 7, nonce: "0".repeat(64) };
        channel.write(FRAME.challenge, { magic: "freshet-rpc", ...own });
        await channel.read();
        channel.write(FRAME.accept, { protocol: 1, proof: "0".repeat(64) });
      })();
    });
    listening.listen(0, "127.0.0.1");
    await once(listening, "listening");
    const { port } = listening.address() as { port: number };
    const security = { secret: "right", tls: null };
    await expect(dial(`127.0.0.1:${port}`, { security })).rejects.toThrow(
      "server s1 did not prove that it has the shared secret",
    );
    listening.close();
  });

  test.each([
    ["deployment", { deployment: "test" }, /s1 belongs to deployment shop, adapter a1 to test/],
    [
      "database",
      { database: "old:5432/shop" },
      /s1 follows db:5432\/shop, adapter a1 forwards to o/,
    ],
    ["dialect", { dialect: "mysql" }, /s1 follows postgres at this address, adapter a1 serves my/],
  ])("of another %s is refused in words on both sides", async (_name, changes, words) => {
    const server = await start();
    const reason = await refusal(server, { identity: identity("a1", changes) });
    expect(reason).toMatch(words);
    await until(() => expect(server.warnings).toEqual([reason]));
  });

  test("agrees on the greatest version that both speak, or names all in words", async () => {
    const server = await start({ versions: [2, 4] });
    expect((await works(server, { versions: [1, 3] })).link.protocol).toBe(3);
    expect((await works(server, { versions: [4, 9] })).accepted.protocol).toBe(4);
    server.accepted.length = 0;
    const older = await refusal(server, { versions: [1, 1] });
    expect(older).toBe(
      "server s1 (0.1.0) speaks protocol versions 2 to 4, adapter a1 (0.1.0) 1: update the adapter",
    );
    expect(await refusal(server, { versions: [5, 6] })).toMatch(/5 to 6: update the server/);
    expect(server.warnings[0]).toBe(older);
  });

  test("is refused by one who does not lead, or another term than was wanted", async () => {
    let term: number | null = null;
    const server = await start({ leading: () => term });
    expect(await refusal(server)).toBe("server s1 is not the leader");
    term = 9;
    expect(await refusal(server)).toMatch(/s1 leads term 9, adapter a1 wants the leader of term 7/);
    await works(server, { term: 9 });
  });

  test("that was overheard is worth nothing a second time", async () => {
    const security = { secret: "s3cret", tls: null };
    const server = await start({ security });
    const said: Buffer[] = [];
    const proxy = createServer((socket) => {
      const through = connect(server.listener.address.port, "127.0.0.1");
      sockets.push(socket, through);
      socket.on("error", () => undefined);
      through.on("error", () => undefined);
      socket.on("data", (bytes) => said.push(bytes));
      socket.pipe(through).pipe(socket);
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port } = proxy.address() as { port: number };
    (await dial(`127.0.0.1:${port}`, { security })).close();
    await until(() => expect(server.accepted).toHaveLength(1));
    const again = await raw(server);
    again.write(Buffer.concat(said));
    await once(again, "close");
    expect(server.warnings).toEqual([
      "the shared secret of adapter a1 is another one (--rpc-secret)",
    ]);
    expect(server.accepted).toHaveLength(1);
    proxy.close();
  });

  test("whose server is cut off at any byte, or talks garbage, is only an error", async () => {
    const server = await start();
    let limit = 0;
    let garbage = false;
    const proxy = createServer((socket) => {
      const through = connect(server.listener.address.port, "127.0.0.1");
      sockets.push(socket, through);
      socket.on("error", () => undefined);
      through.on("error", () => undefined);
      socket.pipe(through);
      let left = limit;
      through.on("data", (bytes) => {
        socket.write(bytes.subarray(0, left));
        left -= Math.min(left, bytes.length);
        if (left === 0) socket.end(garbage ? Buffer.alloc(100, 0xa5) : "");
      });
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port } = proxy.address() as { port: number };
    const dialled = () => dial(`127.0.0.1:${port}`).then(() => "linked", messageOf);
    const outcomes = new Set<string>();
    for (;;) {
      garbage = limit % 3 === 0;
      const outcome = await dialled();
      outcomes.add(outcome);
      if (outcome === "linked") break;
      limit += 1;
    }
    expect(limit).toBeGreaterThan(200);
    expect(outcomes).toContain("a frame of 2779096485 bytes, at most 4096 are allowed");
    expect([...outcomes].some((outcome) => outcome.includes("closed during the"))).toBe(true);
    proxy.close();
  });

  test("that is stopped ends at once", async () => {
    const listening = createServer((socket) => sockets.push(socket));
    listening.listen(0, "127.0.0.1");
    await once(listening, "listening");
    const { port } = listening.address() as { port: number };
    const stop = new AbortController();
    const dialled = dial(`127.0.0.1:${port}`, { signal: stop.signal });
    await until(() => expect(sockets).toHaveLength(1));
    stop.abort();
    await expect(dialled).rejects.toThrow("dialling was stopped");
    await expect(dial(`127.0.0.1:${port}`, { timeoutMs: 50 })).rejects.toThrow(
      "did not answer within 50 ms",
    );
    listening.close();
  });
});

describe("a stranger", () => {
  /** All that an adapter says in a handshake. */
  async function words(server: TestListener): Promise<readonly Buffer[]> {
    const socket = await raw(server);
    const said: Buffer[] = [];
    const write = socket.write.bind(socket) as (bytes: Uint8Array) => boolean;
    socket.write = (bytes: string | Uint8Array) => {
      said.push(Buffer.from(bytes));
      return write(Buffer.from(bytes));
    };
    const channel = new HandshakeChannel(socket, new AbortController().signal);
    const own = { identity: identity("a1"), versions: [1, 1] as const, term: 7 };
    await dialHandshake(channel, own, { secret: null, channel: Buffer.alloc(0) });
    return said;
  }

  test("whose handshake is cut at any byte harms nobody", async () => {
    const server = await start({ timeoutMs: 1_500 });
    const { link } = await works(server, { timeoutMs: 1_500 });
    const said = Buffer.concat(await words(server));
    const lengths = Array.from({ length: said.length - 1 }, (_, index) => index);
    const closed = lengths.map(async (length) => {
      const socket = await raw(server);
      const end = once(socket, "close");
      socket.write(said.subarray(0, length));
      // Some hang, some go.
      if (length % 2 === 0) socket.end();
      await end;
    });
    await Promise.all(closed);
    expect(server.accepted).toHaveLength(2);
    expect(link.closed).toBe(false);
    await works(server);
  });

  test("who comes byte by byte is understood", async () => {
    const server = await start();
    const [hello, proof] = await words(server);
    const socket = await raw(server);
    for (const byte of Buffer.concat([hello!, proof!])) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => expect(server.accepted).toHaveLength(2));
  });

  test.each([
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["a frame that is too long", frameHeader(FRAME.hello, 5_000)],
    ["a frame of gigabytes", frameHeader(FRAME.hello, 0xffff_fffe)],
    ["an empty frame", Buffer.alloc(5)],
    ["no JSON", frameOf(FRAME.hello, Buffer.from("{"))],
    ["null", frameOf(FRAME.hello, Buffer.from("null"))],
    ["JSON of something else", frameOf(FRAME.hello, Buffer.from('{"magic":"freshet-rpc"}'))],
    ["a batch", frameOf(FRAME.batch, Buffer.alloc(100))],
    ["a proof before the hello", frameOf(FRAME.proof, Buffer.from('{"proof":""}'))],
  ])("who sends %s is dropped at once", async (_name, bytes) => {
    const server = await start();
    const socket = await raw(server);
    socket.write(bytes);
    await once(socket, "close");
    expect(server.accepted).toHaveLength(0);
    expect(server.warnings).toHaveLength(1);
    await works(server);
  });

  test("who says nothing is dropped after a short time", async () => {
    const server = await start({ timeoutMs: 100 });
    await once(await raw(server), "close");
    expect(server.warnings).toEqual(["no handshake within 100 ms"]);
  });

  test("is one of few: the oldest go first, and who introduces himself gets through", async () => {
    const server = await start({ strangersLimit: 10 });
    const silent: Socket[] = [];
    for (let index = 0; index < 20; index += 1) silent.push(await raw(server));
    await until(() => expect(silent.filter((socket) => socket.closed)).toHaveLength(10));
    expect(silent.slice(0, 10).every((socket) => socket.closed)).toBe(true);
    await works(server);
  });
});

test("warnings about strangers are not repeated", async () => {
  const { logger, warnings } = remembering();
  const server = await start({ logger, clock: systemClock });
  for (let index = 0; index < 5; index += 1) {
    const socket = await raw(server);
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await once(socket, "close");
  }
  expect(warnings).toHaveLength(1);
});
