import type { SlotOf } from "../exec/compile-expression.ts";
import type { Block, Group } from "./block.ts";
import { columnsOf } from "./expression.ts";
import type { Expr } from "./expression.ts";

/** Which columns of each source a block reads, and where they stand in its environment. */
export class Layout {
  /** Column positions read, per source, ascending. */
  readonly columns: readonly (readonly number[])[];
  /** First environment slot, per source. */
  readonly base: readonly number[];
  readonly size: number;
  readonly slotOf: SlotOf;

  constructor(block: Block, paramCount: number) {
    const used = block.sources.map(() => new Set<number>());
    const read = (expr: Expr): void => {
      for (const column of columnsOf(expr)) {
        if (column.source >= 0) used[column.source]!.add(column.column);
      }
    };
    for (const conjunct of groupConjuncts(block.from)) read(conjunct);
    if (block.grouping === null) for (const column of block.output) read(column.expr);
    else {
      block.grouping.keys.forEach(read);
      for (const { arg, filter } of block.grouping.aggregates) {
        if (arg !== null) read(arg);
        if (filter !== null) read(filter);
      }
    }
    this.columns = used.map((set) => [...set].sort((a, b) => a - b));
    let next = paramCount;
    this.base = this.columns.map((columns) => {
      const at = next;
      next += columns.length;
      return at;
    });
    this.size = next;
    this.slotOf = (source, column) => {
      const at = this.columns[source]?.indexOf(column) ?? -1;
      if (at < 0) throw new RangeError(`column ${column} of source ${source} has no slot`);
      return this.base[source]! + at;
    };
  }
}

export function groupConjuncts(group: Group): readonly Expr[] {
  return [...group.conjuncts, ...group.lefts.flatMap(groupConjuncts)];
}
