import type { SqlType, TableId, TableSchema } from "@freshet/types";
import { OperationalError } from "@freshet/util";
import type { Connection } from "mysql2";
import type { UpstreamCatalog } from "../contract.ts";
import { type ServerInfo, readServerInfo } from "./server-info.ts";
import { type TableDetail, readTableDetails, withShownCascades } from "./table-detail.ts";
import type { TableIds } from "./table-ids.ts";
import { defineTable } from "./table-schema.ts";

/** What of a session decides the meaning of a text; `SessionScope.identity` is its JSON. */
export interface Scope {
  /** Default schema; "" when none. */
  readonly db: string;
  /** Words of sql_mode, sorted. */
  readonly modes: readonly string[];
}

export function parseScope(identity: string): Scope {
  const scope = JSON.parse(identity) as Partial<Scope>;
  if (typeof scope.db !== "string" || !Array.isArray(scope.modes)) {
    throw new OperationalError(`not a scope: ${identity}`);
  }
  return { db: scope.db, modes: scope.modes.map(String) };
}

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set([
  "mysql",
  "information_schema",
  "performance_schema",
  "sys",
]);

/** Reads everything a scope can name, so that look-ups need no further round trip. */
export async function readCatalog(
  client: Connection,
  ids: TableIds,
  scopeIdentity: string,
): Promise<UpstreamCatalog> {
  const server = await readServerInfo(client);
  const details = await readTableDetails(client, server);
  const fold = (name: string): string => (server.foldNames ? name.toLowerCase() : name);
  const byName = new Map<string, TableDetail>();
  for (const detail of details) byName.set(`${fold(detail.schema)}\0${fold(detail.name)}`, detail);
  const scope = parseScope(scopeIdentity);

  return {
    table(schema, name) {
      const owner = schema ?? scope.db;
      if (owner === "") return { refused: `no schema is selected to find "${name}" in` };
      if (SYSTEM_SCHEMAS.has(owner.toLowerCase())) {
        return { refused: `${owner}.${name} is a system table` };
      }
      const detail = byName.get(`${fold(owner)}\0${fold(name)}`);
      if (detail === undefined) return { refused: `table "${owner}.${name}" does not exist` };
      return defineDetail(detail, server, ids);
    },
    // Casts name the few types that the dialect's semantics knows; there are no types of users.
    type: (): SqlType | null => null,
    // A stored function is called by its own name only where no native function has it, and
    // there are no operators or casts of users.
    overload: () => null,
  };
}

export function defineDetail(
  detail: TableDetail,
  server: ServerInfo,
  ids: TableIds,
): TableSchema | { readonly refused: string } {
  return defineTable(detail, server, ids.idOf(detail));
}

/** One entry for each column of the table, null for those that are not kept. */
export function wantedTypes(detail: TableDetail, schema: TableSchema): readonly (SqlType | null)[] {
  const kept = new Map(schema.columns.map((column) => [column.number, column.type]));
  return detail.columns.map((column) => kept.get(column.number) ?? null);
}

/** The definitions of these tables now; those that are gone or refused are missing. */
export async function readDefinitions(
  client: Connection,
  server: ServerInfo,
  ids: TableIds,
  schemas: readonly TableSchema[],
): Promise<
  ReadonlyMap<
    TableId,
    { readonly detail: TableDetail; readonly definition: ReturnType<typeof defineTable> }
  >
> {
  const details = await readTableDetails(client, server, schemas);
  const fold = (name: string): string => (server.foldNames ? name.toLowerCase() : name);
  const found = new Map<
    TableId,
    { readonly detail: TableDetail; readonly definition: ReturnType<typeof defineTable> }
  >();
  for (const schema of schemas) {
    const detail = details.find(
      (each) => fold(each.schema) === fold(schema.schema) && fold(each.name) === fold(schema.name),
    );
    if (detail === undefined) continue;
    const whole = server.flavour === "mariadb" ? await withShownCascades(client, detail) : detail;
    found.set(schema.id, { detail: whole, definition: defineDetail(whole, server, ids) });
  }
  return found;
}
