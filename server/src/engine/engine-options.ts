import type { Member } from "@freshet/cluster";
import type { Clock, ConfigurationError, Logger } from "@freshet/util";
import type { BackupOptions, BackupStatus } from "../backup/backup-keeper.ts";
import type { DocumentPort } from "../controller/shared-state.ts";
import type { ReplicationHealth } from "../replication/contract.ts";
import type { EngineMetrics } from "./metrics.ts";

export interface EngineOptions {
  readonly upstreamUrl: string;
  readonly deployment: string;
  /** Name of a server that is one of several: its slot, files and so on bear it. Null: combined. */
  readonly replica?: string | null;
  /**
   * Fencing token of that name's ownership. A storage or slot that an owner with a greater token
   * has had is refused with a ConfigurationError.
   */
  readonly ownerToken?: number | null;
  /** What all servers of the deployment share; null: files of this process alone. */
  readonly documents?: SharedDocuments | null;
  /** Who else there is, as the authority last said; null in combined mode. */
  readonly members?: (() => MembersView) | null;
  readonly storageDir: string;
  /** Bytes for the state of filled keys; the oldest keys go first. */
  readonly memoryLimitBytes: number;
  readonly disableSetup?: boolean;
  /** Where copies of the storage are kept; an empty storage starts from the newest. Null: none. */
  readonly backup?: BackupOptions | null;
  /** Ends a start that takes long (restoring a backup) by rejecting. */
  readonly signal?: AbortSignal;
  /** `schema.table`, `schema.*` or `*.*`; null: all. */
  readonly replicationTables?: readonly string[] | null;
  readonly replicationTablesIgnore?: readonly string[] | null;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly metrics?: EngineMetrics;
  /** Only a person can help, at any time: e.g. another process owns this server's name now. */
  readonly onFatal?: (error: ConfigurationError) => void;
}

export interface SharedDocuments {
  /** The caches of this kind of database. */
  readonly definitions: DocumentPort;
  readonly settings: DocumentPort;
}

export interface MembersView {
  readonly servers: readonly Member[];
  readonly adapters: readonly Member[];
  /** Names of the servers that lead, one for each region; one name where there is one region. */
  readonly leaders: readonly string[];
}

export interface EngineStatus {
  readonly serving: boolean;
  readonly servingReason: string;
  readonly position: string | null;
  readonly caches: readonly {
    readonly name: string;
    readonly entries: number;
    readonly bytes: number;
  }[];
  readonly tables: readonly {
    readonly table: string;
    readonly status: string;
    readonly rows: number;
  }[];
  readonly replication: ReplicationHealth | null;
  /** Null without backups. */
  readonly backup: BackupStatus | null;
  /** The change stream is open. */
  readonly following: boolean;
  /** Since it last said something; it is nudged every second. */
  readonly silentMs: number;
  readonly maintenance: boolean;
  readonly attachedAdapters: number;
  readonly storageBytes: number;
  readonly oldestReaderMs: number;
  readonly lastError: string;
}
