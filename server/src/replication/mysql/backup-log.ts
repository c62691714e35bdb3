import type { BackupLog, HeldLog, ResumedCopy } from "../contract.ts";

/**
 * The server keeps its binary logs by its own rules (binlog_expire_logs_seconds): a copy can be
 * continued while they have its position, which `connect` and `stream` find out as after any
 * absence. Whatever happened to tables since then is in the log.
 */
export function mysqlBackupLog(currentPosition: () => Promise<string>): BackupLog {
  return {
    hold: async (): Promise<HeldLog> => ({
      position: await currentPosition(),
      reach: null,
      evidence: null,
    }),
    release: () => Promise.resolve(),
    state: () => Promise.resolve({ lost: null, retainedBytes: null }),
    drop: () => Promise.resolve(null),
    resume: (): Promise<ResumedCopy> => Promise.resolve({ stale: [] }),
  };
}
