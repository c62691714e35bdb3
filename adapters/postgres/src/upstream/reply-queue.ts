import type { Span } from "@freshet/telemetry";
import type { Statement } from "../extended/statement.ts";

/** A message of a batch that, once answered, changes which prepared statements exist. */
export type StatementOperation =
  | {
      readonly kind: "parse";
      readonly statement: Statement;
      /** What stood in the table before, to go back to if the Parse fails. */
      readonly previous: Statement | null;
      /** Ours, to catch up with a statement parsed only locally: its ParseComplete is dropped. */
      readonly swallow: boolean;
    }
  | { readonly kind: "close"; readonly name: string; readonly previous: Statement | null }
  | { readonly kind: "close-portal" };

/** One request unit sent upstream; its last reply is a ReadyForQuery. */
export class UpstreamUnit {
  readonly kind: "query" | "batch" | "function" | "hidden";
  /** False while more of it may be sent (a batch without its Sync, a COPY FROM). */
  complete = false;
  /** The server reads COPY data now and ignores Sync and Flush. */
  copyIn = false;
  /** CopyDone or CopyFail messages sent before their CopyInResponse was seen. */
  copyEndsSent = 0;
  /** May turn into COPY FROM: what follows cannot wait for its end. */
  mayCopyIn = false;
  mayWrite = false;
  mayChangeSession = false;
  /** May end a transaction, or do what no transaction takes back. */
  mayCommit = false;
  plainBegin = false;
  failed = false;
  /** See `SentUnit`. */
  sentAtMs = 0;
  span: Span | null = null;
  readonly operations: StatementOperation[] = [];
  operationsDone = 0;
  /** Extended messages sent that end in one reply each, and how many of those have come. */
  steps = 0;
  stepsDone = 0;
  /**
   * A simple Query (or function call) was sent behind this many steps, before any Sync: the unit
   * ends with the Query's ReadyForQuery, unless a step fails, for then the server skips to Sync.
   */
  interruptedAfter: number | null = null;
  /** If it fails, it is not known beforehand which statements the upstream has. */
  unsettled = false;
  /** Ends in a Sync of the client. */
  synced = false;
  /** Bound in it while cached, their shape unknown: if it succeeds the shape is as it is now. */
  readonly validates: Statement[] = [];
  /** For hidden units: the one row wanted, and who waits. */
  row: (string | null)[] | null = null;
  onReady: ((unit: UpstreamUnit) => void) | null = null;

  constructor(kind: UpstreamUnit["kind"]) {
    this.kind = kind;
  }

  /** Its ReadyForQuery is a simple Query's: a COPY FROM within needs no Sync. */
  get endsWithQuery(): boolean {
    return this.kind === "query" || this.interruptedAfter !== null;
  }
}

/** Where a CopyDone or CopyFail went out between units. */
const COPY_END = Symbol("copy end");

/**
 * The units that wait for their ReadyForQuery, in wire order. Local answers are given only when
 * it is empty, which is what keeps the order of local and upstream slots. Syncs that the server
 * swallows because it is reading COPY data (manual, "COPY Operations") are taken back out.
 */
export class ReplyQueue {
  readonly #entries: (UpstreamUnit | typeof COPY_END)[] = [];
  readonly #idleWaiters: (() => void)[] = [];
  readonly #settledWaiters: (() => void)[] = [];

  get head(): UpstreamUnit | null {
    const head = this.#entries[0];
    return head === undefined || head === COPY_END ? null : head;
  }

  get busy(): boolean {
    return this.#entries.length > 0;
  }

  /** The unit still being sent, if any. */
  get open(): UpstreamUnit | null {
    const last = this.#entries.at(-1);
    return last instanceof UpstreamUnit && !last.complete ? last : null;
  }

  /** True when every unit will end without more from the client. */
  get endsByItself(): boolean {
    return this.#entries.every(
      (entry) =>
        entry === COPY_END ||
        (entry.complete && !entry.mayCopyIn && entry.interruptedAfter === null),
    );
  }

  /** Something sent may be done for good although its answer never comes. */
  outcomeDue(inTransaction: boolean): boolean {
    // Which state a later unit begins in depends on those before it.
    const undone = inTransaction && this.#entries.length === 1;
    return this.#entries.some(
      (entry) =>
        entry !== COPY_END && (entry.mayCommit || (entry.complete && entry.mayWrite && !undone)),
    );
  }

  /**
   * True when what follows should wait (`settled`), because which statements are prepared
   * upstream depends on replies outstanding.
   */
  get unsettled(): boolean {
    if (this.open !== null) return false;
    return this.#entries.some((entry) => entry !== COPY_END && entry.unsettled);
  }

  /** Resolves when nothing is outstanding or the upstream waits for more of the client. */
  settled(): Promise<void> {
    if (!this.busy) return Promise.resolve();
    return new Promise((resolve) => this.#settledWaiters.push(resolve));
  }

  #wake(waiters: (() => void)[]): void {
    for (const wake of waiters.splice(0)) wake();
  }

  push(unit: UpstreamUnit): void {
    this.#entries.push(unit);
  }

  /** CopyDone or CopyFail is being sent. */
  copyEnded(): void {
    const unit = this.#entries.find((entry) => entry instanceof UpstreamUnit && entry.copyIn);
    if (unit instanceof UpstreamUnit) {
      unit.copyIn = false;
      if (unit.endsWithQuery) unit.complete = true;
    } else if (this.open !== null) {
      this.open.copyEndsSent += 1;
    } else if (this.busy) {
      this.#entries.push(COPY_END);
    }
  }

  /** CopyInResponse arrived for the head unit. */
  copyStarted(): void {
    const head = this.head;
    if (head === null) return;
    this.#wake(this.#settledWaiters);
    if (head.copyEndsSent > 0) {
      head.copyEndsSent -= 1;
      return;
    }
    const end = this.#entries.indexOf(COPY_END);
    if (end === -1) {
      // Syncs sent already are swallowed; later ones are until the copy ends.
      this.#entries.length = 1;
      head.copyIn = true;
      head.complete = false;
      return;
    }
    this.#entries.splice(1, end);
    if (head.endsWithQuery) return;
    const next = this.#entries[1];
    head.complete = false;
    if (next instanceof UpstreamUnit && next.kind === "batch") {
      head.complete = next.complete;
      head.operations.push(...next.operations);
      head.unsettled ||= next.unsettled;
      this.#entries.splice(1, 1);
    }
  }

  /**
   * A step of the head unit failed although a Query was sent behind it: the server skips all that
   * was sent up to a Sync. Without one yet the unit is open again.
   */
  skippedToSync(): void {
    const head = this.head;
    if (head === null) return;
    head.interruptedAfter = null;
    const entries = this.#entries;
    const end = entries.findIndex((entry) => entry instanceof UpstreamUnit && entry.synced);
    const skipped = entries.splice(1, end === -1 ? entries.length : end);
    for (const entry of skipped) {
      if (entry === COPY_END) continue;
      head.operations.push(...entry.operations);
      head.unsettled ||= entry.unsettled;
    }
    head.complete = head.synced = end !== -1;
    this.#wake(this.#settledWaiters);
  }

  /** ReadyForQuery arrived: the head unit has ended. */
  shift(): UpstreamUnit | null {
    const unit = this.head;
    if (unit !== null) this.#entries.shift();
    while (this.#entries[0] === COPY_END) this.#entries.shift();
    if (!this.busy) {
      this.#wake(this.#idleWaiters);
      this.#wake(this.#settledWaiters);
    }
    return unit;
  }

  /** Resolves when nothing is outstanding, or at `abandon`. */
  idle(): Promise<void> {
    if (!this.busy) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** The connection is gone: everyone who waits is woken. */
  abandon(): void {
    const units = this.#entries.splice(0);
    for (const unit of units) if (unit !== COPY_END) unit.onReady?.(unit);
    this.#wake(this.#idleWaiters);
    this.#wake(this.#settledWaiters);
  }
}
