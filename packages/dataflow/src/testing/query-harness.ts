import { parsePostgresSelect, POSTGRES_LEXER_SETTINGS, postgresLexer } from "@freshet/sql";
import type { ScalarSlot, Shape } from "@freshet/sql";
import {
  decodeByteString,
  encodeByteString,
  encodeParamKey,
  postgresTextCodec,
} from "@freshet/types";
import type {
  CanonicalParam,
  DeltaBatch,
  EncodedRows,
  RowDelta,
  SqlType,
  TableSchema,
} from "@freshet/types";
import { compileQuery } from "../compile-query.ts";
import type { Catalog, CompiledQuery, ParamSpec } from "../contract.ts";
import { postgresSemantics } from "../dialects/postgres/semantics.ts";
import type { MemorySnapshot } from "./memory-snapshot.ts";
import { randomRow, sampleCatalog, TABLES } from "./sample-tables.ts";

export interface CompiledText {
  readonly query: CompiledQuery;
  readonly shape: Shape;
}

export function compileText(text: string, catalog: Catalog = sampleCatalog): CompiledText {
  const bytes = encodeByteString(text);
  const shape = postgresLexer.shape(bytes, POSTGRES_LEXER_SETTINGS);
  if (shape === null) throw new SyntaxError(`cannot be tokenised: ${text}`);
  const query = compileQuery({
    statement: parsePostgresSelect(text),
    shape,
    catalog,
    dialect: postgresSemantics,
    codec: postgresTextCodec,
  });
  return { query, shape };
}

/** The parameters that the statement's own literals give. */
export function ownParams({ query, shape }: CompiledText): CanonicalParam[] {
  const params: CanonicalParam[] = query.params.map(() => null);
  query.slots.forEach((spec, index) => {
    if (spec.kind !== "param") return;
    params[spec.param] = canonicalSlot(query.params[spec.param]!, shape.slots[index]!);
  });
  return params;
}

function canonicalSlot(spec: ParamSpec, slot: Shape["slots"][number]): CanonicalParam {
  if (slot.kind !== "list") {
    const one = canonicalScalar(spec.type, slot);
    return spec.list && typeof one === "string" ? [one] : one;
  }
  const elements = new Set(slot.elements.map((element) => canonicalScalar(spec.type, element)));
  return [...elements].sort();
}

function canonicalScalar(type: SqlType, slot: ScalarSlot): string | null {
  if (slot.kind === "placeholder") return null;
  return canonicalText(type, slot.value);
}

export function canonicalText(type: SqlType, bytes: string): string {
  const value = postgresSemantics.parseLiteral(type, decodeByteString(bytes));
  return value === null ? "" : encodeByteString(postgresTextCodec.print(type, value));
}

export function keyOf(params: readonly CanonicalParam[]): string {
  return encodeParamKey(params);
}

export function decodeRows(rows: EncodedRows, columns: number): (string | null)[][] {
  const view = Buffer.from(rows.bytes);
  const out: (string | null)[][] = [];
  let at = 0;
  for (let row = 0; row < rows.count; row += 1) {
    const cells: (string | null)[] = [];
    for (let column = 0; column < columns; column += 1) {
      const length = view.readInt32BE(at);
      at += 4;
      cells.push(length < 0 ? null : view.toString("utf8", at, at + Math.max(length, 0)));
      at += Math.max(length, 0);
    }
    out.push(cells);
  }
  return out;
}

function keyText(table: TableSchema, row: readonly unknown[]): string {
  return table.key!.map((column) => String(row[column])).join("/");
}

/** Random rows that respect the tables' keys. */
export function randomRows(
  table: TableSchema,
  count: number,
  random: () => number,
): (readonly ReturnType<typeof randomRow>[number][])[] {
  const rows = Array.from({ length: count }, () => randomRow(table, random));
  if (table.key === null) return rows;
  return [...new Map(rows.map((row) => [keyText(table, row), row])).values()];
}

/** A random commit on top of `snapshot`: inserts, updates and deletes in one to three tables. */
export function randomBatch(snapshot: MemorySnapshot, random: () => number): DeltaBatch {
  const batch = new Map<number, RowDelta[]>();
  const tables = [...TABLES].sort(() => random() - 0.5).slice(0, 1 + Math.floor(random() * 3));
  for (const table of tables) {
    const rows = snapshot.rows(table.id);
    const taken = new Set(table.key === null ? [] : rows.map((row) => keyText(table, row)));
    const touched = new Set<unknown>();
    const deltas: RowDelta[] = [];
    const count = 1 + Math.floor(random() * 4);
    for (let change = 0; change < count; change += 1) {
      const old = rows[Math.floor(random() * rows.length)];
      const kind = random();
      if (kind < 0.35 || old === undefined || touched.has(old)) {
        const row = randomRow(table, random);
        if (table.key !== null) {
          if (taken.has(keyText(table, row))) continue;
          taken.add(keyText(table, row));
        }
        deltas.push({ old: null, new: row });
        continue;
      }
      touched.add(old);
      if (kind < 0.6) {
        deltas.push({ old, new: null });
        continue;
      }
      const fresh = randomRow(table, random);
      const column = Math.floor(random() * table.columns.length);
      const next = old.map((value, at) =>
        (table.key?.includes(at) ?? false)
          ? value
          : at === column || kind > 0.9
            ? fresh[at]!
            : value,
      );
      deltas.push({ old, new: next });
    }
    if (deltas.length > 0) batch.set(table.id, deltas);
  }
  return batch;
}
