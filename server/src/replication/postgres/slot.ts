import { must } from "@freshet/util";
import type pg from "pg";
import type { SetupNames } from "./names.ts";
import { positionOfText } from "./position.ts";
import { queryRows } from "./session.ts";

export interface SlotState {
  readonly active: boolean;
  readonly activePid: string | null;
  readonly plugin: string;
  readonly database: string;
  readonly confirmedPosition: string | null;
  readonly retainedBytes: number | null;
  readonly lagBytes: number | null;
  /** Why the slot is of no use any more; null while it is. */
  readonly lost: string | null;
}

/** Reads the slot as JSON because its columns differ between versions. */
export async function readSlot(
  client: pg.Client,
  names: SetupNames,
  name = names.slot,
): Promise<SlotState | null> {
  const rows = await queryRows(
    client,
    `SELECT to_jsonb(s)::text AS slot,
       pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::text AS retained,
       pg_wal_lsn_diff(pg_current_wal_lsn(), s.confirmed_flush_lsn)::text AS lag
     FROM pg_replication_slots s WHERE s.slot_name = $1`,
    [name],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const slot = JSON.parse(must(row["slot"], "a slot is a row")) as Record<string, unknown>;
  const confirmed = slot["confirmed_flush_lsn"];
  return {
    active: slot["active"] === true,
    activePid: typeof slot["active_pid"] === "number" ? String(slot["active_pid"]) : null,
    plugin: String(slot["plugin"]),
    database: String(slot["database"]),
    confirmedPosition: typeof confirmed === "string" ? positionOfText(confirmed) : null,
    retainedBytes: row["retained"] === null ? null : Number(row["retained"]),
    lagBytes: row["lag"] === null ? null : Number(row["lag"]),
    lost: lostReason(slot),
  };
}

function lostReason(slot: Readonly<Record<string, unknown>>): string | null {
  const invalidation = slot["invalidation_reason"];
  if (typeof invalidation === "string") return `the server invalidated it (${invalidation})`;
  if (slot["conflicting"] === true) return "it conflicted with recovery";
  if (slot["wal_status"] === "lost") {
    return "the server removed log that it needed (max_slot_wal_keep_size)";
  }
  return null;
}

/**
 * Creates the slot. The server waits for transactions in progress, so this can take as long as
 * the longest of them. From version 17 on the slot follows a failover.
 */
export async function createSlot(
  client: pg.Client,
  names: SetupNames,
  versionNumber: number,
): Promise<string> {
  const options = versionNumber >= 170_000 ? ", false, false, true" : "";
  const rows = await queryRows(
    client,
    `SELECT lsn::text FROM pg_create_logical_replication_slot($1, 'pgoutput'${options})`,
    [names.slot],
  );
  return positionOfText(must(rows[0]?.["lsn"], "a slot has a position"));
}

/** Another slot that stands where this one does. The log is kept for both from then on. */
export async function copySlot(client: pg.Client, from: string, to: string): Promise<void> {
  await queryRows(
    client,
    "SELECT FROM pg_copy_logical_replication_slot($1::text::name, $2::text::name)",
    [from, to],
  );
}

export async function dropSlot(client: pg.Client, name: string): Promise<void> {
  await queryRows(client, "SELECT pg_drop_replication_slot($1)", [name]);
}
