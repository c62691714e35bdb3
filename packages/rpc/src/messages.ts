/**
 * Everything that adapters and server say to each other; the same objects in one process and
 * (encoded) over TCP. A link is ordered: publications, fills and definitions arrive in the order
 * they were sent, which is what keeps an adapter's entries free of races. Positions are opaque
 * strings, ordered by the server only.
 */
import type { CanonicalParam, EncodedRows, SqlType } from "@freshet/types";
import type { CacheStatement } from "@freshet/sql";

export const PROTOCOL_VERSION = 1;
/** The least and the greatest version this code understands, so that updates can roll. */
export const PROTOCOL_VERSIONS: readonly [number, number] = [1, PROTOCOL_VERSION];

export type CacheId = number;
export type RequestId = number;

export interface SlotDefinition {
  readonly kind: "param" | "frozen";
  /** Index into `params` for kind "param". */
  readonly param?: number;
  readonly literal?: "integer" | "decimal" | "string";
  readonly value?: string;
}

export interface ParamDefinition {
  readonly type: SqlType;
  readonly list: boolean;
  readonly role: "comparison" | "limit" | "offset";
}

/**
 * What a dialect's protocol says of a column beyond name and type: written by its replication
 * side, read by its adapter, opaque to everybody between.
 */
export type WireColumn = Readonly<Record<string, string | number>>;

/** A column as the upstream describes it. */
export interface ColumnDefinition<Wire extends WireColumn = WireColumn> {
  readonly name: string;
  readonly type: SqlType;
  readonly wire: Wire;
}

export interface CacheDefinition {
  readonly id: CacheId;
  readonly name: string;
  readonly queryId: string;
  /** The statement text as created, byte string. */
  readonly query: string;
  /** Identity: shape text, and the session scope (see `SessionScope.identity`). */
  readonly shape: string;
  readonly scope: string;
  readonly slots: readonly SlotDefinition[];
  readonly params: readonly ParamDefinition[];
  readonly columns: readonly ColumnDefinition[];
  /**
   * It reads instants (`timestamptz`), if only to compare or to group them: in MySQL two of them
   * are equal in a time zone where clocks are put back between them.
   */
  readonly readsInstants?: boolean;
  /** Type ids the upstream reports for `$1..$n` when the text has placeholders. */
  readonly inTransaction: "until-write" | "always" | "never";
  readonly maintenance: string;
}

/** What of a session changes the meaning of a statement's text. */
export interface SessionScope {
  readonly database: string;
  /** Whose privileges apply (Postgres `current_user`, MySQL the account `user@host`). */
  readonly role: string;
  /**
   * What decides the meaning of names and text, in the dialect's own form; caches are keyed by it.
   * Postgres: the resolved search path. MySQL: default schema and the sql_mode words that matter.
   */
  readonly identity: string;
}

/** Counters an adapter reports once a second, as increments. */
export interface ProxiedQueryCount {
  readonly queryId: string;
  readonly shape: string;
  readonly scope: string;
  /** One text of this shape, as a client sent it, so that it can be cached by id. Byte string. */
  readonly example: string;
  readonly count: number;
  readonly uncacheable: string | null;
}

export type ToServer =
  | { readonly kind: "hello"; readonly version: number; readonly adapter: string }
  /** Evaluate and subscribe: later publications carry this key until it is released. */
  | {
      readonly kind: "fill";
      readonly request: RequestId;
      readonly cache: CacheId;
      readonly key: string;
      readonly params: readonly CanonicalParam[];
    }
  | { readonly kind: "release"; readonly cache: CacheId; readonly keys: readonly string[] }
  | {
      readonly kind: "control";
      readonly request: RequestId;
      readonly statement: CacheStatement;
      readonly scope: SessionScope;
    }
  /**
   * Is `position` visible yet? Empty: everything committed before the server reads this. Answered
   * when it is, or with `reached: false` after the limit.
   */
  | {
      readonly kind: "await-position";
      readonly request: RequestId;
      readonly position: string;
      readonly limitMs: number;
    }
  /** May this role read all that the cache reads, now? */
  | {
      readonly kind: "access";
      readonly request: RequestId;
      readonly cache: CacheId;
      readonly role: string;
    }
  | {
      readonly kind: "report";
      readonly proxied: readonly ProxiedQueryCount[];
      readonly hits: readonly { readonly cache: CacheId; readonly count: number }[];
      readonly connections: readonly { readonly client: string; readonly user: string }[];
    };

export interface ControlResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** CommandComplete tag, e.g. `CREATE CACHE`. */
  readonly tag: string;
  readonly notices: readonly string[];
}

export interface ControlError {
  /** SQLSTATE, or the dialect's nearest. */
  readonly code: string;
  /** The upstream's own error number, where its protocol has one (MySQL). */
  readonly number?: number;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

export type ToAdapter =
  /** First message on a link: everything defined now. */
  | {
      readonly kind: "welcome";
      readonly version: number;
      readonly caches: readonly CacheDefinition[];
      readonly serving: boolean;
      readonly position: string;
    }
  | { readonly kind: "cache-added"; readonly cache: CacheDefinition }
  | { readonly kind: "cache-dropped"; readonly cache: CacheId }
  /** All entries of the cache are gone (re-copy, DDL); the definition stays. */
  | { readonly kind: "cache-cleared"; readonly cache: CacheId }
  | {
      readonly kind: "filled";
      readonly request: RequestId;
      readonly cache: CacheId;
      readonly key: string;
      readonly rows: EncodedRows;
    }
  | {
      readonly kind: "fill-refused";
      readonly request: RequestId;
      readonly reason: string;
    }
  /** One upstream commit, or several whole ones, made visible together. */
  | {
      readonly kind: "publish";
      readonly position: string;
      readonly entries: readonly {
        readonly cache: CacheId;
        readonly key: string;
        /** null: forget the entry. */
        readonly rows: EncodedRows | null;
      }[];
      /** Commit time of the newest commit in it, ms since epoch; 0 when unknown. */
      readonly commitTimeMs: number;
    }
  | { readonly kind: "control-result"; readonly request: RequestId; readonly result: ControlResult }
  | { readonly kind: "control-error"; readonly request: RequestId; readonly error: ControlError }
  | { readonly kind: "position"; readonly request: RequestId; readonly reached: boolean }
  | { readonly kind: "access-result"; readonly request: RequestId; readonly allowed: boolean }
  /** Some privilege changed: ask again before the next answer. */
  | { readonly kind: "access-changed" }
  /** False: the stream is broken or behind; answer nothing from caches until true again. */
  | { readonly kind: "serving"; readonly serving: boolean; readonly reason: string };

/** One ordered, two-way link. `send` never blocks; a link over its bound is closed by its owner. */
export interface Link<Out, In> {
  send(message: Out): void;
  onMessage(handler: (message: In) => void): void;
  onClose(handler: () => void): void;
  close(): void;
  /** The version both ends agreed on; absent within a process: `PROTOCOL_VERSION`. */
  readonly protocol?: number;
  /**
   * Until when (monotonic milliseconds) what was received is known not to be older than the
   * link's limit. Infinity within a process: nothing lies between its ends. See `TcpLink`.
   */
  vouchedUntilMs(): number;
}

export type AdapterLink = Link<ToServer, ToAdapter>;
export type ServerLink = Link<ToAdapter, ToServer>;
