import type { MessagePort } from "node:worker_threads";
import type { Address, DialectName, UserPassword } from "@freshet/config";
import type { LogLevel, MetricsSnapshot } from "@freshet/telemetry";

/** What the main thread and its workers say to each other; nothing here is on a hot path. */
export type ToThread =
  /** One end of a link between the engine and an adapter. */
  | { readonly kind: "link"; readonly adapter: string; readonly port: MessagePort }
  | { readonly kind: "metrics"; readonly request: number }
  /** A client asked another adapter thread to cancel what one of this thread's sessions runs. */
  | ForeignCancel
  /** Accept nobody any more, let transactions end within the limit, then end. */
  | { readonly kind: "stop"; readonly drainLimitMs: number };

export type FromThread =
  /** It does its work; links may be given to it. */
  | { readonly kind: "ready" }
  /** Engine only: it has caught up with the upstream for the first time. */
  | { readonly kind: "online" }
  /** The thread could not start; `configuration`: trying again is of no use. */
  | { readonly kind: "failed"; readonly configuration: boolean; readonly message: string }
  | { readonly kind: "metrics"; readonly request: number; readonly snapshot: MetricsSnapshot }
  /** Adapter only: its link with the engine ended, be it because one of them did not keep up. */
  | { readonly kind: "unlinked" }
  | { readonly kind: "status"; readonly status: Readonly<Record<string, unknown>> }
  | ForeignCancel;

/** A CancelRequest that reached another listener than the one whose client it names. */
export interface ForeignCancel {
  readonly kind: "cancel";
  readonly threadIndex: number;
  readonly key: Uint8Array;
}

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: "pretty" | "json";
}

/** What every thread is told of its database. */
export interface UpstreamData {
  readonly dialect: DialectName;
  readonly upstreamUrl: string;
  /** Names the database in logs and metrics where the process serves several, else null. */
  readonly label: string | null;
}

/** `workerData` of the engine thread. */
export interface EngineThreadData extends UpstreamData {
  readonly deployment: string;
  readonly storageDir: string;
  readonly memoryLimitBytes: number;
  readonly disableSetup: boolean;
  readonly log: LogSettings;
}

/** `workerData` of an adapter thread. */
export interface AdapterThreadData extends UpstreamData {
  readonly name: string;
  /** Of the first address; every listener of the process has its own. */
  readonly threadIndex: number;
  readonly addresses: readonly Address[];
  readonly users: readonly UserPassword[];
  readonly allowUnauthenticated: boolean;
  /** Postgres clients only; MySQL's choose their plugin. */
  readonly authenticationMethod: "scram-sha-256" | "md5" | "cleartext";
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly tlsMode: "optional" | "required" | "disabled";
  readonly inTransaction: "until-write" | "never" | "always";
  readonly readYourWritesTimeoutMs: number;
  readonly fillTimeoutMs: number;
  readonly memoryLimitBytes: number;
  readonly log: LogSettings;
}
