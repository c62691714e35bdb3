import type { MessagePort } from "node:worker_threads";
import type { Leader, Member, SharedDocument, WriteResult } from "@freshet/cluster";
import type { Address, DialectName, UserPassword } from "@freshet/config";
import type { PeerIdentity, TcpSecurity } from "@freshet/rpc";
import type { LogLevel, MetricsSnapshot, TracingSettings } from "@freshet/telemetry";

/** What the main thread and its workers say to each other; nothing here is on a hot path. */
export type ToThread =
  /** One end of a link between the engine and an adapter. */
  | { readonly kind: "link"; readonly adapter: string; readonly port: MessagePort }
  | { readonly kind: "metrics"; readonly request: number }
  /** A client asked another adapter thread to cancel what one of this thread's sessions runs. */
  | ForeignCancel
  /** Accept nobody any more, let transactions end within the limit, then end. */
  | { readonly kind: "stop"; readonly drainLimitMs: number }
  | ToEngine
  /** Adapter only, in separate mode: whose server it is to use. Null: nobody leads. */
  | { readonly kind: "leader"; readonly leader: Leader | null };

/** What the main thread of a server, which speaks with the authority, tells its engines. */
export type ToEngine =
  /** Whether adapters are to be served, and under which term. */
  | { readonly kind: "lead"; readonly term: number | null }
  /** A shared document as it is now. */
  | { readonly kind: "document"; readonly document: SharedDocument }
  | { readonly kind: "document-read"; readonly request: number; readonly reply: ReadReply }
  | { readonly kind: "document-written"; readonly request: number; readonly reply: WriteReply }
  | {
      readonly kind: "members";
      readonly servers: readonly Member[];
      readonly adapters: readonly Member[];
      /** Names, one for each region that has a leader. */
      readonly leaders: readonly string[];
    }
  /** Remove upstream what this replica, gone for good, left there. */
  | { readonly kind: "remove-replica"; readonly replica: string };

/** The answer, or why the authority gave none. */
export type ReadReply = { readonly document: SharedDocument } | { readonly unavailable: string };
export type WriteReply = { readonly result: WriteResult } | { readonly unavailable: string };

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
  | FromEngine
  | ForeignCancel;

export type FromEngine =
  | { readonly kind: "read-document"; readonly request: number; readonly name: string }
  | {
      readonly kind: "write-document";
      readonly request: number;
      readonly name: string;
      readonly value: unknown;
      readonly version: string;
    }
  /** Whose slots there are upstream under this deployment's name. */
  | { readonly kind: "replicas"; readonly replicas: readonly string[] };

/** A CancelRequest that reached another listener than the one whose client it names. */
export interface ForeignCancel {
  readonly kind: "cancel";
  readonly threadIndex: number;
  readonly key: Uint8Array;
}

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: "pretty" | "json";
  readonly tracing?: TracingSettings;
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
  readonly replicationTables: readonly string[] | null;
  readonly replicationTablesIgnore: readonly string[] | null;
  /** Null in combined mode. */
  readonly separate: SeparateEngineData | null;
  readonly log: LogSettings;
}

/** What an engine of separate mode is told besides. */
export interface SeparateEngineData {
  /** The server's name; its slot and files bear it. */
  readonly replica: string;
  /** Fencing token of the name's ownership. */
  readonly ownerToken: number;
  /** Where adapters connect. */
  readonly address: Address;
  readonly rpc: RpcData;
  readonly backup: {
    readonly location: string;
    readonly intervalMs: number;
    readonly keep: number;
  } | null;
}

/** What a link over TCP needs at either end. */
export interface RpcData {
  readonly identity: PeerIdentity;
  readonly security: TcpSecurity;
  /** A peer that is silent for so long is cut off. */
  readonly timeoutMs: number;
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
  /** Null in combined mode, where the main thread links adapters and engine. */
  readonly rpc: RpcData | null;
  readonly log: LogSettings;
}
