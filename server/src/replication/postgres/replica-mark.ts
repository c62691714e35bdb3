import { ConfigurationError, OperationalError } from "@freshet/util";
import type pg from "pg";
import type { UpstreamReplica } from "../contract.ts";
import { databaseError } from "./connection.ts";
import { type SetupNames, quoteName, quoteText } from "./names.ts";
import { queryRows } from "./session.ts";
import { readSlot } from "./slot.ts";

/** Whose a publication is, and so the slot, schema and triggers that bear its name. */
export interface ReplicaMark {
  readonly deployment: string;
  readonly replica: string;
  /** Fencing token of the name's owner; greater for every owner that follows. */
  readonly token: number;
}

const PREFIX = "freshet ";
const LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text";

/**
 * Writes whose it is beside the publication, as its comment. Names alone would not tell: another
 * deployment may be called as this one and its replica together.
 *
 * @throws ConfigurationError when a later owner of the name, or another deployment, has it.
 */
export async function claimReplica(
  client: pg.Client,
  names: SetupNames,
  mark: ReplicaMark,
  publication: { readonly isNew: boolean } = { isNew: false },
): Promise<void> {
  await client.query("BEGIN");
  try {
    await queryRows(client, LOCK, [names.publication]);
    const found = await readMark(client, names);
    if (found !== null) refuseOthers(found, mark, names);
    if (found?.token !== mark.token) {
      const comment = quoteText(PREFIX + JSON.stringify(mark));
      await client.query(`COMMENT ON PUBLICATION ${quoteName(names.publication)} IS ${comment}`);
    }
    // A slot of ours is made after the mark, unless we may not mark, and then we are not here.
    if (found === null && !publication.isNew && (await readSlot(client, names)) !== null) {
      throw new ConfigurationError(
        `The slot ${names.slot} belongs to another deployment, of one process: ` +
          "choose another --member-name (or --cleanup this one, if it is not so).",
      );
    }
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    // The operator made the publication, so it bears no mark and nobody removes it for us.
    if (databaseError(error)?.code !== "42501") throw error;
  }
}

/** Throws a ConfigurationError when the names are those of a server that is one of several. */
export async function refuseReplica(client: pg.Client, names: SetupNames): Promise<void> {
  const found = await readMark(client, names);
  if (found === null) return;
  throw new ConfigurationError(
    `The slot ${names.slot} belongs to one of deployment ${found.deployment}'s servers, ` +
      `${found.replica}: choose another --deployment.`,
  );
}

function refuseOthers(found: ReplicaMark, mark: ReplicaMark, names: SetupNames): void {
  if (found.deployment !== mark.deployment || found.replica !== mark.replica) {
    throw new ConfigurationError(
      `The slot ${names.slot} belongs to ${found.replica} of deployment ${found.deployment}: ` +
        "choose another --member-name.",
    );
  }
  if (found.token > mark.token) {
    throw new ConfigurationError(
      `The slot ${names.slot} belongs to a later owner of the name "${mark.replica}": end this ` +
        "process, or choose another --member-name (when the authority was set up anew: run --cleanup).",
    );
  }
}

/** Null when there is no such publication, or it bears no mark. */
async function readMark(client: pg.Client, names: SetupNames): Promise<ReplicaMark | null> {
  const rows = await queryRows(
    client,
    `SELECT obj_description(oid, 'pg_publication') AS mark FROM pg_publication WHERE pubname = $1`,
    [names.publication],
  );
  return parseMark(rows[0]?.["mark"] ?? null);
}

function parseMark(comment: string | null): ReplicaMark | null {
  if (comment?.startsWith(PREFIX) !== true) return null;
  try {
    const mark = JSON.parse(comment.slice(PREFIX.length)) as Partial<ReplicaMark>;
    const { deployment, replica, token } = mark;
    if (typeof deployment !== "string" || typeof replica !== "string") return null;
    return { deployment, replica, token: typeof token === "number" ? token : 0 };
  } catch {
    return null;
  }
}

/** The servers of this deployment that have something in this database. */
export async function listReplicas(
  client: pg.Client,
  deployment: string,
): Promise<readonly UpstreamReplica[]> {
  const rows = await queryRows(
    client,
    `SELECT p.pubname AS name, obj_description(p.oid, 'pg_publication') AS mark,
       s.active AS active, pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::text AS retained
     FROM pg_publication p LEFT JOIN pg_replication_slots s ON s.slot_name = p.pubname
       AND s.database = current_database()`,
  );
  return rows.flatMap((row) => {
    const mark = parseMark(row["mark"] ?? null);
    if (mark?.deployment !== deployment) return [];
    return {
      replica: mark.replica,
      active: row["active"] === "t",
      retainedBytes: row["retained"] === null ? null : Number(row["retained"]),
    };
  });
}

/** Throws when what bears these names is another's, be it one that has no mark. */
export async function assertReplica(
  client: pg.Client,
  names: SetupNames,
  expected: { readonly deployment: string; readonly replica: string },
): Promise<void> {
  const exists = await queryRows(client, "SELECT FROM pg_publication WHERE pubname = $1", [
    names.publication,
  ]);
  const mark = await readMark(client, names);
  const same = mark?.deployment === expected.deployment && mark.replica === expected.replica;
  if (exists.length === 0 || same) return;
  throw new OperationalError(
    `the publication ${names.publication} is not that of ${expected.replica} in deployment ${expected.deployment}`,
  );
}
