import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ERROR } from "./errors.ts";
import { PacketBuilder, packet, packets, payload } from "./packet-builder.ts";
import { PacketReader } from "./packet-reader.ts";
import { MAX_PAYLOAD_BYTES, PacketScanner } from "./packet-scanner.ts";
import { PayloadReader } from "./payload-reader.ts";
import { ProtocolViolation } from "./protocol-violation.ts";

const PAYLOADS = ["\x03SELECT 1", "", "\x0e", "x".repeat(300), "\0\0\0\x02\0\0\0"].map((text) =>
  Buffer.from(text, "latin1"),
);
const STREAM = packets(254, PAYLOADS);

function readAll(chunks: readonly Buffer[]): { sequence: number; hex: string }[] {
  const reader = new PacketReader({ maxPacketBytes: 1000 });
  const seen: { sequence: number; hex: string }[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    while (reader.next()) {
      const hex = reader.buffer.toString("hex", reader.start, reader.end);
      seen.push({ sequence: reader.sequence, hex });
    }
  }
  expect(reader.bufferedBytes).toBe(0);
  return seen;
}

const EXPECTED = PAYLOADS.map((bytes, index) => ({
  sequence: (254 + index) & 0xff,
  hex: bytes.toString("hex"),
}));

describe("PacketReader", () => {
  test("the same payloads come out wherever the stream is cut", () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const second = Math.min(STREAM.length, cut + (cut % 7));
      const chunks = [
        STREAM.subarray(0, cut),
        STREAM.subarray(cut, second),
        STREAM.subarray(second),
      ];
      expect(readAll(chunks)).toEqual(EXPECTED);
    }
    expect(readAll([...STREAM].map((byte) => Buffer.from([byte])))).toEqual(EXPECTED);
  });

  test.each([
    MAX_PAYLOAD_BYTES - 1,
    MAX_PAYLOAD_BYTES,
    MAX_PAYLOAD_BYTES + 1,
    2 * MAX_PAYLOAD_BYTES,
  ])("a payload of %i bytes is split and joined", (bytes) => {
    const long = Buffer.alloc(bytes, "0123456789abc");
    const framed = packet(255, long);
    const builder = new PacketBuilder();
    builder.beginPacket(255);
    builder.raw(long);
    expect(builder.endPacket()).toBe(Math.floor(bytes / MAX_PAYLOAD_BYTES) & 0xff);
    expect(builder.copy().equals(framed)).toBe(true);
    const reader = new PacketReader({ maxPacketBytes: bytes });
    const seen: boolean[] = [];
    for (let at = 0; at < framed.length; at += 1_000_003) {
      reader.push(framed.subarray(at, at + 1_000_003));
      while (reader.next()) {
        seen.push(reader.buffer.subarray(reader.start, reader.end).equals(long));
      }
    }
    expect(seen).toEqual([true]);
    expect(reader.lastSequence).toBe((255 + Math.floor(bytes / MAX_PAYLOAD_BYTES)) & 0xff);
  });

  test("a payload beyond max_allowed_packet is refused by its header", () => {
    const reader = new PacketReader({ maxPacketBytes: 10 });
    reader.push(packet(0, Buffer.alloc(11)).subarray(0, 4));
    const code = codeOf(() => reader.next());
    expect(code).toBe(ERROR.netPacketTooLarge);
    const joined = new PacketReader({ maxPacketBytes: MAX_PAYLOAD_BYTES + 1 });
    joined.push(packet(0, Buffer.alloc(MAX_PAYLOAD_BYTES + 2)));
    expect(codeOf(() => joined.next())).toBe(ERROR.netPacketTooLarge);
  });

  test("pieces of a payload that do not follow each other are out of order", () => {
    const framed = packet(0, Buffer.alloc(MAX_PAYLOAD_BYTES));
    framed[framed.length - 1] = 7;
    const reader = new PacketReader({ maxPacketBytes: MAX_PAYLOAD_BYTES });
    reader.push(framed);
    expect(codeOf(() => reader.next())).toBe(ERROR.netPacketsOutOfOrder);
  });
});

test("a scanner hands on long packets in parts and the same bytes", () => {
  const stream = packets(0, [Buffer.alloc(500, 1), Buffer.alloc(3, 2), Buffer.alloc(0)]);
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const scanner = new PacketScanner(64);
    const parts: Buffer[] = [];
    const lengths: number[] = [];
    for (const chunk of [stream.subarray(0, cut), stream.subarray(cut)]) {
      scanner.push(chunk);
      while (scanner.next()) {
        parts.push(Buffer.from(scanner.buffer.subarray(scanner.start, scanner.end)));
        if (scanner.first) lengths.push(scanner.length);
      }
    }
    expect(Buffer.concat(parts).equals(stream)).toBe(true);
    expect(lengths).toEqual([500, 3, 0]);
  }
});

test("length-encoded integers and strings come back", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array(), (value, bytes) => {
      const text = Buffer.from(bytes).toString("latin1");
      const built = payload((out) => {
        out.lenencInt(value);
        out.lenencText(text);
      });
      const reader = new PayloadReader(built, 0, built.length);
      const read = reader.lenencInt();
      expect(BigInt(read)).toBe(value);
      expect(typeof read).toBe(value <= BigInt(Number.MAX_SAFE_INTEGER) ? "number" : "bigint");
      expect(reader.lenencString()).toBe(text);
      expect(reader.left).toBe(0);
    }),
  );
  for (const value of [0xfa, 0xfb, 0xff, 0x100, 0xffff, 0x10000, 0xffffff, 0x1000000]) {
    const built = payload((out) => out.lenencInt(value));
    expect(new PayloadReader(built, 0, built.length).lenencInt()).toBe(value);
    const cut = built.length - 1;
    expect(codeOf(() => new PayloadReader(built, 0, cut).lenencInt())).toBe(ERROR.malformedPacket);
  }
});

function codeOf(run: () => unknown): number | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolViolation) return error.code;
    throw error;
  }
  return undefined;
}
