import { Unsupported } from "@freshet/sql";
import type { SelectStatement, Shape } from "@freshet/sql";
import { decodeByteString } from "@freshet/types";
import type { IndexSpec, TextCodec } from "@freshet/types";
import { BindContext } from "./bind/context.ts";
import { SelectBinder } from "./bind/select.ts";
import { SlotTable } from "./bind/slots.ts";
import { Poisoned } from "./contract.ts";
import type { Catalog, CompiledQuery, TableUse } from "./contract.ts";
import type { DialectSemantics } from "./dialects/dialect.ts";
import { DeltaProgram } from "./entries/delta-program.ts";
import type { ParamReader } from "./entries/entry.ts";
import { MaintainedEntrySet } from "./entries/entry-set.ts";
import { TraceProgram } from "./entries/tracer.ts";
import { BlockEvaluator } from "./exec/block-evaluator.ts";
import { RowEncoder } from "./exec/encode-rows.ts";
import { checkConstants } from "./plan/constants.ts";
import { strengthen } from "./plan/strengthen.ts";
import { fixesOrder } from "./plan/total-order.ts";

export interface CompileInput {
  readonly statement: SelectStatement;
  /** The shape of the statement's text; the AST's `at` offsets are starts of its spans. */
  readonly shape: Shape;
  readonly catalog: Catalog;
  readonly dialect: DialectSemantics;
  readonly codec: TextCodec;
}

/** Compiles a query, or throws `Unsupported` with a reason a user can read. */
export function compileQuery(input: CompileInput): CompiledQuery {
  try {
    return compile(input);
  } catch (error) {
    // A constant expression that raises: the upstream's error is the upstream's to give.
    if (error instanceof Poisoned) throw new Unsupported(error.message, { cause: error });
    throw error;
  }
}

function compile({ statement, shape, catalog, dialect, codec }: CompileInput): CompiledQuery {
  const slotTable = new SlotTable(shape);
  const context = new BindContext(catalog, dialect, slotTable);
  const block = strengthen(new SelectBinder(context).block(statement, new Map(), true));
  checkConstants(block);
  const slots = slotTable.slots();
  const { params } = slotTable;
  const indexes: IndexSpec[] = [];
  const evaluator = new BlockEvaluator(block, params.length, indexes);
  const trace = new TraceProgram(block, params.length, indexes);
  const visible = block.output.slice(0, block.visible);
  const types = visible.map((column) => column.expr.type);
  const delta = DeltaProgram.of(block, evaluator.layout, params.length, indexes);
  const read: ParamReader = ({ type, role }, canonical) => {
    const value = codec.parse(type, decodeByteString(canonical));
    if (value !== null) dialect.acceptParameter(type, value, role);
    return value;
  };
  const program = {
    params,
    read,
    evaluator,
    trace,
    delta,
    encoder: () => new RowEncoder(codec, types),
  };
  return {
    slots,
    params,
    columns: visible.map((column) => ({ name: column.name, type: column.expr.type })),
    uses: usesOf(context),
    tables: context.tables,
    indexes: distinctIndexes(indexes, context),
    totalOrder: fixesOrder(block),
    maintenance: maintenanceOf(delta !== null, block.grouping !== null),
    open: (limits) => new MaintainedEntrySet(program, limits),
  };
}

function maintenanceOf(deltas: boolean, grouped: boolean): string {
  if (!deltas) return "affected keys are evaluated again";
  const state = grouped ? "running aggregates" : "their rows in order";
  return `affected small keys are evaluated again, large ones keep ${state}`;
}

function usesOf(context: BindContext): readonly TableUse[] {
  return [...context.used].map(([table, columns]) => ({
    table,
    columns: [...columns].sort((a, b) => a - b),
  }));
}

/** Without repetitions and without the tables' own keys, which always exist. */
function distinctIndexes(
  indexes: readonly IndexSpec[],
  context: BindContext,
): readonly IndexSpec[] {
  const byName = new Map<string, IndexSpec>();
  for (const table of context.tables) {
    if (table.key !== null) byName.set(nameOf({ table: table.id, columns: table.key }), KEY);
  }
  for (const index of indexes) if (!byName.has(nameOf(index))) byName.set(nameOf(index), index);
  return [...byName.values()].filter((index) => index !== KEY);
}

const KEY: IndexSpec = { table: 0, columns: [] };

function nameOf(index: IndexSpec): string {
  return `${index.table}/${index.columns.join(",")}`;
}
