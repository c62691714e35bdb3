import type {
  CanonicalParam,
  Column,
  DeltaBatch,
  EncodedRows,
  IndexSpec,
  Snapshot,
  SqlType,
  TableId,
  TableSchema,
} from "@freshet/types";
import type { LiteralClass } from "@freshet/sql";

/** What the binder may ask about the upstream's schema; the answers are already at hand. */
export interface Catalog {
  /** The table a name means here (search path applied), or why it cannot be cached. */
  table(schema: string | null, name: string): TableSchema | { readonly refused: string };
  /** A named type for casts, or null when unknown. */
  type(path: readonly string[], modifiers: readonly number[]): SqlType | null;
  /**
   * Why the upstream may choose something else than its built-in function, operator or cast
   * (`fromId>toId`) of this name, or null when it cannot. Absent: nothing is overloaded.
   */
  overload?(kind: "function" | "operator" | "cast", name: string): string | null;
}

/** One slot of the shape: a parameter of the cache, or a literal that must match as written. */
export type SlotSpec =
  | { readonly kind: "param"; readonly param: number }
  | { readonly kind: "frozen"; readonly literal: LiteralClass; readonly value: string };

export interface ParamSpec {
  /** The type the upstream compares with; the adapter brings every arriving form to it. */
  readonly type: SqlType;
  /** A list (IN, = ANY) whose canonical form is sorted and de-duplicated. */
  readonly list: boolean;
  /** Where it stands, for messages: `title.id = `, `LIMIT`. */
  readonly label: string;
  /** LIMIT and OFFSET: negative values and NULL need the upstream's own rules. */
  readonly role: "comparison" | "limit" | "offset";
}

export interface ResultColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** A column of a table that a query reads, for privileges and change filtering. */
export interface TableUse {
  readonly table: TableId;
  readonly columns: readonly Column["number"][];
}

export type EntryChange =
  | { readonly key: string; readonly rows: EncodedRows }
  /** The entry can no longer be kept exactly (poisoned, too large): forward this key. */
  | { readonly key: string; readonly dropped: string };

/** A query compiled against a catalogue; immutable. */
export interface CompiledQuery {
  readonly slots: readonly SlotSpec[];
  readonly params: readonly ParamSpec[];
  readonly columns: readonly ResultColumn[];
  readonly uses: readonly TableUse[];
  readonly tables: readonly TableSchema[];
  /** Indexes that must exist before the first fill. */
  readonly indexes: readonly IndexSpec[];
  /** True when the query's ORDER BY fixes the order of all rows up to equal rows. */
  readonly totalOrder: boolean;
  /** How it is maintained, in a few words, for EXPLAIN. */
  readonly maintenance: string;
  open(limits: EntryLimits): EntrySet;
}

export interface EntryLimits {
  readonly rowsPerEntry: number;
  readonly bytesPerEntry: number;
  readonly entries: number;
  /**
   * How entries are kept: recomputed, by accumulators where the query allows, or by what is
   * cheaper (the default). For tests, which compare them.
   */
  readonly strategy?: "recompute" | "incremental" | "auto";
}

/** Thrown by `fill` when the upstream itself must answer this key (an expression raised, a limit). */
export class Poisoned extends Error {
  override readonly name = "Poisoned";
}

/**
 * The relation P of filled keys and the state kept for them. Single-threaded, synchronous, no
 * I/O but the snapshots it is given. After any throw from `push` the whole set must be discarded
 * and the cache restarted empty.
 */
export interface EntrySet {
  readonly size: number;
  /** Exact bytes accounted for state and results kept here. */
  readonly bytes: number;
  has(key: string): boolean;
  /** Evaluates the key at `snapshot` (the published position) and keeps it maintained. */
  fill(key: string, params: readonly CanonicalParam[], snapshot: Snapshot): EncodedRows;
  evict(key: string): void;
  /**
   * Moves every entry from `before` to `after`; `batch` is exactly their difference. Returns
   * the entries whose rows may have changed. Cost bounds are the caller's: see `estimate`.
   */
  push(batch: DeltaBatch, before: Snapshot, after: Snapshot): readonly EntryChange[];
}
