import { malformed } from "./binlog-error.ts";
import type { EventReader } from "./event-reader.ts";
import { EVENT_TYPE, type EventHeader, type GtidEvent, type PreviousGtidsEvent } from "./events.ts";

const LOGICAL_CLOCK = 2;
/** In the immediate commit time: the original one differs and follows. */
const HAS_ORIGINAL_TIME = 2 ** 55;

/** GTID and ANONYMOUS_GTID. */
export function readGtid(reader: EventReader, header: EventHeader): GtidEvent {
  reader.skip(1); // flags
  const uuid = readUuid(reader);
  const number = reader.uint64();
  let lastCommitted = 0;
  let sequenceNumber = 0;
  if (reader.left >= 17 && reader.uint8() === LOGICAL_CLOCK) {
    lastCommitted = Number(reader.uint64());
    sequenceNumber = Number(reader.uint64());
  }
  let immediate: number | null = null;
  let original: number | null = null;
  if (reader.left >= 7) {
    immediate = reader.uint56();
    original = immediate;
    if (immediate >= HAS_ORIGINAL_TIME) {
      immediate -= HAS_ORIGINAL_TIME;
      original = reader.uint56();
    }
  }
  const length = reader.left > 0 ? Number(reader.lenencInt()) : null;
  return {
    kind: "gtid",
    header,
    gtid: header.type === EVENT_TYPE.anonymousGtid ? null : `${uuid}:${number}`,
    lastCommitted,
    sequenceNumber,
    originalCommitMicros: original,
    immediateCommitMicros: immediate,
    transactionLength: length,
  };
}

/**
 * GTID_TAGGED_LOG: fields of MySQL's serialisation library (variable-length integers whose first
 * byte's low one-bits count the bytes that follow), each with its number in front.
 */
export function readTaggedGtid(reader: EventReader, header: EventHeader): GtidEvent {
  const version = readVarint(reader);
  if (version !== 1n) throw malformed(`a tagged GTID of serialisation version ${version}`);
  readVarint(reader); // size of the message
  const lastRequired = readVarint(reader);
  let uuid = "";
  let number = 0n;
  let tag = "";
  const fields = new Map<number, bigint>();
  while (reader.left > 0) {
    const field = Number(readVarint(reader));
    if (field === 1) uuid = readUuidVarints(reader);
    else if (field === 2) number = zigzag(readVarint(reader));
    else if (field === 3) tag = reader.text(Number(readVarint(reader)));
    else if (field === 4 || field === 5) fields.set(field, zigzag(readVarint(reader)));
    else if (field <= 11) fields.set(field, readVarint(reader));
    else if (BigInt(field) <= lastRequired) throw malformed(`a tagged GTID with a field ${field}`);
    else break;
  }
  if (uuid === "" || number <= 0n) throw malformed("a tagged GTID event has no GTID");
  const immediate = fields.get(6);
  const original = fields.get(7) ?? immediate;
  const length = fields.get(8);
  return {
    kind: "gtid",
    header,
    gtid: tag === "" ? `${uuid}:${number}` : `${uuid}:${tag}:${number}`,
    lastCommitted: Number(fields.get(4) ?? 0n),
    sequenceNumber: Number(fields.get(5) ?? 0n),
    originalCommitMicros: original === undefined ? null : Number(original),
    immediateCommitMicros: immediate === undefined ? null : Number(immediate),
    transactionLength: length === undefined ? null : Number(length),
  };
}

/** A set of intervals for each uuid (and tag), in MySQL's text form. */
export function readPreviousGtids(reader: EventReader, header: EventHeader): PreviousGtidsEvent {
  const head = reader.uint64();
  const tagged = head >> 56n === 1n;
  const count = Number(tagged ? (head >> 8n) & 0xff_ffff_ffffn : head);
  const sets: string[] = [];
  for (let index = 0; index < count; index += 1) {
    let name = readUuid(reader);
    if (tagged) {
      const length = Number(readVarint(reader));
      if (length > 0) name += `:${reader.text(length)}`;
    }
    const intervals = Number(reader.uint64());
    for (let at = 0; at < intervals; at += 1) {
      const first = reader.uint64();
      const last = reader.uint64() - 1n;
      name += first === last ? `:${first}` : `:${first}-${last}`;
    }
    sets.push(name);
  }
  return { kind: "previousGtids", header, gtids: sets.join(",") };
}

function readUuid(reader: EventReader): string {
  return uuidText(reader.bytes(16).toString("hex"));
}

/** An array of 16 bytes, each as a variable-length integer. */
function readUuidVarints(reader: EventReader): string {
  const bytes = Buffer.alloc(16);
  for (let index = 0; index < 16; index += 1) bytes[index] = Number(readVarint(reader));
  return uuidText(bytes.toString("hex"));
}

function uuidText(hex: string): string {
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

function readVarint(reader: EventReader): bigint {
  const first = reader.uint8();
  let more = 0;
  while (more < 8 && ((first >> more) & 1) === 1) more += 1;
  let value = more < 7 ? BigInt(first >> (more + 1)) : 0n;
  const shift = BigInt(more < 8 ? 7 - more : 0);
  for (let index = 0; index < more; index += 1) {
    value |= BigInt(reader.uint8()) << (shift + BigInt(index * 8));
  }
  return value;
}

/** Signed integers carry their sign in the lowest bit. */
function zigzag(value: bigint): bigint {
  return (value & 1n) === 0n ? value >> 1n : -(value >> 1n) - 1n;
}
