import { type Clock, type Logger, OperationalError, must } from "@freshet/util";
import type pg from "pg";
import type { UpstreamIdentity } from "../contract.ts";
import { type ConnectionOptions, endQuietly, openConnection } from "./connection.ts";
import { installEventTriggers } from "./event-triggers.ts";
import { type SetupNames, quoteName } from "./names.ts";
import { positionOfText } from "./position.ts";
import { createPublication, readPublication } from "./publication.ts";
import { claimReplica, refuseReplica, type ReplicaMark } from "./replica-mark.ts";
import { readServerInfo } from "./server-info.ts";
import { queryRows } from "./session.ts";
import { createSlot, dropSlot, readSlot } from "./slot.ts";

const OLDEST_VERSION = 130_000;

/**
 * Finds or makes publication, event triggers and slot, in this order: decoding fails at a
 * position before the publication was created. A slot without its publication, or one that the
 * server gave up, is made anew, and then `fresh` says that the local copy is worthless.
 */
export async function setUp(options: {
  readonly client: pg.Client;
  readonly connection: ConnectionOptions;
  readonly names: SetupNames;
  /** Null for a server that is the only one. */
  readonly mark: ReplicaMark | null;
  readonly disableSetup: boolean;
  /** Why the slot's log cannot be decoded, as the last stream found; null: nothing is known. */
  readonly undecodable: string | null;
  readonly logger: Logger;
  readonly clock: Clock;
}): Promise<UpstreamIdentity> {
  const { client, names, logger, disableSetup, mark } = options;
  const server = await readServerInfo(client);
  if (server.versionNumber < OLDEST_VERSION) {
    throw new OperationalError(
      `Postgres ${server.version} is too old: version 13 or later is needed`,
    );
  }
  if (server.inRecovery) {
    throw new OperationalError(
      "the upstream is a standby: a primary is needed to follow its changes",
    );
  }
  const { systemId, timeline } = await identifySystem(options.connection);
  const publicationExists = await ensurePublication(client, names, disableSetup);
  if (mark === null) await refuseReplica(client, names);
  else await claimReplica(client, names, mark, { isNew: !publicationExists });
  if (!disableSetup) {
    const refused = await installEventTriggers(client, names);
    if (refused !== null) {
      const message = "event triggers are not possible; schema changes are noticed by polling";
      logger.warn({ reason: refused }, message);
    }
  }
  let slot = await readSlot(client, names);
  if (slot !== null && (slot.plugin !== "pgoutput" || slot.database !== server.database)) {
    const { database, plugin } = slot;
    const owner = `plugin ${plugin}, database ${database}`;
    throw new OperationalError(
      `the slot ${names.slot} belongs to something else (${owner}): use another --deployment`,
    );
  }
  const unusable = publicationExists
    ? (slot?.lost ?? options.undecodable)
    : "its publication is gone";
  const lost = slot === null ? null : unusable;
  if (lost !== null) {
    const message = "the replication slot is lost: it is created anew, all tables are copied again";
    logger.error({ slot: names.slot, reason: lost }, message);
    await dropSlot(client, names.slot);
    slot = null;
  }
  const fresh = slot === null;
  if (fresh) {
    logger.info({ slot: names.slot }, "creating the replication slot; waits for open transactions");
  }
  const resumePosition =
    slot === null ? await createSlot(client, names, server.versionNumber) : slot.confirmedPosition;
  return {
    systemId,
    timeline,
    resumePosition,
    logEnd: await readLogEnd(client),
    fresh,
    database: server.database,
    slot: names.slot,
    serverVersion: server.version,
  };
}

/** What has been streamed was flushed before, and so survives a crash. */
async function readLogEnd(client: pg.Client): Promise<string> {
  const rows = await queryRows(client, "SELECT pg_current_wal_flush_lsn()::text AS lsn");
  return positionOfText(must(rows[0]?.["lsn"], "a primary has a log"));
}

/** True when it was there before. */
async function ensurePublication(
  client: pg.Client,
  names: SetupNames,
  disableSetup: boolean,
): Promise<boolean> {
  const { exists, incomplete } = await readPublication(client, names);
  if (incomplete !== null) throw new OperationalError(incomplete);
  if (exists) return true;
  if (disableSetup) {
    throw new OperationalError(
      `the publication ${names.publication} does not exist and setup is disabled: ` +
        `run CREATE PUBLICATION ${quoteName(names.publication)} FOR TABLE <the tables to cache>`,
    );
  }
  await createPublication(client, names);
  return false;
}

export async function identifySystem(
  connection: ConnectionOptions,
): Promise<{ readonly systemId: string; readonly timeline: string }> {
  const client = await openConnection(connection, "replication");
  try {
    const row = must((await queryRows(client, "IDENTIFY_SYSTEM"))[0], "the server knows itself");
    return { systemId: row["systemid"] ?? "", timeline: row["timeline"] ?? "" };
  } finally {
    await endQuietly(client);
  }
}
