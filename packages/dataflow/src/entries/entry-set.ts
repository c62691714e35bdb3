import type { CanonicalParam, DeltaBatch, EncodedRows, Snapshot } from "@freshet/types";
import { Poisoned } from "../contract.ts";
import type { EntryChange, EntryLimits, EntrySet, ParamSpec } from "../contract.ts";
import type { BlockEvaluator } from "../exec/block-evaluator.ts";
import type { RowEncoder } from "../exec/encode-rows.ts";
import { ENTRY_OVERHEAD_BYTES, readParams } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { Tracer } from "./tracer.ts";
import type { TraceProgram } from "./tracer.ts";

/** What an entry set needs of its compiled query. */
export interface EntryProgram {
  readonly params: readonly ParamSpec[];
  readonly evaluator: BlockEvaluator;
  readonly trace: TraceProgram;
  encoder(): RowEncoder;
}

/** Keeps filled keys by tracing changes to them and evaluating those again. */
export class TracedEntrySet implements EntrySet {
  readonly #program: EntryProgram;
  readonly #limits: EntryLimits;
  readonly #encoder: RowEncoder;
  readonly #entries = new Map<string, Entry>();
  readonly #tracer: Tracer<Entry>;
  #bytes = 0;

  constructor(program: EntryProgram, limits: EntryLimits) {
    this.#program = program;
    this.#limits = limits;
    this.#encoder = program.encoder();
    this.#tracer = new Tracer(program.trace, this.#entries);
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  fill(key: string, params: readonly CanonicalParam[], snapshot: Snapshot): EncodedRows {
    if (!this.#entries.has(key) && this.#entries.size >= this.#limits.entries) {
      throw new Poisoned(`more than ${this.#limits.entries} keys`);
    }
    const entry: Entry = { key, params: readParams(this.#program.params, params) };
    const rows = this.#evaluate(entry, snapshot);
    this.evict(key);
    this.#entries.set(key, entry);
    this.#tracer.added(entry);
    this.#bytes += entryBytes(entry);
    return rows;
  }

  evict(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#tracer.removed(entry);
    this.#bytes -= entryBytes(entry);
  }

  push(batch: DeltaBatch, before: Snapshot, after: Snapshot): readonly EntryChange[] {
    if (this.#entries.size === 0) return [];
    const affected = [...this.#tracer.affected(batch, before, after)];
    return affected.map((entry): EntryChange => {
      try {
        return { key: entry.key, rows: this.#evaluate(entry, after) };
      } catch (error) {
        if (!(error instanceof Poisoned)) throw error;
        this.evict(entry.key);
        return { key: entry.key, dropped: error.message };
      }
    });
  }

  #evaluate(entry: Entry, snapshot: Snapshot): EncodedRows {
    const rows = this.#program.evaluator.rows(entry.params, () => snapshot);
    return this.#encoder.encode(rows, this.#limits.rowsPerEntry, this.#limits.bytesPerEntry);
  }
}

function entryBytes(entry: Entry): number {
  return ENTRY_OVERHEAD_BYTES + entry.key.length * 4 + entry.params.length * 64;
}
