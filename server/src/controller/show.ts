import type { ControlResult } from "@freshet/rpc";
import { type CacheStatement } from "@freshet/sql";
import type { LiveCache } from "../engine/live-cache.ts";
import type { CacheRegistry } from "./cache-registry.ts";
import type { ProxiedQueries } from "./proxied-queries.ts";
import { PRODUCT_VERSION } from "../version.ts";

/** The result sets of our own statements; column names are those that ReadySet's users know. */

export type TableRows = readonly {
  readonly table: string;
  readonly status: string;
  readonly description: string;
}[];

export function done(tag: string, notices: readonly string[] = []): ControlResult {
  return { columns: [], rows: [], tag, notices };
}

export function single(column: string, value: string, tag: string): ControlResult {
  return { columns: [column], rows: [[value]], tag, notices: [] };
}

export function created(cache: LiveCache): ControlResult {
  const { definition, record } = cache;
  return {
    columns: ["query_id", "name", "query", "cache_type"],
    rows: [[definition.queryId, record.name, unicode(record.select), "incremental"]],
    tag: "CREATE CACHE",
    notices: [],
  };
}

export function explainCreate(
  queryId: string,
  select: string,
  supported: string,
  notices: readonly string[],
): ControlResult {
  return {
    columns: ["query_id", "query", "freshet_supported"],
    rows: [[queryId, unicode(select), supported]],
    tag: "EXPLAIN",
    notices,
  };
}

export function caches(registry: CacheRegistry, queryId: string | null): ControlResult {
  const rows: (string | null)[][] = [];
  for (const cache of registry.live()) {
    const { definition, record } = cache;
    if (queryId !== null && definition.queryId !== queryId) continue;
    const properties = [
      "incremental",
      definition.inTransaction === "always" ? "always" : "until write",
      `${cache.entries.size} entries`,
      definition.maintenance,
    ];
    rows.push([
      definition.queryId,
      record.name,
      unicode(record.select),
      properties.join(", "),
      String(cache.hits),
    ]);
  }
  for (const { record, reason } of registry.unbuilt()) {
    if (queryId !== null) continue;
    rows.push(["", record.name, unicode(record.select), `forwarded: ${reason}`, "0"]);
  }
  return {
    columns: ["query_id", "name", "query", "properties", "count"],
    rows,
    tag: `SELECT ${rows.length}`,
    notices: [],
  };
}

export function explainCaches(registry: CacheRegistry): ControlResult {
  const records = [...registry.live(), ...registry.unbuilt()].map(({ record }) => record);
  const rows = records.map((record) => {
    const always = record.inTransaction === "always" ? "ALWAYS " : "";
    const name = `"${record.name.replaceAll('"', '""')}"`;
    return [`CREATE CACHE ${always}${name} FROM ${unicode(record.select)}`];
  });
  return { columns: ["query"], rows, tag: `SELECT ${rows.length}`, notices: [] };
}

export function proxiedQueries(
  proxied: ProxiedQueries,
  filter: Extract<CacheStatement, { kind: "show-proxied-queries" }>,
): ControlResult {
  let queries = proxied.list();
  if (filter.supportedOnly) queries = queries.filter((query) => query.support === "yes");
  if (filter.queryId !== null)
    queries = queries.filter(({ queryId }) => queryId === filter.queryId);
  if (filter.limit !== null) queries = queries.slice(0, filter.limit);
  const rows = queries.map((query) => [
    query.queryId,
    unicode(query.example),
    query.support,
    String(query.count),
  ]);
  return {
    columns: ["query_id", "query", "freshet_supported", "count"],
    rows,
    tag: `SELECT ${rows.length}`,
    notices: [],
  };
}

export function nameValue(
  pairs: readonly (readonly [string, string])[],
  tag: string,
): ControlResult {
  return { columns: ["name", "value"], rows: pairs, tag, notices: [] };
}

export function tables(rows: TableRows): ControlResult {
  return {
    columns: ["table", "status", "description"],
    rows: rows.map(({ table, status, description }) => [table, status, description]),
    tag: `SELECT ${rows.length}`,
    notices: [],
  };
}

export function version(): ControlResult {
  return nameValue(
    [
      ["freshet", PRODUCT_VERSION],
      ["node", process.version],
      ["platform", `${process.platform} ${process.arch}`],
    ],
    "SHOW FRESHET VERSION",
  );
}

export type AdapterRows = readonly {
  readonly name: string;
  readonly region: string;
  readonly version: string;
  readonly address: string;
  readonly clients: number;
  /** Milliseconds since the epoch; null when it is not connected to this server. */
  readonly connectedMs: number | null;
  readonly state: string;
}[];

export function adapters(rows: AdapterRows): ControlResult {
  return {
    columns: ["name", "region", "version", "address", "clients", "connected", "state"],
    rows: rows.map((row) => [
      row.name,
      row.region,
      row.version,
      row.address,
      String(row.clients),
      timeOf(row.connectedMs),
      row.state,
    ]),
    tag: `SELECT ${rows.length}`,
    notices: [],
  };
}

export type ServerRows = readonly {
  readonly name: string;
  readonly region: string;
  readonly role: "leader" | "standby";
  readonly version: string;
  readonly address: string;
  readonly state: string;
  readonly startedMs: number;
  /** Where this server stands; null for others, who do not say. */
  readonly position: string | null;
  readonly lagBytes: number | null;
}[];

export function servers(rows: ServerRows): ControlResult {
  return {
    columns: [
      ...["name", "region", "role", "version", "address"],
      ...["state", "started", "position", "lag_bytes"],
    ],
    rows: rows.map((row) => [
      row.name,
      row.region,
      row.role,
      row.version,
      row.address,
      row.state,
      timeOf(row.startedMs),
      row.position ?? "",
      row.lagBytes?.toString() ?? "",
    ]),
    tag: `SELECT ${rows.length}`,
    notices: [],
  };
}

/** As text, "" for never. */
export function timeOf(ms: number | null): string {
  return ms === null ? "" : new Date(ms).toISOString();
}

export function connections(
  list: readonly { readonly client: string; readonly user: string }[],
): ControlResult {
  return {
    columns: ["client_addr", "username"],
    rows: list.map(({ client, user }) => [client, user]),
    tag: `SELECT ${list.length}`,
    notices: [],
  };
}

function unicode(byteString: string): string {
  return Buffer.from(byteString, "latin1").toString("utf8");
}
