import { parsePostgresSelect, POSTGRES_LEXER_SETTINGS, postgresLexer } from "@freshet/sql";
import type {
  LexerSettings,
  ScalarSlot,
  SelectStatement,
  Shape,
  StatementLexer,
} from "@freshet/sql";
import {
  decodeByteString,
  encodeByteString,
  encodeParamKey,
  groupKey,
  postgresTextCodec,
} from "@freshet/types";
import type {
  CanonicalParam,
  DeltaBatch,
  EncodedRows,
  RowDelta,
  Row,
  SqlType,
  TableSchema,
  TextCodec,
} from "@freshet/types";
import { compileQuery } from "../compile-query.ts";
import type { Catalog, CompiledQuery, ParamSpec } from "../contract.ts";
import type { DialectSemantics } from "../dialects/dialect.ts";
import { postgresSemantics } from "../dialects/postgres/semantics.ts";
import type { MemorySnapshot } from "./memory-snapshot.ts";
import { randomRow, sampleCatalog, TABLES } from "./sample-tables.ts";

/** A dialect with sample tables to try it on. */
export interface Tested {
  readonly lexer: StatementLexer;
  readonly settings: LexerSettings;
  parse(text: string, settings: LexerSettings): SelectStatement;
  readonly semantics: DialectSemantics;
  readonly codec: TextCodec;
  readonly catalog: Catalog;
  readonly tables: readonly TableSchema[];
  randomRow(table: TableSchema, random: () => number): Row;
}

export const POSTGRES: Tested = {
  lexer: postgresLexer,
  settings: POSTGRES_LEXER_SETTINGS,
  parse: parsePostgresSelect,
  semantics: postgresSemantics,
  codec: postgresTextCodec,
  catalog: sampleCatalog,
  tables: TABLES,
  randomRow,
};

export interface CompiledText {
  readonly tested: Tested;
  readonly query: CompiledQuery;
  readonly shape: Shape;
}

export function compileText(
  text: string,
  catalog: Catalog | null = null,
  tested: Tested = POSTGRES,
): CompiledText {
  const bytes = encodeByteString(text);
  const shape = tested.lexer.shape(bytes, tested.settings);
  if (shape === null) throw new SyntaxError(`cannot be tokenised: ${text}`);
  const query = compileQuery({
    statement: tested.parse(text, tested.settings),
    shape,
    catalog: catalog ?? tested.catalog,
    dialect: tested.semantics,
    codec: tested.codec,
  });
  return { tested, query, shape };
}

/** The parameters that the statement's own literals give. */
export function ownParams({ tested, query, shape }: CompiledText): CanonicalParam[] {
  const params: CanonicalParam[] = query.params.map(() => null);
  query.slots.forEach((spec, index) => {
    if (spec.kind !== "param") return;
    params[spec.param] = canonicalSlot(tested, query.params[spec.param]!, shape.slots[index]!);
  });
  return params;
}

function canonicalSlot(
  tested: Tested,
  spec: ParamSpec,
  slot: Shape["slots"][number],
): CanonicalParam {
  if (slot.kind !== "list") {
    const one = canonicalScalar(tested, spec.type, slot);
    return spec.list && typeof one === "string" ? [one] : one;
  }
  const elements = new Set(
    slot.elements.map((element) => canonicalScalar(tested, spec.type, element)),
  );
  return [...elements].sort();
}

function canonicalScalar(tested: Tested, type: SqlType, slot: ScalarSlot): string | null {
  if (slot.kind === "placeholder") return null;
  return canonicalText(type, slot.value, tested);
}

export function canonicalText(type: SqlType, bytes: string, tested: Tested = POSTGRES): string {
  const value = tested.semantics.parseLiteral(type, decodeByteString(bytes));
  return value === null ? "" : encodeByteString(tested.codec.print(type, value));
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

function keyText(table: TableSchema, row: Row): string {
  const key = table.key!;
  return groupKey(
    key.map((column) => table.columns[column]!.type),
    key.map((column) => row[column]!),
  );
}

/** Random rows that respect the tables' keys. */
export function randomRows(
  table: TableSchema,
  count: number,
  random: () => number,
  tested: Tested = POSTGRES,
): Row[] {
  const rows = Array.from({ length: count }, () => tested.randomRow(table, random));
  if (table.key === null) return rows;
  return [...new Map(rows.map((row) => [keyText(table, row), row])).values()];
}

/** A random commit on top of `snapshot`: inserts, updates and deletes in one to three tables. */
export function randomBatch(
  snapshot: MemorySnapshot,
  random: () => number,
  tested: Tested = POSTGRES,
): DeltaBatch {
  const batch = new Map<number, RowDelta[]>();
  const tables = [...tested.tables]
    .sort(() => random() - 0.5)
    .slice(0, 1 + Math.floor(random() * 3));
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
        const row = tested.randomRow(table, random);
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
      const fresh = tested.randomRow(table, random);
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
