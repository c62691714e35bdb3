import { messageOf } from "@freshet/util";
import type pg from "pg";
import type { Finding } from "../contract.ts";
import { type ConnectionOptions, endQuietly, openConnection } from "./connection.ts";
import { type SetupNames, quoteName } from "./names.ts";
import { readPublication } from "./publication.ts";
import { type ServerInfo, readServerInfo } from "./server-info.ts";
import { queryRows } from "./session.ts";
import { readSlot } from "./slot.ts";

const OLDEST_VERSION = 130_000;

/** Everything that would stop replication later, each with its fix. Changes nothing upstream. */
export async function verifyUpstream(
  options: ConnectionOptions,
  names: SetupNames,
  disableSetup: boolean,
): Promise<readonly Finding[]> {
  let client: pg.Client;
  try {
    client = await openConnection(options, "admin");
  } catch (error) {
    return [{ ok: false, check: "reachable", message: `${messageOf(error)}.` }];
  }
  try {
    const server = await readServerInfo(client);
    const reachable = `Connected to Postgres ${server.version}, database ${server.database}.`;
    return [
      { ok: true, check: "reachable", message: reachable },
      versionFinding(server),
      primaryFinding(server),
      encodingFinding(server),
      await walLevelFinding(client),
      await roleFinding(client, names, disableSetup),
      ...(server.inRecovery ? [] : await slotFindings(client, names)),
      await senderFinding(client),
      await replicationFinding(options),
    ];
  } finally {
    await endQuietly(client);
  }
}

function versionFinding(server: ServerInfo): Finding {
  const ok = server.versionNumber >= OLDEST_VERSION;
  const message = ok
    ? `Version ${server.version} is supported.`
    : `Version ${server.version} is too old: upgrade to Postgres 13 or later.`;
  return { ok, check: "version", message };
}

function primaryFinding(server: ServerInfo): Finding {
  const message = server.inRecovery
    ? "The server is a standby: point --upstream-db-url at the primary."
    : "The server is a primary.";
  return { ok: !server.inRecovery, check: "primary", message };
}

function encodingFinding(server: ServerInfo): Finding {
  const ok = server.encoding !== "SQL_ASCII";
  const message = ok
    ? `The database's encoding is ${server.encoding}.`
    : "The database's encoding is SQL_ASCII, whose bytes have no certain meaning: no table can be cached. Move the data to a database with encoding UTF8.";
  return { ok, check: "encoding", message };
}

async function walLevelFinding(client: pg.Client): Promise<Finding> {
  const level = await setting(client, "wal_level");
  const ok = level === "logical";
  const message = ok
    ? "wal_level is logical."
    : `wal_level is ${level}: set wal_level = logical in postgresql.conf (on managed services: rds.logical_replication = 1, cloudsql.logical_decoding = on, or the like) and restart the server.`;
  return { ok, check: "wal_level", message };
}

async function roleFinding(
  client: pg.Client,
  names: SetupNames,
  disableSetup: boolean,
): Promise<Finding> {
  const rows = await queryRows(
    client,
    `SELECT current_user AS name, rolsuper AS super, rolreplication AS replication,
       has_database_privilege(current_database(), 'CREATE') AS creates,
       EXISTS (SELECT FROM pg_roles g WHERE g.rolname IN ('rds_replication', 'rds_superuser',
         'cloudsqlsuperuser', 'azure_pg_admin') AND pg_has_role(current_user, g.oid, 'MEMBER')) AS managed,
       quote_ident(current_database()) AS database
     FROM pg_roles WHERE rolname = current_user`,
  );
  const row = rows[0];
  const user = quoteName(row?.["name"] ?? "");
  const is = (name: string): boolean => row?.[name] === "t";
  if (!is("super") && !is("replication") && !is("managed")) {
    const message = `The user ${user} may not replicate: run ALTER ROLE ${user} REPLICATION (on RDS: GRANT rds_replication TO ${user}).`;
    return { ok: false, check: "privileges", message };
  }
  const { exists, incomplete } = await readPublication(client, names);
  if (incomplete !== null) return { ok: false, check: "publication", message: `${incomplete}.` };
  if (!exists && disableSetup) {
    const message = `The publication is missing and setup is disabled: run CREATE PUBLICATION ${quoteName(names.publication)} FOR TABLE <the tables to cache>.`;
    return { ok: false, check: "privileges", message };
  }
  if (!exists && !is("creates")) {
    const message = `The user ${user} may not create the publication: run GRANT CREATE ON DATABASE ${row?.["database"]} TO ${user}.`;
    return { ok: false, check: "privileges", message };
  }
  const message = is("super")
    ? `The user ${user} may replicate and set up everything.`
    : `The user ${user} may replicate. Tables are published by their owner: those of other roles need GRANT <owner> TO ${user}.`;
  return { ok: true, check: "privileges", message };
}

async function slotFindings(client: pg.Client, names: SetupNames): Promise<readonly Finding[]> {
  const check = "replication slot";
  const slot = await readSlot(client, names);
  if (slot === null) {
    const used = await queryRows(client, "SELECT count(*)::text AS used FROM pg_replication_slots");
    const limit = Number(await setting(client, "max_replication_slots"));
    const ok = Number(used[0]?.["used"] ?? 0) < limit;
    const message = ok
      ? "A replication slot is free."
      : `All ${limit} replication slots are in use: raise max_replication_slots and restart, or drop a slot that is not needed.`;
    return [{ ok, check, message }];
  }
  if (slot.lost !== null) {
    const message = `The slot ${names.slot} is lost: ${slot.lost}. It will be recreated at the next start, and all tables copied again.`;
    return [{ ok: false, check, message }];
  }
  const message = slot.active
    ? `The slot ${names.slot} exists and is in use by process ${slot.activePid}. Only one Freshet can use it: another deployment needs another --deployment.`
    : `The slot ${names.slot} exists and is free.`;
  return [{ ok: true, check, message }];
}

async function senderFinding(client: pg.Client): Promise<Finding> {
  const rows = await queryRows(
    client,
    "SELECT count(*)::text AS used FROM pg_stat_activity WHERE backend_type = 'walsender'",
  );
  const limit = Number(await setting(client, "max_wal_senders"));
  const ok = Number(rows[0]?.["used"] ?? 0) < limit;
  const message = ok
    ? "A replication connection is free."
    : `All ${limit} replication connections are in use: raise max_wal_senders and restart the server.`;
  return { ok, check: "max_wal_senders", message };
}

async function replicationFinding(options: ConnectionOptions): Promise<Finding> {
  const check = "replication connection";
  try {
    await endQuietly(await openConnection(options, "replication"));
    return { ok: true, check, message: "A replication connection can be opened." };
  } catch (error) {
    const message = `A replication connection cannot be opened (${messageOf(error)}): connect directly to the server, not through a pooler, and allow it in pg_hba.conf.`;
    return { ok: false, check, message };
  }
}

async function setting(client: pg.Client, name: string): Promise<string> {
  const rows = await queryRows(client, "SELECT current_setting($1) AS value", [name]);
  return rows[0]?.["value"] ?? "";
}
