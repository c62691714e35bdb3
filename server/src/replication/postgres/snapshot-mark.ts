import { InvariantError } from "@freshet/util";

/** `pg_current_snapshot()`: which transactions the copy saw. Transaction ids are 64 bits wide. */
export class SnapshotMark {
  readonly #xmin: bigint;
  readonly #xmax: bigint;
  readonly #inProgress: ReadonlySet<bigint>;

  /** `text` is `xmin:xmax:xip,…`. */
  constructor(text: string) {
    const match = /^(\d+):(\d+):([\d,]*)$/.exec(text);
    if (match === null) throw new InvariantError(`not a snapshot: ${text}`);
    this.#xmin = BigInt(match[1] ?? "0");
    this.#xmax = BigInt(match[2] ?? "0");
    const list = match[3] ?? "";
    this.#inProgress = new Set(list === "" ? [] : list.split(",").map(BigInt));
  }

  /**
   * Was this committed top-level transaction visible? The stream's 32-bit id is extended to the
   * nearest 64-bit one: the two are never half the circle apart while the copy is of interest.
   */
  includes(xid: number): boolean {
    const distance = (xid - Number(this.#xmax & 0xffffffffn)) | 0;
    const full = this.#xmax + BigInt(distance);
    if (full < this.#xmin) return true;
    return full < this.#xmax && !this.#inProgress.has(full);
  }
}
