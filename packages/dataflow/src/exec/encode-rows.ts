import type { EncodedRows, SqlType, TextCodec } from "@freshet/types";
import { Poisoned } from "../contract.ts";
import type { OutputRow } from "./order.ts";

/** Writes rows in canonical text as `EncodedRows` says; one encoder may be used for many. */
export class RowEncoder {
  readonly #codec: TextCodec;
  readonly #types: readonly SqlType[];
  #buffer = Buffer.allocUnsafe(4096);
  #length = 0;

  constructor(codec: TextCodec, types: readonly SqlType[]) {
    this.#codec = codec;
    this.#types = types;
  }

  /** Throws Poisoned past the limits. Only the first `types.length` columns are written. */
  encode(rows: readonly OutputRow[], rowLimit: number, byteLimit: number): EncodedRows {
    if (rows.length > rowLimit) throw new Poisoned(`more than ${rowLimit} rows`);
    this.#length = 0;
    for (const row of rows) {
      this.#row(row);
      if (this.#length > byteLimit) throw new Poisoned(`more than ${byteLimit} bytes`);
    }
    return { count: rows.length, bytes: new Uint8Array(this.#buffer.subarray(0, this.#length)) };
  }

  #row(row: OutputRow): void {
    const types = this.#types;
    for (let index = 0; index < types.length; index += 1) {
      const value = row[index]!;
      if (value === null) {
        this.#reserve(4);
        this.#length = this.#buffer.writeInt32BE(-1, this.#length);
        continue;
      }
      const text = this.#codec.print(types[index]!, value);
      this.#reserve(4 + text.length * 3);
      const bytes = this.#buffer.write(text, this.#length + 4, "utf8");
      this.#buffer.writeInt32BE(bytes, this.#length);
      this.#length += 4 + bytes;
    }
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
