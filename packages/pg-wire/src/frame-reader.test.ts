import { expect, test } from "vitest";
import { FrameReader } from "./frame-reader.ts";
import { message } from "./backend-messages.ts";
import { bind, execute, parse, query, SYNC } from "./frontend-messages.ts";
import { ProtocolViolation } from "./protocol-violation.ts";

const FRAMES = [
  parse("s", "SELECT $1", [23]),
  bind("", "s", ["1", null, "three"], [1, 0]),
  execute(""),
  SYNC,
  query("SELECT 'x'"),
  message(0x64, Buffer.alloc(300, 7)),
  SYNC,
];
const STREAM = Buffer.concat(FRAMES);

function read(chunks: readonly Buffer[], limit: number): { frames: string[]; parts: number } {
  const reader = new FrameReader({ assembleLimit: () => limit });
  const frames: string[] = [];
  let parts = 0;
  for (const chunk of chunks) {
    reader.push(chunk);
    while (reader.next()) {
      const text = reader.buffer.toString("hex", reader.start, reader.end);
      if (reader.first) frames.push(text);
      else frames[frames.length - 1] += text;
      if (reader.first) expect(reader.buffer[reader.start]).toBe(reader.type);
      if (!(reader.first && reader.last)) parts += 1;
      if (reader.last) expect(frames.at(-1)?.length).toBe(reader.total * 2);
    }
  }
  expect(reader.bufferedBytes).toBe(0);
  return { frames, parts };
}

const EXPECTED = FRAMES.map((frame) => frame.toString("hex"));

test("the same frames come out wherever the stream is cut", () => {
  for (const limit of [5, 64, 1000]) {
    for (let first = 0; first <= STREAM.length; first += 1) {
      const second = Math.min(STREAM.length, first + (first % 11));
      const chunks = [
        STREAM.subarray(0, first),
        STREAM.subarray(first, second),
        STREAM.subarray(second),
      ];
      expect(read(chunks, limit).frames).toEqual(EXPECTED);
    }
    const bytes = [...STREAM].map((byte) => Buffer.from([byte]));
    expect(read(bytes, limit).frames).toEqual(EXPECTED);
  }
});

test("a frame within the limit is always whole, a longer one comes in parts", () => {
  const cut = [STREAM.subarray(0, STREAM.length - 50), STREAM.subarray(STREAM.length - 50)];
  expect(read(cut, 1000).parts).toBe(0);
  expect(read(cut, 64).parts).toBe(2);
});

test("impossible lengths are refused before anything is allocated", () => {
  for (const length of [3, 0, -1, 0x40000000]) {
    const header = Buffer.from([0x51, 0, 0, 0, 0]);
    header.writeInt32BE(length, 1);
    const reader = new FrameReader({ assembleLimit: () => 100 });
    reader.push(header);
    expect(() => reader.next()).toThrow(ProtocolViolation);
  }
});

test("what was not handed out can be taken back", () => {
  const reader = new FrameReader({ assembleLimit: () => 1000 });
  reader.push(STREAM.subarray(0, 3));
  expect(reader.next()).toBe(false);
  reader.push(STREAM.subarray(3, 10));
  expect(reader.next()).toBe(false);
  expect(reader.drain()).toEqual(STREAM.subarray(0, 10));
});

test("one buffer may be read into again once no chunk is held", () => {
  const buffer = Buffer.alloc(16, 0xff);
  for (const limit of [5, 64, 1000]) {
    const reader = new FrameReader({ assembleLimit: () => limit });
    let text = "";
    for (let at = 0; at < STREAM.length; at += 13) {
      buffer.fill(0xff);
      const bytes = STREAM.copy(buffer, 0, at, Math.min(at + 13, STREAM.length));
      expect(reader.holdsNoChunk).toBe(true);
      reader.push(buffer, bytes);
      expect(reader.holdsNoChunk).toBe(false);
      while (reader.next()) text += reader.buffer.toString("hex", reader.start, reader.end);
    }
    expect(text).toBe(STREAM.toString("hex"));
  }
});
