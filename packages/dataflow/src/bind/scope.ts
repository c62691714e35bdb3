import { Unsupported } from "@freshet/sql";
import type { Expr } from "../plan/expression.ts";

export interface ScopeColumn {
  /** Folded as the dialect compares names. */
  readonly name: string;
  readonly expr: Expr;
  /** Not part of `*`. */
  readonly hidden?: boolean;
  /** Records the reading of the column (privileges, change filtering). */
  use(): void;
}

/** One relation of FROM as names see it. */
export interface Relation {
  readonly alias: string;
  readonly schema: string | null;
  readonly columns: readonly ScopeColumn[];
}

/** What FROM brings into sight; `star` has merged USING columns once, in the order of `*`. */
export interface Scope {
  readonly relations: readonly Relation[];
  readonly star: readonly ScopeColumn[];
}

export const EMPTY_SCOPE: Scope = { relations: [], star: [] };

export function joinScopes(left: Scope, right: Scope): Scope {
  for (const relation of right.relations) {
    const clash = left.relations.some(
      (other) => other.alias === relation.alias && other.schema === relation.schema,
    );
    if (clash) throw new Unsupported(`table name ${relation.alias} specified more than once`);
  }
  return {
    relations: [...left.relations, ...right.relations],
    star: [...left.star, ...right.star],
  };
}

export function findColumn(
  scope: Scope,
  path: readonly string[],
  fold: (name: string) => string,
): ScopeColumn {
  const name = fold(path[path.length - 1]!);
  const candidates =
    path.length === 1 ? scope.star : findRelation(scope, path.slice(0, -1)).columns;
  const found = candidates.filter((column) => column.name === name);
  if (found.length === 0) throw new Unsupported(`column ${path.join(".")} is not known`);
  if (found.length > 1) throw new Unsupported(`column ${path.join(".")} is ambiguous`);
  return found[0]!;
}

export function findRelation(scope: Scope, path: readonly string[]): Relation {
  const alias = path[path.length - 1]!;
  const schema = path.length > 1 ? path[path.length - 2]! : null;
  const found = scope.relations.filter(
    (relation) => relation.alias === alias && (schema === null || relation.schema === schema),
  );
  if (found.length === 0) throw new Unsupported(`table ${path.join(".")} is not in FROM`);
  if (found.length > 1) throw new Unsupported(`table ${path.join(".")} is ambiguous`);
  return found[0]!;
}
