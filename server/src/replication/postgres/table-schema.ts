import { createHash } from "node:crypto";
import type { TableSchema } from "@freshet/types";
import type { CatalogBasis } from "./catalog.ts";
import type { IndexDetail, TableDetail } from "./table-detail.ts";

/** Builds the dialect-neutral definition. Call only for what `refusalOf` accepts. */
export function tableSchemaOf(detail: TableDetail, basis: CatalogBasis): TableSchema {
  const columns = detail.columns.map((column) => ({
    name: column.name,
    number: column.num,
    type: basis.types.sqlType(column.type, column.mod, column.coll),
    notNull: column.notnull,
  }));
  const key = keyOf(detail);
  const unique = detail.indexes.filter(
    (index) => isUniqueIndex(index) && allNotNull(detail, index.keys),
  );
  const uniqueKeys = new Map<string, readonly number[]>();
  if (key !== null) uniqueKeys.set(key.join(), key);
  for (const index of unique) {
    const positions = positionsOf(detail, index.keys);
    if (positions !== null) uniqueKeys.set(positions.join(), positions);
  }
  return {
    id: detail.oid,
    schema: detail.schema,
    name: detail.name,
    columns,
    key,
    uniqueKeys: [...uniqueKeys.values()],
    generation: generationOf(detail, basis, { columns, key }),
  };
}

/** What the stream identifies rows by; with identity FULL the primary key if there is one. */
function keyOf(detail: TableDetail): readonly number[] | null {
  const index =
    detail.identity === "i" ? detail.indexes.find((each) => each.identity) : primaryKey(detail);
  return index === undefined ? null : positionsOf(detail, index.keys);
}

export function primaryKey(detail: TableDetail): IndexDetail | undefined {
  return detail.indexes.find((index) => index.primary && index.immediate && index.valid);
}

function isUniqueIndex(index: IndexDetail): boolean {
  return index.unique && index.valid && index.immediate && !index.partial && !index.expressions;
}

function allNotNull(detail: TableDetail, numbers: readonly number[]): boolean {
  return numbers.every((num) => detail.columns.find((column) => column.num === num)?.notnull);
}

function positionsOf(detail: TableDetail, numbers: readonly number[]): readonly number[] | null {
  const positions = numbers.map((num) => detail.columns.findIndex((column) => column.num === num));
  return positions.includes(-1) ? null : positions;
}

/**
 * Everything whose change makes plans or copied rows wrong. A unique key that is gone does too,
 * but a new one need not, so they are compared apart. Where no event triggers tell of rewrites and
 * partitions, the file nodes speak for them (they also change on TRUNCATE and VACUUM FULL).
 */
function generationOf(detail: TableDetail, basis: CatalogBasis, derived: object): string {
  const { types, overloads, triggersWork } = basis;
  const files = [detail, ...detail.leaves].map((part) => [part.oid, part.fileNode]);
  const facts = {
    table: [detail.oid, detail.schema, detail.name, detail.kind, detail.persistence],
    identity: detail.identity,
    flags: [detail.rowSecurity, detail.hasParents, detail.hasChildren && detail.kind !== "p"],
    columns: detail.columns,
    derived,
    overloads: overloads.fingerprint,
    files: triggersWork ? "" : files,
    labels: detail.columns.some((column) => types.isUserDefined(column.type))
      ? types.enumFingerprint
      : "",
  };
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 24);
}
