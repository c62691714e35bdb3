import type { TableId } from "@freshet/types";
import type { StreamHandler, StreamTransaction } from "../replication/contract.ts";

export type QueueItem =
  | { readonly kind: "transaction"; readonly transaction: StreamTransaction }
  | { readonly kind: "progress"; readonly position: string }
  | { readonly kind: "schema-change"; readonly tables: readonly TableId[] | "all" }
  | { readonly kind: "access-change" };

/**
 * What the stream delivered and the engine has not applied yet, in order. Bounded by changes:
 * above the bound the stream is told to pause, and to go on when half of it is drained.
 */
export class ChangeQueue implements StreamHandler {
  #items: QueueItem[] = [];
  #changes = 0;
  #paused = false;
  #resume: (() => void) | null = null;
  readonly #limit: number;
  readonly #wake: () => void;

  constructor(limitChanges: number, wake: () => void) {
    this.#limit = limitChanges;
    this.#wake = wake;
  }

  get pendingChanges(): number {
    return this.#changes;
  }

  get empty(): boolean {
    return this.#items.length === 0;
  }

  transaction(transaction: StreamTransaction): boolean {
    this.#changes += transaction.changes.length + 1;
    this.#push({ kind: "transaction", transaction });
    if (this.#changes > this.#limit) this.#paused = true;
    return !this.#paused;
  }

  progress(position: string): void {
    const last = this.#items.at(-1);
    if (last?.kind === "progress")
      this.#items[this.#items.length - 1] = { kind: "progress", position };
    else this.#push({ kind: "progress", position });
  }

  schemaChange(tables: readonly TableId[] | "all"): void {
    this.#push({ kind: "schema-change", tables });
  }

  accessChange(): void {
    this.#push({ kind: "access-change" });
  }

  onReady(callback: () => void): void {
    this.#resume = callback;
  }

  /** Everything a new connection will send again; called when the stream has broken. */
  clear(): void {
    this.#items = [];
    this.#changes = 0;
    this.#paused = false;
  }

  /**
   * The next items to handle together: either one that is no transaction, or consecutive
   * transactions with up to `limitChanges` changes (at least one transaction).
   */
  take(limitChanges: number): readonly QueueItem[] {
    const taken: QueueItem[] = [];
    let changes = 0;
    for (const item of this.#items) {
      if (item.kind !== "transaction") {
        if (taken.length === 0) taken.push(item);
        break;
      }
      if (taken.length > 0 && changes + item.transaction.changes.length > limitChanges) break;
      taken.push(item);
      changes += item.transaction.changes.length;
      this.#changes -= item.transaction.changes.length + 1;
    }
    this.#items.splice(0, taken.length);
    if (this.#paused && this.#changes <= this.#limit / 2) {
      this.#paused = false;
      this.#resume?.();
    }
    return taken;
  }

  #push(item: QueueItem): void {
    this.#items.push(item);
    this.#wake();
  }
}
