import {
  type PgOutputMessage,
  type RelationColumn,
  type Tuple,
  UNCHANGED_TOAST,
} from "./messages.ts";

/** The stream said something that protocol version 1 does not contain; nothing may be skipped. */
export class PgOutputError extends Error {
  override readonly name = "PgOutputError";
}

/** Cursor over one message; text is UTF-8 and keeps a leading U+FEFF. */
class Reader {
  readonly #bytes: Buffer;
  #offset: number;

  constructor(bytes: Buffer, offset: number) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  byte(): number {
    const value = this.#bytes[this.#offset];
    if (value === undefined) throw new PgOutputError("a message ends too early");
    this.#offset += 1;
    return value;
  }

  int16(): number {
    this.#need(2);
    const value = this.#bytes.readUInt16BE(this.#offset);
    this.#offset += 2;
    return value;
  }

  int32(): number {
    this.#need(4);
    const value = this.#bytes.readInt32BE(this.#offset);
    this.#offset += 4;
    return value;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  uint64(): bigint {
    this.#need(8);
    const value = this.#bytes.readBigUInt64BE(this.#offset);
    this.#offset += 8;
    return value;
  }

  int64(): bigint {
    this.#need(8);
    const value = this.#bytes.readBigInt64BE(this.#offset);
    this.#offset += 8;
    return value;
  }

  text(length: number): string {
    this.#need(length);
    const value = this.#bytes.toString("utf8", this.#offset, this.#offset + length);
    this.#offset += length;
    return value;
  }

  cstring(): string {
    const end = this.#bytes.indexOf(0, this.#offset);
    if (end < 0) throw new PgOutputError("a name has no end");
    const value = this.#bytes.toString("utf8", this.#offset, end);
    this.#offset = end + 1;
    return value;
  }

  tuple(): Tuple {
    const count = this.int16();
    const values = new Array<Tuple[number]>(count);
    for (let index = 0; index < count; index += 1) {
      const mark = this.byte();
      if (mark === 0x74) values[index] = this.text(this.int32());
      else if (mark === 0x6e) values[index] = null;
      else if (mark === 0x75) values[index] = UNCHANGED_TOAST;
      else throw new PgOutputError(`unknown value format ${mark}`);
    }
    return values;
  }

  #need(length: number): void {
    if (length < 0 || this.#offset + length > this.#bytes.length) {
      throw new PgOutputError("a message ends too early");
    }
  }
}

/** Decodes the pgoutput message that starts at `offset` and fills the rest of `bytes`. */
export function decodePgOutput(bytes: Buffer, offset = 0): PgOutputMessage {
  const reader = new Reader(bytes, offset);
  const tag = reader.byte();
  switch (tag) {
    case 0x42: // B
      return {
        kind: "begin",
        commitLsn: reader.uint64(),
        commitTimeMicros: reader.int64(),
        xid: reader.uint32(),
      };
    case 0x43: // C
      reader.byte(); // flags, unused
      return {
        kind: "commit",
        commitLsn: reader.uint64(),
        endLsn: reader.uint64(),
        commitTimeMicros: reader.int64(),
      };
    case 0x4f: // O
      return { kind: "origin" };
    case 0x52: // R
      return relation(reader);
    case 0x59: // Y
      return {
        kind: "type",
        id: reader.uint32(),
        schema: reader.cstring(),
        name: reader.cstring(),
      };
    case 0x49: {
      // I
      const relationId = reader.uint32();
      expectNew(reader.byte());
      return { kind: "insert", relation: relationId, row: reader.tuple() };
    }
    case 0x55: // U
      return update(reader);
    case 0x44: {
      // D
      const relationId = reader.uint32();
      const oldKind = oldKindOf(reader.byte());
      if (oldKind === null) throw new PgOutputError("a delete has no old row");
      return { kind: "delete", relation: relationId, oldKind, old: reader.tuple() };
    }
    case 0x54: {
      // T
      const count = reader.uint32();
      const flags = reader.byte();
      const relations: number[] = [];
      for (let index = 0; index < count; index += 1) relations.push(reader.uint32());
      return { kind: "truncate", relations, cascade: (flags & 1) !== 0 };
    }
    case 0x4d: {
      // M
      reader.byte();
      reader.uint64();
      return { kind: "message", prefix: reader.cstring() };
    }
    default:
      throw new PgOutputError(`unknown message ${String.fromCharCode(tag)} (${tag})`);
  }
}

function relation(reader: Reader): PgOutputMessage {
  const id = reader.uint32();
  // An empty schema name stands for pg_catalog.
  const schema = reader.cstring() || "pg_catalog";
  const name = reader.cstring();
  const replicaIdentity = String.fromCharCode(reader.byte());
  const count = reader.int16();
  const columns: RelationColumn[] = [];
  for (let index = 0; index < count; index += 1) {
    const key = (reader.byte() & 1) !== 0;
    columns.push({
      key,
      name: reader.cstring(),
      typeId: reader.uint32(),
      typeModifier: reader.int32(),
    });
  }
  return { kind: "relation", id, schema, name, replicaIdentity, columns };
}

function update(reader: Reader): PgOutputMessage {
  const relationId = reader.uint32();
  const mark = reader.byte();
  const oldKind = oldKindOf(mark);
  if (oldKind === null) {
    expectNew(mark);
    return { kind: "update", relation: relationId, oldKind: null, old: null, row: reader.tuple() };
  }
  const old = reader.tuple();
  expectNew(reader.byte());
  return { kind: "update", relation: relationId, oldKind, old, row: reader.tuple() };
}

function oldKindOf(mark: number): "full" | "key" | null {
  if (mark === 0x4f) return "full";
  return mark === 0x4b ? "key" : null;
}

function expectNew(mark: number): void {
  if (mark !== 0x4e) throw new PgOutputError(`expected a new row, found ${mark}`);
}
