import type { BackupStatus } from "../backup/backup-keeper.ts";
import type { ReplicationHealth } from "../replication/contract.ts";
import type { TableProgress } from "../engine/base-tables.ts";
import { type TableRows, timeOf } from "./show.ts";

export interface StatusFacts {
  readonly serving: boolean;
  readonly servingReason: string;
  /** The stream of changes is open. */
  readonly following: boolean;
  readonly health: ReplicationHealth | null;
  /** Applied up to here, and durable up to here. */
  readonly visible: string;
  readonly durable: string;
  readonly tables: readonly TableProgress[];
  readonly startedMs: number;
  readonly followingSinceMs: number | null;
  readonly lastCopyMs: number | null;
  readonly clients: number;
  readonly adapters: number;
  readonly lastError: string;
  readonly maintenance: boolean;
  /** Which tables may be copied. */
  readonly filter: string;
  /** Null without backups. */
  readonly backup: BackupStatus | null;
}

/** SHOW FRESHET STATUS: the names are those that ReadySet's users look for, where there is one. */
export function statusRows(facts: StatusFacts): readonly (readonly [string, string])[] {
  const { health } = facts;
  return [
    ["Database Connection", facts.following ? "Connected" : "Unreachable"],
    ["Connection Count", String(facts.clients)],
    ["Status", statusOf(facts)],
    ["Replication Status", facts.following ? "Running" : "Stopped"],
    ["Maximum Replication Offset", facts.visible],
    ["Minimum Replication Offset", facts.durable],
    ["Last started Controller", timeOf(facts.startedMs)],
    ["Last completed snapshot", timeOf(facts.lastCopyMs)],
    ["Last started replication", timeOf(facts.followingSinceMs)],
    ["Last replicator error", facts.lastError],
    ["Retained Log Bytes", health?.retainedBytes?.toString() ?? ""],
    ["Replication Lag Bytes", health?.lagBytes?.toString() ?? ""],
    ["Replication Problem", health?.lost ?? ""],
    ["Adapters", String(facts.adapters)],
    ...backupRows(facts.backup),
    ["Maintenance Mode", facts.maintenance ? "on" : "off"],
    ["Replicated Tables", facts.filter],
  ];
}

function backupRows(backup: BackupStatus | null): readonly (readonly [string, string])[] {
  if (backup === null) return [];
  return [
    ["Last Backup", timeOf(backup.lastMs)],
    ["Last Backup Error", backup.lastError],
    ["Backup Retained Log Bytes", backup.retainedBytes?.toString() ?? ""],
  ];
}

function statusOf({ serving, servingReason, tables }: StatusFacts): string {
  if (!serving) return `Forwarding: ${servingReason}`;
  const unfinished = tables.some(({ status }) => status !== "online" && status !== "failed");
  return unfinished ? "Snapshot In Progress" : "Online";
}

/** SHOW FRESHET TABLES. */
export function tableRows(tables: readonly TableProgress[]): TableRows {
  return tables.map(({ schema, status, rows, estimatedRows, reason }) => {
    const percent = Math.min(99, Math.floor((rows * 100) / Math.max(1, estimatedRows)));
    return {
      table: `${schema.schema}.${schema.name}`,
      status: status === "copying" ? `copying (${percent}%)` : status,
      description: reason === "" ? `${rows} rows copied` : reason,
    };
  });
}
