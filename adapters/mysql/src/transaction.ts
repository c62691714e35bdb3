import { SERVER_STATUS } from "@freshet/mysql-wire";
import type { StatementTraits } from "@freshet/sql";
import type { UpstreamUnit } from "./upstream/reply-queue.ts";

const PLAIN_BEGIN =
  /^\s*(?:begin(?:\s+work)?|start\s+transaction(?:\s+read\s+(?:only|write))?)\s*;?\s*$/i;
/** For the next transaction only: SET TRANSACTION, or the variable without a scope. */
const NEXT_TRANSACTION = /\btransaction\b|@@\s*(?:transaction|tx)_/i;
const SESSION_TRANSACTION = /^\s*set\s+(?:session|local|global)\s+transaction\b[^;]*;?\s*$/i;
const TEMPORARY = /\btemporary\b/i;
/** Statements that cannot create a temporary table unless they say so. */
const PLAIN_VERBS = new Set([
  ...["select", "insert", "update", "delete", "replace", "with", "values", "table", "set", "use"],
  ...["begin", "start", "commit", "rollback", "savepoint", "release", "show", "explain", "desc"],
  ...["describe", "create", "alter", "drop", "truncate", "rename", "analyze", "optimize", "do"],
  ...["load", "lock", "grant", "revoke", "unlock", "kill", "flush", "reset", "check", "help", "prepare"],
  ...["deallocate", "xa", "import", "checksum", "repair", "cache", "handler", "signal", "get", ""],
]);

/** BEGIN or START TRANSACTION. */
export function begins(traits: StatementTraits): boolean {
  return traits.verb === "begin" || traits.verb === "start";
}

/**
 * What the session's past says about using caches now: own writes to wait for, settings that may
 * have changed, how the open transaction began, and state that hides tables. The transaction
 * state itself is only ever the status flags of OK and EOF packets.
 */
export class TransactionMemory {
  /** A finished write of this session is not known to be visible in the caches. */
  needsPosition = false;
  /** Counts the statements sent that may change settings; a probe sent before one is stale. */
  changes = 0;
  /** Hidden settings are as the last probe said. */
  hiddenKnown: boolean;
  /** The open transaction may have written or locked. */
  wrote = false;
  /** The open transaction has the session's own isolation level. */
  defaultIsolation = false;
  /** Tables may be locked or hidden behind temporary ones, until the session is reset. */
  tablesUncertain = false;
  #locked = false;
  #nextTransactionSet = false;
  #changedSettings = false;

  constructor(hiddenKnown: boolean) {
    this.hiddenKnown = hiddenKnown;
  }

  /** LOCK TABLES: reads of other tables are errors. */
  get locked(): boolean {
    return this.#locked;
  }

  /** The next transaction to begin has the session's own isolation level. */
  get nextIsDefault(): boolean {
    return this.hiddenKnown && !this.#nextTransactionSet;
  }

  /** A statement goes upstream within `unit`; null: nothing is known about it. */
  sent(unit: UpstreamUnit, traits: StatementTraits | null, text: string | null): void {
    if (traits === null) {
      unit.mayWrite = unit.mayChangeSession = true;
    } else {
      unit.mayWrite ||= traits.mayWrite || traits.multiple;
      unit.mayChangeSession ||= traits.mayChangeSession || traits.multiple;
      if (begins(traits) && text !== null) unit.plainBegin = PLAIN_BEGIN.test(text);
    }
    this.#noteTables(traits, text);
    if (unit.mayWrite) this.wrote = true;
    if (unit.mayChangeSession) {
      if (text === null || (NEXT_TRANSACTION.test(text) && !SESSION_TRANSACTION.test(text))) {
        this.#nextTransactionSet = true;
      }
      this.hiddenKnown = false;
      this.changes += 1;
      this.#changedSettings = true;
    }
  }

  #noteTables(traits: StatementTraits | null, text: string | null): void {
    if (traits === null || text === null || traits.multiple) {
      if (text === null || /\block\b/i.test(text)) this.#locked = true;
      if (text === null || TEMPORARY.test(text) || /\b(?:call|execute)\b/i.test(text)) {
        this.tablesUncertain = true;
      }
      return;
    }
    if (traits.verb === "lock" || traits.verb === "flush") this.#locked = true;
    else if (traits.verb === "unlock") this.#locked = false;
    if (!PLAIN_VERBS.has(traits.verb) || (traits.verb === "create" && TEMPORARY.test(text))) {
      this.tablesUncertain = true;
    }
  }

  unitEnded(unit: UpstreamUnit, before: number, status: number): void {
    const open = (status & SERVER_STATUS.inTransaction) !== 0;
    if (!open) {
      if (this.wrote) this.needsPosition = true;
      if ((before & SERVER_STATUS.inTransaction) !== 0) this.#nextTransactionSet = false;
      if (this.#changedSettings) this.hiddenKnown = false;
      this.wrote = false;
      this.#changedSettings = false;
      this.defaultIsolation = false;
    } else if ((before & SERVER_STATUS.inTransaction) === 0) {
      this.defaultIsolation = this.nextIsDefault && (unit.plainBegin || !unit.mayChangeSession);
    }
  }

  /** A probe sent after `changes` changes has read the hidden settings. */
  probed(changes: number): void {
    if (changes !== this.changes) return;
    this.hiddenKnown = true;
    this.#changedSettings = false;
  }

  /** COM_RESET_CONNECTION or COM_CHANGE_USER: all of it is as at login. */
  reset(hiddenKnown: boolean): void {
    // An open transaction was rolled back; what was committed before is still to be waited for.
    this.changes += 1;
    this.hiddenKnown = hiddenKnown;
    this.wrote = this.defaultIsolation = this.tablesUncertain = false;
    this.#locked = this.#nextTransactionSet = this.#changedSettings = false;
  }
}
