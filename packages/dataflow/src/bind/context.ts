import { Unsupported } from "@freshet/sql";
import type { SelectStatement } from "@freshet/sql";
import type { SqlType, TableSchema } from "@freshet/types";
import type { Catalog, ParamSpec } from "../contract.ts";
import type { DialectSemantics, Untyped } from "../dialects/dialect.ts";
import type { Expr } from "../plan/expression.ts";
import type { SlotTable } from "./slots.ts";

/** A common table expression in sight: its query is bound anew wherever it is used. */
export interface NamedQuery {
  readonly query: SelectStatement;
  readonly columns: readonly string[];
  readonly environment: NamedQueries;
}

export type NamedQueries = ReadonlyMap<string, NamedQuery>;

/** What binding one statement shares between all its blocks. */
export class BindContext {
  readonly catalog: Catalog;
  readonly dialect: DialectSemantics;
  readonly slots: SlotTable;
  readonly #tables = new Map<number, TableSchema>();
  readonly #used = new Map<number, Set<number>>();
  /** What the parameter being resolved is compared with, for `ParamSpec.label`. */
  label = "";

  constructor(catalog: Catalog, dialect: DialectSemantics, slots: SlotTable) {
    this.catalog = catalog;
    this.dialect = dialect;
    this.slots = slots;
  }

  table(schema: string | null, name: string): TableSchema {
    const found = this.catalog.table(schema, name);
    if ("refused" in found) throw new Unsupported(found.refused);
    this.#tables.set(found.id, found);
    if (!this.#used.has(found.id)) this.#used.set(found.id, new Set());
    return found;
  }

  /** Throws unless the name can only mean what the dialect knows by it. */
  builtin(kind: "function" | "operator" | "cast", name: string): void {
    const reason = this.catalog.overload?.(kind, name) ?? null;
    if (reason !== null) throw new Unsupported(reason);
  }

  use(table: TableSchema, column: number): void {
    this.#used.get(table.id)!.add(table.columns[column]!.number);
  }

  get tables(): readonly TableSchema[] {
    return [...this.#tables.values()];
  }

  get used(): ReadonlyMap<number, ReadonlySet<number>> {
    return this.#used;
  }

  /** A scalar parameter for the slot at this offset. */
  param(at: number, type: SqlType, role: ParamSpec["role"] = "comparison"): Expr {
    return { kind: "param", param: this.#register(at, type, false, role), type };
  }

  listParam(slot: number, type: SqlType): number {
    this.dialect.parameter(type);
    return this.slots.param(slot, { type, list: true, label: this.label, role: "comparison" });
  }

  countConstant(at: number, change: 1 | -1): void {
    const slot = this.slots.slotAt(at);
    if (slot !== null) this.slots.countConstant(slot, change);
  }

  placeholder(at: number): Untyped {
    return { kind: "untyped", form: "placeholder", resolve: (type) => this.param(at, type) };
  }

  stringLiteral(text: string): Untyped {
    return {
      kind: "untyped",
      form: "string",
      resolve: (type) => ({ kind: "const", value: this.dialect.parseLiteral(type, text), type }),
    };
  }

  nullLiteral(): Untyped {
    return {
      kind: "untyped",
      form: "null",
      resolve: (type) => ({ kind: "const", value: null, type }),
    };
  }

  #register(at: number, type: SqlType, list: boolean, role: ParamSpec["role"]): number {
    const slot = this.slots.slotAt(at);
    if (slot === null) throw new Unsupported("a parameter that the lexer did not find");
    if (type.kind === "opaque") throw new Unsupported(`a parameter of type ${type.name}`);
    this.dialect.parameter(type);
    return this.slots.param(slot, { type, list, label: this.label, role });
  }
}
