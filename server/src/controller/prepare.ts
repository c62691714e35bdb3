import { type CompiledQuery, compileQuery } from "@freshet/dataflow";
import { type CacheDefinition, type ControlError, scopeKey, type SessionScope } from "@freshet/rpc";
import { queryId, SqlSyntaxError, Unsupported, type Shape } from "@freshet/sql";
import { messageOf } from "@freshet/util";
import type { ServerDialect } from "../dialect.ts";
import { StateError } from "./state.ts";
import type { TableFilter } from "./table-filter.ts";
import {
  type StatementDescription,
  type Upstream,
  UpstreamError,
} from "../replication/contract.ts";

/** A statement made ready to be cached: nothing has been copied or changed yet. */
export interface PreparedCache {
  readonly shape: Shape;
  readonly queryId: string;
  readonly compiled: CompiledQuery;
  readonly description: StatementDescription;
}

/**
 * Parses, binds and plans a statement and has the upstream prepare it too. The upstream's own
 * result types must equal those we inferred: the cheapest proof that we understood it.
 *
 * @throws Unsupported with the reason, SqlSyntaxError, or UpstreamError.
 */
export async function prepareCache(options: {
  readonly dialect: ServerDialect;
  readonly upstream: Upstream;
  readonly filter: TableFilter;
  readonly select: string;
  readonly scope: SessionScope;
}): Promise<PreparedCache> {
  const { dialect, upstream, filter, select, scope } = options;
  const scopeIdentity = scope.identity;
  const settings = dialect.lexerSettings(scopeIdentity);
  const shape = dialect.lexer.shape(select, settings);
  if (shape === null) throw new SqlSyntaxError("the statement cannot be read", 0);
  const traits = dialect.lexer.traits(select, settings);
  if (traits.multiple) throw new Unsupported("a cache is made from one statement");
  if (!traits.read) throw new Unsupported("only a SELECT can be cached");
  if (traits.uncacheable !== null) throw new Unsupported(traits.uncacheable);
  const text = Buffer.from(select, "latin1").toString("utf8");
  const statement = dialect.parse(text, settings);
  const catalog = filter.of(await upstream.catalog(scopeIdentity));
  const description = await upstream.describe(text, scopeIdentity);
  const compiled = compileQuery({
    statement,
    shape,
    catalog,
    dialect: dialect.semantics,
    codec: dialect.codec,
  });
  compareResultTypes(dialect, compiled, description);
  return { shape, queryId: queryId(shape.text, scopeKey(scope)), compiled, description };
}

export function definitionOf(
  prepared: PreparedCache,
  record: {
    readonly id: number;
    readonly name: string;
    readonly select: string;
    readonly inTransaction: CacheDefinition["inTransaction"];
  },
  scope: string,
): CacheDefinition {
  const { compiled, description, shape } = prepared;
  return {
    id: record.id,
    name: record.name,
    queryId: prepared.queryId,
    query: record.select,
    shape: shape.text,
    scope,
    slots: compiled.slots,
    params: compiled.params.map(({ type, list, role }) => ({ type, list, role })),
    columns: description.columns,
    readsInstants: readsInstants(compiled),
    inTransaction: record.inTransaction,
    maintenance: compiled.maintenance,
  };
}

function readsInstants({ uses, tables }: CompiledQuery): boolean {
  return uses.some(({ table, columns }) => {
    const schema = tables.find(({ id }) => id === table);
    return schema?.columns.some(
      ({ number, type }) => type.kind === "timestamptz" && columns.includes(number),
    );
  });
}

function compareResultTypes(
  dialect: ServerDialect,
  compiled: CompiledQuery,
  description: StatementDescription,
): void {
  const ours = compiled.columns;
  const theirs = description.columns;
  if (ours.length !== theirs.length) {
    throw new Unsupported(
      `the upstream returns ${theirs.length} columns where we expect ${ours.length}`,
    );
  }
  for (const [index, column] of ours.entries()) {
    const theirColumn = theirs[index]!;
    if (!dialect.sameResultType(column, theirColumn)) {
      throw new Unsupported(
        `column ${index + 1} ("${theirColumn.name}") has type ${theirColumn.type.name} upstream ` +
          `where we expect ${column.type.name}`,
      );
    }
  }
}

/** Any failure of preparing or building a cache, as the client sees it. */
export function controlErrorOf(error: unknown): ControlError {
  if (error instanceof Unsupported) {
    return {
      code: "0A000",
      message: `this query cannot be cached: ${error.message}`,
      hint: "It keeps working: it is forwarded to the database.",
    };
  }
  if (error instanceof StateError) {
    return { code: error.code, number: error.number, message: error.message, hint: error.hint };
  }
  if (error instanceof SqlSyntaxError) return { code: "42601", message: error.message };
  if (error instanceof UpstreamError) {
    return {
      code: error.code,
      ...(error.number === undefined ? {} : { number: error.number }),
      message: error.message,
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  }
  return { code: "58000", message: messageOf(error) };
}

/** The reason in `no: reason`, for SHOW and EXPLAIN. */
export function refusalOf(error: unknown): string {
  return error instanceof Unsupported ? error.message : messageOf(error);
}
