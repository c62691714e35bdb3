import type { SqlType, TableSchema } from "@freshet/types";
import type pg from "pg";
import type { UpstreamCatalog } from "../contract.ts";
import { readCollations } from "./collations.ts";
import { eventTriggersWork } from "./event-triggers.ts";
import type { SetupNames } from "./names.ts";
import { type Overloads, readOverloads } from "./overloads.ts";
import { refusalOf } from "./refusals.ts";
import { type ServerInfo, readServerInfo } from "./server-info.ts";
import { queryRows } from "./session.ts";
import { type TableDetail, readAllTableDetails } from "./table-detail.ts";
import { tableSchemaOf } from "./table-schema.ts";
import { type TypeCatalog, readTypes } from "./type-catalog.ts";

/** What turns a `TableDetail` into a definition or a refusal. */
export interface CatalogBasis {
  readonly server: ServerInfo;
  readonly types: TypeCatalog;
  readonly overloads: Overloads;
  /** Event triggers bring every change of definition in the stream. */
  readonly triggersWork: boolean;
}

export async function readBasis(client: pg.Client, names: SetupNames): Promise<CatalogBasis> {
  const server = await readServerInfo(client);
  const types = await readTypes(client, await readCollations(client, server));
  const overloads = await readOverloads(client);
  return { server, types, overloads, triggersWork: await eventTriggersWork(client, names) };
}

export function defineTable(
  detail: TableDetail,
  basis: CatalogBasis,
): TableSchema | { readonly refused: string } {
  const refused = refusalOf(detail, basis.types, basis.server);
  return refused === null ? tableSchemaOf(detail, basis) : { refused };
}

/** Reads everything a scope can name, so that look-ups need no further round trip. */
export async function readCatalog(
  client: pg.Client,
  names: SetupNames,
  scopeIdentity: string,
): Promise<UpstreamCatalog> {
  const basis = await readBasis(client, names);
  const details = await readAllTableDetails(client, basis.server.versionNumber);
  const system = await queryRows(
    client,
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
       AND (n.nspname = 'pg_catalog' OR n.nspname = 'information_schema')`,
  );
  const byName = new Map<string, TableDetail>();
  for (const detail of details.values()) byName.set(`${detail.schema}\0${detail.name}`, detail);
  const systemNames = new Set(system.map((row) => `${row["schema"]}\0${row["name"]}`));
  const scope = parseScope(scopeIdentity);

  return {
    table(schema, name) {
      for (const candidate of schema === null ? scope : [schema]) {
        const id = `${candidate}\0${name}`;
        if (systemNames.has(id)) return { refused: `${candidate}.${name} is a system table` };
        const detail = byName.get(id);
        if (detail !== undefined) return defineTable(detail, basis);
      }
      return { refused: `relation "${schema === null ? "" : `${schema}.`}${name}" does not exist` };
    },
    type(path, modifiers): SqlType | null {
      return basis.types.resolve(path, modifiers, scope);
    },
    overload: (kind, name) => basis.overloads.find(kind, name, scope),
  };
}

/** The elements of `current_schemas(true)` as text, e.g. `{pg_catalog,"odd name"}`. */
export function parseScope(identity: string): readonly string[] {
  const inner = identity.replace(/^\{/, "").replace(/\}$/, "");
  const schemas: string[] = [];
  for (const match of inner.matchAll(/"((?:[^"\\]|\\.)*)"|([^,"]+)/g)) {
    schemas.push(match[1] === undefined ? (match[2] ?? "") : match[1].replace(/\\(.)/g, "$1"));
  }
  return schemas;
}
