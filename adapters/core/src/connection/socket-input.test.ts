import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type InputOwner, readReusing } from "./socket-input.ts";

let server: Server;
let client: Socket;
let accepted: Socket;

beforeEach(async () => {
  server = createServer({ pauseOnConnect: true, noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  client = connect({ port, host: "127.0.0.1", noDelay: true });
  [accepted] = (await once(server, "connection")) as [Socket];
});

afterEach(() => {
  client.destroy();
  accepted.destroy();
  server.close();
});

/** Notes the ranges that arrive and tells when so many bytes are there. */
class Notes implements InputOwner {
  holdsInput = false;
  readonly ranges: { readonly buffer: Buffer; readonly end: number }[] = [];
  readonly copies: Buffer[] = [];
  #wanted = 0;
  #wake: (() => void) | null = null;

  /** Holds on to what arrives in its first `take`. */
  holdFirst = false;

  take(buffer: Buffer, end: number): void {
    this.ranges.push({ buffer, end });
    this.copies.push(Buffer.from(buffer.subarray(0, end)));
    if (this.holdFirst) this.holdsInput = true;
    if (this.length >= this.#wanted) this.#wake?.();
  }

  get length(): number {
    return this.copies.reduce((sum, copy) => sum + copy.length, 0);
  }

  async reach(bytes: number): Promise<void> {
    if (this.length >= bytes) return;
    this.#wanted = bytes;
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

function moved(owner: InputOwner): Socket {
  const socket = readReusing(accepted, owner);
  if (socket === null) throw new Error("the socket could not be moved");
  accepted = socket;
  socket.resume();
  return socket;
}

test("the buffer is used again when nobody holds it", async () => {
  const notes = new Notes();
  moved(notes);
  for (let i = 1; i <= 3; i += 1) {
    client.write("abc");
    await notes.reach(i * 3);
  }
  expect(new Set(notes.ranges.map(({ buffer }) => buffer)).size).toBe(1);
});

test("what is held stays as it was, and what comes meanwhile has its own bytes", async () => {
  const notes = new Notes();
  notes.holdFirst = true;
  moved(notes);
  for (const [index, text] of ["one", "two", "six"].entries()) {
    client.write(text);
    await notes.reach((index + 1) * 3);
  }
  const held = notes.ranges.map(({ buffer, end }) => buffer.toString("latin1", 0, end));
  expect(held).toEqual(["one", "two", "six"]);
  notes.holdsInput = notes.holdFirst = false;
  client.write("ten");
  await notes.reach(12);
  expect(held).toEqual(["one", "two", "six"]);
  expect(notes.ranges[0]?.buffer.toString("latin1", 0, 3)).toBe("one");
});

test("a stream of any length arrives whole, through larger buffers, and then its end", async () => {
  const notes = new Notes();
  const socket = moved(notes);
  const ended = once(socket, "end");
  const sent = Buffer.alloc(3_000_000, "0123456789abc");
  client.end(sent);
  await notes.reach(sent.length);
  await ended;
  expect(Buffer.concat(notes.copies).equals(sent)).toBe(true);
  expect(Math.max(...notes.ranges.map(({ buffer }) => buffer.length))).toBeLessThanOrEqual(65_536);
});

test("a paused socket reads nothing", async () => {
  const notes = new Notes();
  const socket = moved(notes);
  client.write("one");
  await notes.reach(3);
  socket.pause();
  const back = once(client, "data");
  client.write("two");
  socket.write("pong");
  await back;
  expect(notes.length).toBe(3);
  socket.resume();
  await notes.reach(6);
});

test("the server closes once a moved connection has", async () => {
  const socket = moved(new Notes());
  const closed = once(server, "close");
  server.close();
  socket.destroy();
  await closed;
});

test("a socket with unread bytes of its own is left alone", async () => {
  client.write("early");
  accepted.once("readable", () => undefined);
  await once(accepted, "readable");
  expect(readReusing(accepted, new Notes())).toBeNull();
  expect(String(accepted.read())).toBe("early");
});
