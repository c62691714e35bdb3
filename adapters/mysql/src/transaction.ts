import { SERVER_STATUS } from "@freshet/mysql-wire";
import type { StatementTraits } from "@freshet/sql";
import type { UpstreamUnit } from "./upstream/reply-queue.ts";

const PLAIN_BEGIN =
  /^\s*(?:begin(?:\s+work)?|start\s+transaction(?:\s+read\s+(?:only|write))?)\s*;?\s*$/i;
/** For the next transaction only: SET TRANSACTION, or the variable without a scope. */
const NEXT_TRANSACTION = /\btransaction\b|@@\s*(?:transaction|tx)_/i;
const SESSION_TRANSACTION = /^\s*set\s+(?:session|local|global)\s+transaction\b[^;]*;?\s*$/i;
const TEMPORARY = /\btemporary\b/i;
/** Statements that cannot create a temporary table unless they say so, or call what does. */
const PLAIN_VERBS = new Set([
  ...["select", "insert", "update", "delete", "replace", "with", "values", "table", "set", "use"],
  ...["begin", "start", "commit", "rollback", "savepoint", "release", "show", "explain", "desc"],
  ...["describe", "create", "alter", "drop", "truncate", "rename", "analyze", "optimize", "do"],
  ...["load", "lock", "grant", "revoke", "unlock", "kill", "flush", "reset", "check", "help"],
  ...["prepare", "deallocate", "xa", "import", "checksum", "repair", "cache", "handler", "signal"],
  ...["get", ""],
]);
/** Within a transaction, what these do is undone with it. */
const UNDONE_VERBS = new Set([
  ...["select", "insert", "update", "delete", "replace", "with", "values", "table", "use", "do"],
  ...["show", "explain", "desc", "describe", "savepoint", "release", "handler", "load"],
]);

/** Of these only functions that they call may change the session. */
const CALLING_VERBS = new Set([
  ...["select", "with", "values", "table", "insert", "update", "delete", "replace", "load", "xa"],
  ...["explain", "desc", "describe"],
]);
const LOCKING = /\b(?:lock|flush)\b/i;
/** Statements that, done, are one in the upstream's counter. */
const TRACED: readonly (readonly [RegExp, string])[] = [
  [/^\s*create\s+table\b/i, "com_create_table"],
  [/^\s*lock\s+tables?\b/i, "com_lock_tables"],
  [/^\s*flush\b/i, "com_flush"],
];
/** Code in a comment. */
const CONDITIONAL = /\/\*M?!/i;

/**
 * Does anything hide the session's tables from what the caches know? `maybe`: a statement called
 * something that may have made temporary tables or locks; the upstream's counters tell.
 */
export type TableDoubt = "none" | "maybe" | "certain";

/** Statements that leave the default schema, sql_mode and the client's character set alone. */
const SCOPELESS_VERBS = new Set(["lock", "unlock", "handler", "flush", "truncate", "analyze"]);
const SCHEMA_VERBS = new Set(["create", "alter", "drop", "rename"]);
const SCOPE_SETTING = /mode|names|char|coll/i;

/** May the same text mean something else after a statement that may change the session? */
export function rescopes(traits: StatementTraits | null, text: string | null): boolean {
  if (traits === null || text === null || traits.multiple || wraps(traits, text)) return true;
  if (calls(traits)) return true;
  const { verb } = traits;
  if (verb === "set") return SCOPE_SETTING.test(text);
  if (SCHEMA_VERBS.has(verb)) return /\b(?:database|schema)\b/i.test(text);
  return !SCOPELESS_VERBS.has(verb) && verb !== "do";
}

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
  /** The same of those that may change what a text means: see `rescopes`. */
  scopeChanges = 0;
  /** Hidden settings are as the last probe said. */
  hiddenKnown: boolean;
  /** The open transaction may have written or locked. */
  wrote = false;
  /** The open transaction has the session's own isolation level. */
  defaultIsolation = false;
  /** Tables hidden behind temporary ones, until the session is reset. */
  #doubt: TableDoubt = "none";
  /** Counts what raised doubts: an answer asked for before the last of them settles nothing. */
  doubts = 0;
  /** What the client itself did, by the upstream's counter of it. */
  readonly traced = new Map<string, number>();
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

  get tableDoubt(): TableDoubt {
    return this.#doubt;
  }

  /** The upstream's counters, asked after `doubts` doubts, say whether there is anything. */
  tablesChecked(doubts: number, clean: boolean): void {
    if (!clean) this.#doubt = "certain";
    else if (doubts === this.doubts && this.#doubt === "maybe") {
      this.#doubt = "none";
    }
  }

  /** The next transaction to begin has the session's own isolation level. */
  get nextIsDefault(): boolean {
    return this.hiddenKnown && !this.#nextTransactionSet;
  }

  /** A statement goes upstream within `unit`; null: nothing is known about it. */
  sent(unit: UpstreamUnit, traits: StatementTraits | null, text: string | null): void {
    if (traits === null) {
      unit.mayWrite = unit.mayChangeSession = unit.mayCommit = true;
    } else {
      unit.mayWrite ||= traits.mayWrite || traits.multiple;
      unit.mayCommit ||= wraps(traits, text ?? "") || !UNDONE_VERBS.has(traits.verb);
      unit.mayCommit ||= traits.multiple || text === null;
      unit.mayChangeSession ||= traits.mayChangeSession || traits.multiple;
      if (begins(traits) && text !== null) unit.plainBegin = PLAIN_BEGIN.test(text);
    }
    this.#noteTables(unit, traits, text);
    if (unit.mayWrite) this.wrote = true;
    if (unit.mayChangeSession) {
      if (text === null || (NEXT_TRANSACTION.test(text) && !SESSION_TRANSACTION.test(text))) {
        this.#nextTransactionSet = unit.setsNextTransaction = true;
      }
      this.hiddenKnown = false;
      this.changes += 1;
      if (rescopes(traits, text)) this.scopeChanges += 1;
      this.#changedSettings = true;
    }
  }

  #noteTables(unit: UpstreamUnit, traits: StatementTraits | null, text: string | null): void {
    if (text === null) return this.#mayHideTables(unit);
    if (traits === null || traits.multiple || wraps(traits, text)) {
      if (TEMPORARY.test(text)) this.#doubt = "certain";
      else if (traits === null || traits.mayChangeSession || LOCKING.test(text)) {
        this.#mayHideTables(unit);
      }
      return;
    }
    const { verb } = traits;
    unit.counter = TRACED.find(([pattern]) => pattern.test(text))?.[1] ?? null;
    if (verb === "lock" || verb === "flush") this.#locked = true;
    else if (verb === "unlock") this.#locked = false;
    if (verb === "create" && TEMPORARY.test(text)) this.#doubt = "certain";
    else if (!PLAIN_VERBS.has(verb) || calls(traits)) this.#mayHideTables(unit);
  }

  /** What was called may also have set the next transaction's isolation. */
  #mayHideTables(unit: UpstreamUnit): void {
    this.#nextTransactionSet = unit.setsNextTransaction = true;
    this.doubts += 1;
    if (this.#doubt === "none") this.#doubt = "maybe";
  }

  unitEnded(unit: UpstreamUnit, before: number, status: number): void {
    const open = (status & SERVER_STATUS.inTransaction) !== 0;
    // A transaction before this one may have ended since it was sent.
    if (unit.mayWrite) this.wrote = true;
    const { counter } = unit;
    if (counter !== null && !unit.failed) {
      this.traced.set(counter, (this.traced.get(counter) ?? 0) + 1);
    }
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
    if (unit.setsNextTransaction && !open) this.#nextTransactionSet = true;
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
    this.scopeChanges += 1;
    this.hiddenKnown = hiddenKnown;
    this.wrote = this.defaultIsolation = false;
    this.#doubt = "none";
    this.doubts += 1;
    this.traced.clear();
    this.#locked = this.#nextTransactionSet = this.#changedSettings = false;
  }
}

/** It may call a stored function. */
function calls({ verb, mayWrite, mayChangeSession }: StatementTraits): boolean {
  if (verb === "set" || verb === "do") return mayWrite;
  return mayChangeSession && CALLING_VERBS.has(verb);
}

/** Code that the traits are not about: in a comment, or MariaDB's statements around others. */
function wraps({ verb }: StatementTraits, text: string): boolean {
  if (CONDITIONAL.test(text)) return true;
  if (verb === "set") return /\bstatement\b/i.test(text);
  return verb === "begin" && /\batomic\b/i.test(text);
}
