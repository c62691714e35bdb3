import type { CanonicalParam, DeltaBatch, EncodedRows, Snapshot } from "@freshet/types";
import { InvariantError } from "@freshet/util";
import { Poisoned } from "../contract.ts";
import type { EntryChange, EntryLimits, EntrySet, ParamSpec } from "../contract.ts";
import type { BlockEvaluator } from "../exec/block-evaluator.ts";
import type { RowEncoder } from "../exec/encode-rows.ts";
import type { OutputRow } from "../exec/order.ts";
import type { DeltaProgram } from "./delta-program.ts";
import { DeltaRunner } from "./delta-program.ts";
import { ENTRY_OVERHEAD_BYTES, readParams } from "./entry.ts";
import type { Entry, ParamReader } from "./entry.ts";
import { loadState } from "./kept-state.ts";
import type { KeptState } from "./kept-state.ts";
import { Tracer } from "./tracer.ts";
import type { TraceProgram } from "./tracer.ts";

/** What an entry set needs of its compiled query. */
export interface EntryProgram {
  readonly params: readonly ParamSpec[];
  readonly read: ParamReader;
  readonly evaluator: BlockEvaluator;
  readonly trace: TraceProgram;
  /** Null: entries of this query are always evaluated again. */
  readonly delta: DeltaProgram | null;
  encoder(): RowEncoder;
}

/** An entry kept by deltas, with the result it last gave. */
interface KeptEntry extends Entry {
  state: KeptState;
  result: EncodedRows;
  bytes: number;
}

/** Entries whose fill read fewer joined rows are cheaper to evaluate again than to keep. */
const KEEP_FROM_ROWS = 500;
/** Rows kept beyond those shown, so that removals seldom need a refill. */
const SLACK_ROWS = 256;
/** State beyond this is not kept; the entry is evaluated again instead. */
const MAX_STATE_BYTES = 256 * 1024 * 1024;

/**
 * Keeps filled keys in two ways: small entries by tracing changes to them and evaluating those
 * again, large ones by state that takes in the difference of the join. Both give what a fill at
 * the new snapshot would give.
 */
export class MaintainedEntrySet implements EntrySet {
  readonly #program: EntryProgram;
  readonly #limits: EntryLimits;
  readonly #encoder: RowEncoder;
  readonly #traced = new Map<string, Entry>();
  readonly #kept = new Map<string, KeptEntry>();
  readonly #tracer: Tracer<Entry>;
  readonly #runner: DeltaRunner<KeptEntry> | null;
  readonly #keepFrom: number;
  readonly #slack: number;
  #bytes = 0;

  constructor(program: EntryProgram, limits: EntryLimits) {
    this.#program = program;
    this.#limits = limits;
    this.#encoder = program.encoder();
    this.#tracer = new Tracer(program.trace, this.#traced);
    const strategy = limits.strategy ?? "auto";
    const { delta } = program;
    this.#runner =
      delta === null || strategy === "recompute" ? null : new DeltaRunner(delta, this.#kept);
    this.#keepFrom = strategy === "incremental" ? 0 : KEEP_FROM_ROWS;
    this.#slack = strategy === "incremental" ? 0 : SLACK_ROWS;
  }

  get size(): number {
    return this.#traced.size + this.#kept.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(key: string): boolean {
    return this.#traced.has(key) || this.#kept.has(key);
  }

  fill(key: string, params: readonly CanonicalParam[], snapshot: Snapshot): EncodedRows {
    if (!this.has(key) && this.size >= this.#limits.entries) {
      throw new Poisoned(`more than ${this.#limits.entries} keys`);
    }
    const entry: Entry = {
      key,
      params: readParams(this.#program.params, params, this.#program.read),
    };
    const { rows, state } = this.#evaluate(entry, snapshot);
    this.evict(key);
    if (state === null) this.#addTraced(entry);
    else this.#addKept({ ...entry, state, result: rows, bytes: 0 });
    return rows;
  }

  evict(key: string): void {
    const traced = this.#traced.get(key);
    if (traced !== undefined) {
      this.#traced.delete(key);
      this.#tracer.removed(traced);
      this.#bytes -= entryBytes(traced);
    }
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#runner?.removed(kept);
      this.#bytes -= kept.bytes;
    }
  }

  push(batch: DeltaBatch, before: Snapshot, after: Snapshot): readonly EntryChange[] {
    const changes: EntryChange[] = [];
    // Kept entries first: a traced one that becomes kept already stands at `after`, and the
    // difference must not be taken in twice. The other way round is harmless.
    if (this.#kept.size > 0) this.#pushKept(batch, before, after, changes);
    if (this.#traced.size > 0) {
      for (const entry of this.#tracer.affected(batch, before, after)) {
        changes.push(this.#guard(entry.key, () => this.#recompute(entry, after)));
      }
    }
    return changes;
  }

  #pushKept(batch: DeltaBatch, before: Snapshot, after: Snapshot, changes: EntryChange[]): void {
    const touched = new Set<KeptEntry>();
    const poisoned = new Map<KeptEntry, string>();
    const complete = this.#runner!.run(batch, before, after, (entry, env, weight) => {
      touched.add(entry);
      try {
        entry.state.apply(env, weight);
      } catch (error) {
        if (!(error instanceof Poisoned)) throw error;
        poisoned.set(entry, error.message);
      }
    });
    if (!complete) {
      for (const entry of [...this.#kept.values()]) {
        changes.push(this.#guard(entry.key, () => this.#reload(entry, after)));
      }
      return;
    }
    for (const entry of touched) {
      const reason = poisoned.get(entry);
      if (reason !== undefined) {
        this.evict(entry.key);
        changes.push({ key: entry.key, dropped: reason });
        continue;
      }
      const last = entry.result;
      const change = this.#guard(entry.key, () => this.#settle(entry, after));
      if ("dropped" in change || !sameRows(last, change.rows)) changes.push(change);
    }
  }

  /** The result after deltas; a window that ran short is filled again. */
  #settle(entry: KeptEntry, after: Snapshot): EncodedRows {
    const rows = entry.state.result();
    if (rows === "short") return this.#reload(entry, after);
    entry.result = this.#encode(rows);
    this.#account(entry);
    return entry.result;
  }

  #reload(entry: KeptEntry, snapshot: Snapshot): EncodedRows {
    const { rows, state } = this.#evaluate(entry, snapshot);
    if (state === null) {
      this.evict(entry.key);
      this.#addTraced({ key: entry.key, params: entry.params });
      return rows;
    }
    entry.state = state;
    entry.result = rows;
    this.#account(entry);
    return rows;
  }

  #recompute(entry: Entry, snapshot: Snapshot): EncodedRows {
    const { rows, state } = this.#evaluate(entry, snapshot);
    // An entry that has grown large is kept from here on.
    if (state !== null) {
      this.evict(entry.key);
      this.#addKept({ ...entry, state, result: rows, bytes: 0 });
    }
    return rows;
  }

  #guard(key: string, work: () => EncodedRows): EntryChange {
    try {
      return { key, rows: work() };
    } catch (error) {
      if (!(error instanceof Poisoned)) throw error;
      this.evict(key);
      return { key, dropped: error.message };
    }
  }

  #evaluate(
    entry: Entry,
    snapshot: Snapshot,
  ): { readonly rows: EncodedRows; readonly state: KeptState | null } {
    const { evaluator } = this.#program;
    const most = this.#runner === null ? Infinity : this.#keepFrom - 1;
    const small = evaluator.rowsWithin(
      entry.params,
      () => snapshot,
      most,
      this.#limits.rowsPerEntry,
    );
    if (small !== null && most >= 0) return { rows: this.#encode(small), state: null };
    const state = loadState(evaluator, entry.params, () => snapshot, this.#slack);
    const rows = state.result();
    if (rows === "short") throw new InvariantError("a state that was just loaded is short");
    const encoded = this.#encode(rows);
    return { rows: encoded, state: state.bytes <= MAX_STATE_BYTES ? state : null };
  }

  #encode(rows: readonly OutputRow[]): EncodedRows {
    return this.#encoder.encode(rows, this.#limits.rowsPerEntry, this.#limits.bytesPerEntry);
  }

  #addTraced(entry: Entry): void {
    this.#traced.set(entry.key, entry);
    this.#tracer.added(entry);
    this.#bytes += entryBytes(entry);
  }

  #addKept(entry: KeptEntry): void {
    this.#kept.set(entry.key, entry);
    this.#runner!.added(entry);
    this.#account(entry);
  }

  #account(entry: KeptEntry): void {
    const bytes = entryBytes(entry) + entry.state.bytes + entry.result.bytes.length;
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
  }
}

function sameRows(a: EncodedRows, b: EncodedRows): boolean {
  return a.count === b.count && Buffer.compare(a.bytes, b.bytes) === 0;
}

function entryBytes(entry: Entry): number {
  return ENTRY_OVERHEAD_BYTES + entry.key.length * 4 + entry.params.length * 64;
}
