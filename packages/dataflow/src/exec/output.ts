import { groupKey } from "@freshet/types";
import type { SqlType } from "@freshet/types";
import { Poisoned } from "../contract.ts";
import type { Block } from "../plan/block.ts";
import { hasSpellings } from "../plan/one-form.ts";
import type { Expr } from "../plan/expression.ts";
import { compileExpr } from "./compile-expression.ts";
import type { Compiled, Env } from "./compile-expression.ts";
import { outputComparator } from "./order.ts";
import type { OutputRow, RowComparator } from "./order.ts";

/** DISTINCT, ORDER BY, LIMIT and OFFSET of one block. */
export class Output {
  readonly #distinctTypes: readonly SqlType[] | null;
  /** Columns whose equal values may be spelled otherwise. */
  readonly #spelled: readonly number[];
  readonly #visible: number;
  readonly compare: RowComparator;
  readonly ordered: boolean;
  readonly #limit: Compiled | null;
  readonly #offset: Compiled | null;

  constructor(block: Block) {
    const visible = block.output.slice(0, block.visible);
    this.#visible = block.visible;
    this.#distinctTypes = block.distinct ? visible.map((column) => column.expr.type) : null;
    this.#spelled = visible.flatMap(({ expr }, index) => (hasSpellings(expr.type) ? [index] : []));
    this.compare = outputComparator(block);
    this.#limit = constant(block.limit);
    this.#offset = constant(block.offset);
    this.ordered = block.order.length > 0 || block.limit !== null || block.offset !== null;
  }

  /** Rows wanted, and rows to leave out before them. */
  window(env: Env): { readonly limit: number; readonly offset: number } {
    const limit = this.#limit?.(env) ?? null;
    const offset = this.#offset?.(env) ?? null;
    return {
      limit: limit === null ? Infinity : rowCount(limit as number | bigint, "LIMIT"),
      offset: offset === null ? 0 : rowCount(offset as number | bigint, "OFFSET"),
    };
  }

  /** Without LIMIT, more than `most` rows are not collected: throws Poisoned. */
  collector(env: Env, most: number): { add(row: OutputRow): void; finish(): OutputRow[] } {
    const { limit, offset } = this.window(env);
    const keep = limit + offset;
    const types = this.#distinctTypes;
    const visible = this.#visible;
    const seen = types === null ? null : new Map<string, OutputRow>();
    const spelled = this.#spelled;
    const { compare } = this;
    let rows: OutputRow[] = [];
    const capacity = keep === Infinity ? Infinity : Math.max(1024, keep * 2);
    return {
      add: (row) => {
        if (seen !== null) {
          const key = groupKey(types!, row.length === visible ? row : row.slice(0, visible));
          const before = seen.get(key);
          if (before !== undefined) {
            if (spelled.some((column) => row[column] !== before[column])) {
              throw new Poisoned("DISTINCT of equal texts of different spelling");
            }
            return;
          }
          seen.set(key, row);
        }
        rows.push(row);
        if (keep === Infinity && rows.length > most + offset)
          throw new Poisoned(`more than ${most} rows`);
        if (rows.length >= capacity) rows = rows.sort(compare).slice(0, keep);
      },
      finish: () => {
        if (this.ordered) rows.sort(compare);
        return offset === 0 && limit >= rows.length ? rows : rows.slice(offset, offset + limit);
      },
    };
  }
}

function constant(expr: Expr | null): Compiled | null {
  return expr === null ? null : compileExpr(expr, () => -1);
}

function rowCount(value: number | bigint, what: string): number {
  const count = Number(value);
  if (count < 0) throw new Poisoned(`${what} must not be negative`);
  return count;
}
