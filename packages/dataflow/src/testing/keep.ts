import { Unsupported } from "@freshet/sql";
import type { CanonicalParam, EncodedRows, Snapshot } from "@freshet/types";
import { Poisoned } from "../contract.ts";
import type { EntrySet } from "../contract.ts";
import { MemorySnapshot } from "./memory-snapshot.ts";
import {
  canonicalText,
  compileText,
  decodeRows,
  keyOf,
  ownParams,
  randomBatch,
  randomRows,
} from "./query-harness.ts";
import type { CompiledText, Tested } from "./query-harness.ts";

const COMMITS = 12;
const LIMITS = { rowsPerEntry: 100_000, bytesPerEntry: 1e8, entries: 100 };

/** Other values for the same parameters, so that one set keeps several keys. */
const VARIANTS: Record<string, readonly string[]> = {
  int: ["0", "1", "2", "3", "2000"],
  bigint: ["0", "1", "2", "5"],
  text: ["a", "b", "A", "É", "movie", "actor", "p"],
  decimal: ["1", "1.0", "2.5", "0.5"],
  bool: ["t", "f"],
  date: ["2000-01-01", "1999-12-31"],
  timestamp: ["2024-01-01 00:00:00"],
  float8: ["1.5", "0"],
  civildate: ["2000-01-01", "1999-12-31"],
  civildatetime: ["2024-01-01 00:00:00", "2024-05-06 07:08:09"],
  time: ["00:00:01", "-12:30:00"],
};

function randomParams({ query, tested }: CompiledText, random: () => number): CanonicalParam[] {
  return query.params.map((spec): CanonicalParam => {
    const listed = spec.type.enumLabels ?? VARIANTS[spec.type.kind]!;
    const variants = listed.filter((text) => isPlain(() => canonicalText(spec.type, text, tested)));
    const one = (): string =>
      canonicalText(spec.type, variants[Math.floor(random() * variants.length)]!, tested);
    if (spec.role !== "comparison") return String(Math.floor(random() * 4));
    if (spec.list) return [...new Set([one(), one(), one()])].sort();
    return random() < 0.05 ? null : one();
  });
}

function isPlain(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof Unsupported) return false;
    throw error;
  }
}

type Held = { readonly rows: string } | { readonly poisoned: string };

/** Rows in a form that does not depend on orders the query leaves open. */
function formOf(rows: EncodedRows, columns: number, total: boolean): string {
  const lines = decodeRows(rows, columns).map((row) => JSON.stringify(row));
  return (total ? lines : lines.sort()).join("\n");
}

function fresh(
  compiled: CompiledText,
  params: readonly CanonicalParam[],
  snapshot: Snapshot,
  strategy: "recompute",
): Held {
  const set = compiled.query.open({ ...LIMITS, strategy });
  try {
    const rows = set.fill(keyOf(params), params, snapshot);
    return { rows: formOf(rows, compiled.query.columns.length, compiled.query.totalOrder) };
  } catch (error) {
    if (error instanceof Poisoned) return { poisoned: error.message };
    throw error;
  }
}

function tryFill(
  set: EntrySet,
  compiled: CompiledText,
  params: readonly CanonicalParam[],
  snapshot: Snapshot,
  held: Map<string, string>,
): void {
  const key = keyOf(params);
  try {
    const rows = set.fill(key, params, snapshot);
    held.set(key, formOf(rows, compiled.query.columns.length, compiled.query.totalOrder));
  } catch (error) {
    if (!(error instanceof Poisoned)) throw error;
  }
}

/** Fills keys, commits changes, and compares every key with a fresh fill after each commit. */
export function keep(
  tested: Tested,
  sql: string,
  strategy: "recompute" | "incremental" | "auto",
  random: () => number,
): string | null {
  let compiled: CompiledText;
  try {
    compiled = compileText(sql, null, tested);
  } catch (error) {
    if (error instanceof Unsupported) return null;
    throw error;
  }
  const { query } = compiled;
  const set = query.open({ ...LIMITS, strategy });
  let snapshot = MemorySnapshot.of(
    tested.tables.map((schema) => ({ schema, rows: randomRows(schema, 14, random, tested) })),
  );
  const held = new Map<string, string>();
  const params = new Map<string, readonly CanonicalParam[]>();
  // What its own literals ask for is not always a value of the parameter's type.
  const own = isPlain(() => ownParams(compiled)) ? [ownParams(compiled)] : [];
  for (const choice of [
    ...own,
    ...Array.from({ length: 5 }, () => randomParams(compiled, random)),
  ]) {
    params.set(keyOf(choice), choice);
    tryFill(set, compiled, choice, snapshot, held);
  }
  for (let commit = 0; commit < COMMITS; commit += 1) {
    const batch = randomBatch(snapshot, random, tested);
    const after = snapshot.apply(batch);
    for (const change of set.push(batch, snapshot, after)) {
      if ("dropped" in change) held.delete(change.key);
      else held.set(change.key, formOf(change.rows, query.columns.length, query.totalOrder));
      if (set.has(change.key) !== "rows" in change) return `${sql}: has(${change.key}) is wrong`;
    }
    for (const [key, rows] of held) {
      const wanted = fresh(compiled, params.get(key)!, after, "recompute");
      // Whether a row reaches an expression that raises is up to the order of evaluation.
      if ("poisoned" in wanted && wanted.poisoned.includes("out of range")) continue;
      const want = "rows" in wanted ? wanted.rows : "poisoned";
      if (rows !== want) {
        return `${strategy} ${sql}\n  key ${key}, commit ${commit}\n${rows}\nfor\n${want}`;
      }
    }
    snapshot = after;
    if (random() < 0.2) {
      const [gone] = held.keys();
      if (gone !== undefined) {
        set.evict(gone);
        held.delete(gone);
        if (random() < 0.5) tryFill(set, compiled, params.get(gone)!, snapshot, held);
      }
    }
  }
  for (const key of held.keys()) set.evict(key);
  if (set.size !== 0 || set.bytes !== 0)
    return `${sql}: ${set.bytes} bytes are left of ${set.size} entries`;
  return null;
}
