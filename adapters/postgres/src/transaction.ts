import { STATUS } from "@freshet/pg-wire";
import type { StatementTraits } from "@freshet/sql";
import type { UpstreamUnit } from "./upstream/reply-queue.ts";

const PLAIN_BEGIN = /^\s*(?:begin(?:\s+(?:work|transaction))?|start\s+transaction)\s*;?\s*$/i;

/** Within a transaction, what these do is undone with it. */
const UNDONE_VERBS = new Set([
  ...["select", "insert", "update", "delete", "merge", "with", "values", "table", "copy"],
  ...[
    "show",
    "set",
    "explain",
    "savepoint",
    "release",
    "declare",
    "fetch",
    "move",
    "close",
    "lock",
  ],
]);

/** BEGIN or START TRANSACTION. */
export function begins(traits: StatementTraits): boolean {
  return traits.verb === "begin" || traits.verb === "start";
}

/**
 * What the session's past says about using caches now: own writes to wait for, settings that
 * may have changed, and how the open transaction began. The transaction state itself is only
 * ever the status byte of ReadyForQuery.
 */
export class TransactionMemory {
  /** A finished write of this session is not known to be visible in the caches. */
  needsPosition = false;
  /** The last probe's position is at or after the session's writes. */
  positionKnown = false;
  /** Counts the statements sent that may change settings; a probe sent before one is stale. */
  changes = 0;
  /** Hidden settings are as the last probe said. */
  hiddenKnown: boolean;
  /** The open transaction may have written or locked. */
  wrote = false;
  /** The open transaction has the session's default isolation level. */
  defaultIsolation = false;
  #changedSettings = false;

  constructor(hiddenKnown: boolean) {
    this.hiddenKnown = hiddenKnown;
  }

  /** A statement goes upstream within `unit`; null: nothing is known about it. */
  sent(unit: UpstreamUnit, traits: StatementTraits | null, text: string | null): void {
    if (traits === null) {
      unit.mayWrite = unit.mayChangeSession = unit.mayCopyIn = unit.mayCommit = true;
    } else {
      unit.mayWrite ||= traits.mayWrite || traits.multiple;
      unit.mayChangeSession ||= this.#changesSession(traits);
      unit.mayCommit ||= traits.multiple || !UNDONE_VERBS.has(traits.verb);
      unit.mayCopyIn ||= traits.verb === "copy" || traits.multiple;
      if (begins(traits) && text !== null) {
        unit.plainBegin = PLAIN_BEGIN.test(text);
      }
    }
    if (unit.mayWrite) this.wrote = true;
    if (unit.mayChangeSession) {
      this.hiddenKnown = false;
      this.changes += 1;
      this.#changedSettings = true;
      this.defaultIsolation = false;
    }
  }

  unitEnded(unit: UpstreamUnit, before: number, status: number): void {
    if (status === STATUS.idle) {
      if (this.wrote) {
        this.needsPosition = true;
        this.positionKnown = false;
      }
      // A rollback takes back settings that a probe may have seen meanwhile.
      if (this.#changedSettings) this.hiddenKnown = false;
      this.wrote = false;
      this.#changedSettings = false;
      this.defaultIsolation = false;
    } else if (before === STATUS.idle) {
      this.defaultIsolation = unit.plainBegin && this.hiddenKnown;
    }
  }

  /** A probe sent at status idle, after `changes` changes, has read the hidden settings. */
  probed(changes: number): void {
    this.positionKnown = true;
    if (changes !== this.changes) return;
    this.hiddenKnown = true;
    this.#changedSettings = false;
  }

  /** What is asked at no cost ahead of a BEGIN, because it cannot be asked within. */
  get wantsProbe(): boolean {
    return !this.hiddenKnown || (this.needsPosition && !this.positionKnown);
  }

  #changesSession(traits: StatementTraits): boolean {
    if (traits.mayChangeSession || traits.multiple) return true;
    // ROLLBACK TO takes settings back while the transaction goes on.
    return this.#changedSettings && (traits.verb === "rollback" || traits.verb === "abort");
  }
}
