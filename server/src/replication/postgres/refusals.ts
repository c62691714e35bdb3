import { qualified, quoteName } from "./names.ts";
import type { ServerInfo } from "./server-info.ts";
import type { TableDetail } from "./table-detail.ts";
import { primaryKey } from "./table-schema.ts";
import type { TypeCatalog } from "./type-catalog.ts";

/**
 * Why a relation cannot be followed exactly, with the fix where there is one; null when it can.
 * Publishing a table without replica identity would make the application's own UPDATE and DELETE
 * fail, so that check is what keeps us from breaking the upstream.
 */
export function refusalOf(
  detail: TableDetail,
  types: TypeCatalog,
  server: ServerInfo,
): string | null {
  const name = qualified(detail);
  return (
    kindRefusal(detail, name) ??
    inheritanceRefusal(detail, name) ??
    columnRefusal(detail, name, types, server) ??
    identityRefusal(detail, name)
  );
}

function kindRefusal(detail: TableDetail, name: string): string | null {
  switch (detail.kind) {
    case "r":
    case "p":
      break;
    case "v":
      return `${name} is a view; views are not supported incrementally yet`;
    case "m":
      return `${name} is a materialized view; its refreshes are not in the change stream`;
    case "f":
      return `${name} is a foreign table; its changes are not in the change stream`;
    default:
      return `${name} is not a table`;
  }
  if (detail.persistence === "u") {
    return `${name} is unlogged; its changes are not in the change stream (fix: ALTER TABLE ${name} SET LOGGED)`;
  }
  if (detail.persistence === "t") return `${name} is a temporary table`;
  if (detail.rowSecurity || detail.leaves.some((leaf) => leaf.rowSecurity)) {
    return `${name} has row-level security: what a role sees depends on its policies`;
  }
  return null;
}

function inheritanceRefusal(detail: TableDetail, name: string): string | null {
  if (detail.kind === "r" && detail.hasChildren) {
    return `${name} has inheritance children, whose rows a query on it also reads`;
  }
  if (detail.hasParents) {
    return detail.isPartition
      ? `${name} is a partition; cache queries on the partitioned table itself`
      : `${name} inherits from another table`;
  }
  const odd = detail.leaves.find((leaf) => leaf.kind !== "r" || leaf.persistence !== "p");
  if (odd === undefined) return null;
  return `${name} has the partition ${qualified(odd)}, whose changes are not in the change stream`;
}

function columnRefusal(
  detail: TableDetail,
  name: string,
  types: TypeCatalog,
  server: ServerInfo,
): string | null {
  if (detail.columns.length === 0) return `${name} has no columns`;
  if (server.encoding === "SQL_ASCII") {
    return `the database's encoding is SQL_ASCII, so the bytes of ${name} have no certain meaning`;
  }
  const generated = detail.columns.find((column) => column.gen !== "");
  if (generated !== undefined) {
    return `${name} has the generated column ${quoteName(generated.name)}, which the change stream leaves out`;
  }
  const reference = detail.columns.find((column) => types.isObjectReference(column.type));
  if (reference !== undefined) {
    return `${name} has the column ${quoteName(reference.name)}, whose text changes when other objects are renamed`;
  }
  return null;
}

function identityRefusal(detail: TableDetail, name: string): string | null {
  const hasPrimaryKey = primaryKey(detail) !== undefined;
  if (detail.kind === "r") {
    const hasIndex = detail.indexes.some((index) => index.identity && index.valid);
    return identityRefusalOf(name, detail.identity, hasPrimaryKey, hasIndex);
  }
  if (detail.identity === "i") {
    return `${name} is partitioned with REPLICA IDENTITY USING INDEX, which is not supported (fix: ALTER TABLE ${name} REPLICA IDENTITY FULL, and the same for its partitions)`;
  }
  for (const leaf of detail.leaves) {
    // A partition may identify rows its own way; ours must be the root's key or everything.
    const fullOrKey = leaf.identity === "f" || (leaf.identity === "d" && hasPrimaryKey);
    if (!fullOrKey || (leaf.identity === "d" && !leaf.hasPrimaryKey)) {
      const partition = qualified(leaf);
      return `partition ${partition} of ${name} does not identify its rows in the change stream (fix: ALTER TABLE ${partition} REPLICA IDENTITY FULL)`;
    }
  }
  if (!hasPrimaryKey && detail.identity !== "f") {
    return `${name} has no primary key (fix: add one, or ALTER TABLE ${name} REPLICA IDENTITY FULL, and the same for its partitions)`;
  }
  return null;
}

function identityRefusalOf(
  name: string,
  identity: string,
  hasPrimaryKey: boolean,
  hasIndex: boolean,
): string | null {
  const fix = `ALTER TABLE ${name} REPLICA IDENTITY FULL`;
  switch (identity) {
    case "f":
      return null;
    case "d":
      if (hasPrimaryKey) return null;
      return `${name} has no primary key that identifies its rows in the change stream (fix: add one, or ${fix})`;
    case "i":
      if (hasIndex) return null;
      return `the replica identity index of ${name} is gone (fix: ${fix})`;
    default:
      return `${name} has REPLICA IDENTITY NOTHING: its changes do not say which row changed (fix: ${fix})`;
  }
}
