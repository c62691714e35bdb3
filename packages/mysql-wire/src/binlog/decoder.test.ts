import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { BinlogError, type BinlogErrorReason } from "./binlog-error.ts";
import { BinlogDecoder, type BinlogDecoderOptions } from "./decoder.ts";
import { readEventHeader } from "./event-header.ts";
import { EVENT_FLAG, EVENT_TYPE } from "./events.ts";
import { inflatePayload } from "./payload.ts";

interface EventOptions {
  readonly checksum?: boolean;
  readonly flags?: number;
  readonly timestamp?: number;
}

/** A whole event as a server sends it. */
function event(type: number, body: Buffer, options: EventOptions = {}): Buffer {
  const size = 19 + body.length + (options.checksum === true ? 4 : 0);
  const header = Buffer.alloc(19);
  header.writeUInt32LE(options.timestamp ?? 0, 0);
  header.writeUInt8(type, 4);
  header.writeUInt32LE(1, 5);
  header.writeUInt32LE(size, 9);
  header.writeUInt32LE(4321, 13);
  header.writeUInt16LE(options.flags ?? 0, 17);
  const bytes = Buffer.concat([header, body]);
  if (options.checksum !== true) return bytes;
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes));
  return Buffer.concat([bytes, sum]);
}

const uint64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};
const ROTATE = Buffer.concat([uint64(4n), Buffer.from("binlog.000007")]);
const NO_CHECKSUM: BinlogDecoderOptions = { checksum: "none" };

function reasonOf(run: () => unknown): BinlogErrorReason | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof BinlogError) return error.reason;
    throw error;
  }
}

describe("the first event of a dump", () => {
  it("is a rotation with or without a checksum", () => {
    for (const checksum of [true, false]) {
      const bytes = event(EVENT_TYPE.rotate, ROTATE, { checksum, flags: EVENT_FLAG.artificial });
      expect(new BinlogDecoder().decode(bytes)).toMatchObject({
        kind: "rotate",
        file: "binlog.000007",
        position: 4,
        artificial: true,
      });
    }
  });

  it("is nothing else", () => {
    const xid = event(EVENT_TYPE.xid, uint64(7n));
    expect(reasonOf(() => new BinlogDecoder().decode(xid))).toBe("malformed");
  });
});

describe("events", () => {
  const decode = (bytes: Buffer) => new BinlogDecoder(NO_CHECKSUM).decode(bytes);

  it("have 19 bytes of header", () => {
    const bytes = event(EVENT_TYPE.xid, uint64(7n), { timestamp: 1_700_000_000, flags: 0x180 });
    expect(readEventHeader(Buffer.concat([Buffer.alloc(3), bytes]), 3)).toEqual({
      timestamp: 1_700_000_000,
      type: 16,
      serverId: 1,
      size: 27,
      endPosition: 4321,
      flags: 0x180,
    });
    for (let end = 0; end < 27; end += 1) {
      expect(reasonOf(() => decode(bytes.subarray(0, end)))).toBe("malformed");
    }
  });

  it("of both kinds of heartbeat tell how far the server is", () => {
    const first = event(EVENT_TYPE.heartbeat, Buffer.from("binlog.000007"));
    expect(decode(first)).toMatchObject({ file: "binlog.000007", position: 4321 });
    const beyond = Buffer.concat([Buffer.of(0xfe), uint64(6_000_000_000n)]);
    const body = Buffer.concat([
      ...[Buffer.of(1, 13), Buffer.from("binlog.000007"), Buffer.of(2, 9), beyond, Buffer.of(0)],
    ]);
    const second = event(EVENT_TYPE.heartbeat2, body);
    expect(decode(second)).toMatchObject({ file: "binlog.000007", position: 6_000_000_000 });
  });

  it("that would lose changes are errors", () => {
    const of = (type: number, flags = 0) =>
      reasonOf(() => decode(event(type, Buffer.alloc(20), { flags })));
    expect(of(EVENT_TYPE.incident)).toBe("incident");
    expect(of(EVENT_TYPE.partialUpdateRows)).toBe("unsupported");
    expect(of(99)).toBe("unknown-event");
    expect(of(99, EVENT_FLAG.ignorable)).toBeNull();
    // Even an ignorable flag does not make known changes ignorable.
    expect(of(EVENT_TYPE.incident, EVENT_FLAG.ignorable)).toBe("incident");
  });

  it("of statements logged as text are told", () => {
    for (const type of ["intVar", "rand", "userVar"] as const) {
      expect(decode(event(EVENT_TYPE[type], Buffer.alloc(9)))).toMatchObject({ what: type });
    }
  });
});

describe("a transaction payload", () => {
  const xid = event(EVENT_TYPE.xid, uint64(7n));
  const payload = (compression: number, content: Buffer, size = content.length) =>
    event(
      EVENT_TYPE.transactionPayload,
      Buffer.concat([
        compression === 255 ? Buffer.of(2, 3, 0xfc, 255, 0) : Buffer.of(2, 1, compression),
        Buffer.of(1, 1, content.length, 3, 1, size, 0),
        content,
      ]),
    );
  const inner = (bytes: Buffer) => {
    const decoder = new BinlogDecoder(NO_CHECKSUM);
    const decoded = decoder.decode(bytes);
    if (decoded.kind !== "payload") throw new Error(decoded.kind);
    return [...decoder.inner(decoded)];
  };

  it("may be uncompressed", () => {
    expect(inner(payload(255, Buffer.concat([xid, xid])))).toMatchObject([
      { kind: "xid", xid: 7n },
      { kind: "xid", xid: 7n },
    ]);
  });

  it("is refused when it is cut, nested, or not what it says", () => {
    expect(reasonOf(() => inner(payload(255, xid.subarray(0, 26))))).toBe("malformed");
    expect(reasonOf(() => inner(payload(0, xid)))).toBe("malformed");
    expect(reasonOf(() => inner(payload(7, xid)))).toBe("unsupported");
    expect(reasonOf(() => inner(payload(255, payload(255, xid))))).toBe("malformed");
  });

  it("is bounded before it is decompressed", () => {
    const decoder = new BinlogDecoder(NO_CHECKSUM);
    const decoded = decoder.decode(payload(0, xid, 200));
    if (decoded.kind !== "payload") throw new Error(decoded.kind);
    expect(reasonOf(() => inflatePayload(decoded, 100))).toBe("too-large");
  });
});
