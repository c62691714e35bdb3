import { InvariantError } from "@freshet/util";
import type { Database } from "lmdb";
import type { ReadOptions } from "./environment.ts";
import { PIECE_BYTES } from "./values.ts";

/** Longest name, so that a name and a piece fit in a page together. */
const NAME_BYTES = 400;
const PIECE = "piece:";
const WHOLE = 0;
const IN_PIECES = 1;

/** Small texts by name, each cut into pieces when it is long (`values.ts` says why). */
export class MetaStore {
  readonly #database: Database<Buffer, string>;

  constructor(database: Database<Buffer, string>) {
    this.#database = database;
  }

  get(name: string, options?: ReadOptions): string | undefined {
    const value = this.#database.get(name, options);
    return value === undefined ? undefined : this.#text(name, value, options);
  }

  /** Names that start with the prefix, in order, with their texts; not in a snapshot. */
  list(prefix: string): readonly (readonly [string, string])[] {
    const found: [string, Buffer][] = [];
    for (const { key, value } of this.#database.getRange({ start: prefix })) {
      if (!key.startsWith(prefix)) break;
      found.push([key, value]);
    }
    return found.map(([name, value]) => [name, this.#text(name, value)]);
  }

  put(name: string, text: string): void {
    if (Buffer.byteLength(name) > NAME_BYTES) {
      throw new InvariantError(`a name of more than ${NAME_BYTES} bytes: ${name.slice(0, 40)}`);
    }
    const before = this.#pieces(name);
    const bytes = Buffer.from(text, "utf8");
    let count = 0;
    if (bytes.length > PIECE_BYTES) {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        const piece = bytes.subarray(at, at + PIECE_BYTES);
        this.#database.putSync(pieceName(name, count++), Buffer.from(piece));
      }
      this.#database.putSync(name, Buffer.from([IN_PIECES, ...Buffer.from(String(count))]));
    } else {
      this.#database.putSync(name, Buffer.concat([Buffer.from([WHOLE]), bytes]));
    }
    for (; count < before; count++) this.#database.removeSync(pieceName(name, count));
  }

  remove(name: string): void {
    const count = this.#pieces(name);
    for (let at = 0; at < count; at++) this.#database.removeSync(pieceName(name, at));
    this.#database.removeSync(name);
  }

  #pieces(name: string): number {
    const value = this.#database.get(name);
    return value?.[0] === IN_PIECES ? pieceCount(value) : 0;
  }

  #text(name: string, value: Buffer, options?: ReadOptions): string {
    // lmdb-js gives plain Uint8Arrays for binary values.
    if (value[0] === WHOLE) return Buffer.from(value.subarray(1)).toString("utf8");
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < pieceCount(value); at++) {
      const piece = this.#database.get(pieceName(name, at), options);
      if (piece === undefined) throw new InvariantError(`a piece of ${name} is missing`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces).toString("utf8");
  }
}

function pieceName(name: string, at: number): string {
  return `${PIECE}${at}:${name}`;
}

function pieceCount(value: Uint8Array): number {
  return Number(Buffer.from(value.subarray(1)).toString("latin1"));
}
