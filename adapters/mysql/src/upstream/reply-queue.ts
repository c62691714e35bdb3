import type { Span } from "@freshet/telemetry";
import type { Statement } from "../prepared/statement.ts";

/** One command sent upstream that will be answered. */
export class UpstreamUnit {
  readonly kind: "client" | "hidden";
  readonly command: number;
  begun = false;
  /** May ask for the client's file (LOAD DATA LOCAL): what follows waits until that is known. */
  mayAskClient = false;
  mayWrite = false;
  mayChangeSession = false;
  /** May end a transaction, or do what no transaction takes back. */
  mayCommit = false;
  plainBegin = false;
  /** SET TRANSACTION without SESSION: holds for the next transaction only. */
  setsNextTransaction = false;
  failed = false;
  /** See `SentUnit`. */
  sentAtMs = 0;
  span: Span | null = null;
  /** The upstream's counter that it raises by one when it succeeds. */
  counter: string | null = null;
  /** COM_STMT_PREPARE: whose it is. */
  statement: Statement | null = null;
  /** COM_STMT_EXECUTE that asks for a cursor, or COM_STMT_FETCH: whose rows. */
  cursor: Statement | null = null;
  /** Reply bytes to be remembered (`prepared/learned.ts`); null when they are not wanted. */
  learned: Buffer[] | null = null;
  /** Hidden units: how many columns of the row are wanted, the row, its first collation. */
  wantedColumns = 0;
  row: (string | null)[] | null = null;
  charset = 0;
  /** All rows, where they are wanted. */
  rows: (string | null)[][] | null = null;
  /** Hidden units: the ERR payload. */
  error: Buffer | null = null;
  onDone: ((unit: UpstreamUnit) => void) | null = null;

  constructor(kind: UpstreamUnit["kind"], command: number) {
    this.kind = kind;
    this.command = command;
  }
}

/**
 * The units that wait for the end of their replies, in wire order. Local answers are given only
 * when it is empty, which is what keeps the order of local and upstream replies.
 */
export class ReplyQueue {
  readonly #units: UpstreamUnit[] = [];
  readonly #idleWaiters: (() => void)[] = [];
  readonly #settledWaiters: (() => void)[] = [];

  get head(): UpstreamUnit | null {
    return this.#units[0] ?? null;
  }

  get busy(): boolean {
    return this.#units.length > 0;
  }

  /** The next packet of the client is a command only once `settled`. */
  get unsettled(): boolean {
    return this.#units.some((unit) => unit.mayAskClient);
  }

  /** Something sent may be done for good although its answer never comes. */
  outcomeDue(inTransaction: boolean): boolean {
    // Which state a later command begins in depends on those before it.
    const undone = inTransaction && this.#units.length === 1;
    return this.#units.some((unit) => unit.mayCommit || (unit.mayWrite && !undone));
  }

  push(unit: UpstreamUnit): void {
    this.#units.push(unit);
  }

  /** The reply to the head unit has ended. */
  shift(): void {
    this.#units.shift();
    if (!this.unsettled) wake(this.#settledWaiters);
    if (!this.busy) wake(this.#idleWaiters);
  }

  /** The server waits for the client: its packets are data now. */
  clientAsked(): void {
    wake(this.#settledWaiters);
  }

  /** Resolves when no unit may ask any more, when one has asked, or at `abandon`. */
  settled(): Promise<void> {
    if (!this.unsettled) return Promise.resolve();
    return new Promise((resolve) => this.#settledWaiters.push(resolve));
  }

  /** Resolves when nothing is outstanding, or at `abandon`. */
  idle(): Promise<void> {
    if (!this.busy) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** The connection is gone: everyone who waits is woken. */
  abandon(): void {
    for (const unit of this.#units.splice(0)) {
      unit.failed = true;
      unit.onDone?.(unit);
    }
    wake(this.#settledWaiters);
    wake(this.#idleWaiters);
  }
}

function wake(waiters: (() => void)[]): void {
  for (const waiter of waiters.splice(0)) waiter();
}
