import type { CanonicalParam, EncodedRows, SqlType } from "@freshet/types";
import type { CacheStatement, LexerSettings, StatementTraits } from "@freshet/sql";
import type {
  CacheDefinition,
  ColumnDefinition,
  ControlError,
  ControlResult,
  SessionScope,
} from "@freshet/rpc";

/**
 * Routing, as the dialect's session sees it. All texts are byte strings. One `Router` per
 * adapter thread; synchronous wherever a hit is concerned.
 */
export interface Router {
  /** Classifies a statement text; the same text and scope cost one Map look-up after the first. */
  route(text: string, session: RoutingSession): Route;
  /**
   * The entry for these parameters: at once when it is here. `null`: not here; call `fill`.
   */
  lookup(cache: CachedRoute, key: string): Entry | null;
  /** Fills through the server; concurrent fills of a key share one. Never rejects. */
  fill(cache: CachedRoute, key: string, params: readonly CanonicalParam[]): Promise<FillResult>;
  control(statement: CacheStatement, scope: SessionScope): Promise<ControlResult | ControlError>;
  /**
   * Resolves true when the position (empty: everything committed upstream before the call) is
   * visible here, false when the limit passed first.
   */
  awaitPosition(position: string, limitMs: number): Promise<boolean>;
  /** True/false at once when known; else null, and call `askAccess`. */
  mayRead(cache: CachedRoute, role: string): boolean | null;
  /** Null: the answer did not come in time. */
  askAccess(cache: CachedRoute, role: string): Promise<boolean | null>;
  /**
   * Changes whenever a route made before may be out of date: a `forward` route that was kept
   * (prepared statement) from an older generation must be routed again.
   */
  readonly generation: number;
  /**
   * Changes whenever privileges or schemas changed upstream: a search path resolved before may
   * lead to other tables now.
   */
  readonly accessGeneration: number;
  /** Position of the newest publication applied here; empty before the first. */
  readonly visiblePosition: string;
  /** False: forward everything (stream broken, server away); `servingReason` says why. */
  readonly serving: boolean;
  readonly servingReason: string;
  countForward(route: Route, reason: ForwardReason): void;
  /** An answer from the cache was given; `filled`: only after a fill, which makes it a miss. */
  countHit(route: CachedRoute, filled?: boolean): void;
}

export interface RoutingSession {
  readonly scope: SessionScope | null;
  /** How its texts are read; from `lexerSettings`, compared by identity. */
  readonly lexer: LexerSettings;
}

export type Route =
  | {
      readonly kind: "forward";
      readonly traits: StatementTraits;
      readonly queryId: string | null;
      readonly reason: ForwardReason;
    }
  | { readonly kind: "control"; readonly statement: CacheStatement }
  | { readonly kind: "control-error"; readonly message: string; readonly position: number }
  | CachedRoute;

/** Where a parameter's value comes from, in the order of the cache's params. */
export type ParamSource =
  | { readonly kind: "value"; readonly value: CanonicalParam }
  | { readonly kind: "bind"; readonly index: number }
  | {
      readonly kind: "bind-list";
      readonly elements: readonly (
        | { readonly kind: "value"; readonly value: string | null }
        | { readonly kind: "bind"; readonly index: number }
      )[];
    };

export interface CachedRoute {
  readonly kind: "cached";
  readonly traits: StatementTraits;
  readonly cache: CacheDefinition;
  readonly queryId: string;
  readonly sources: readonly ParamSource[];
  /** Number of `$n` in the text; 0 when all values stand in the text. */
  readonly placeholders: number;
  /** Per placeholder: the type the cache compares it with (all uses agree). */
  readonly placeholderTypes: readonly SqlType[];
  readonly placeholderIsList: readonly boolean[];
  /** The finished key when no placeholder is involved, else null. */
  readonly fixedKey: string | null;
  readonly fixedParams: readonly CanonicalParam[] | null;
  /** False once the cache was dropped or changed: route the text again. */
  valid: boolean;
}

/** One cached answer. `variants` belongs to the dialect: rendered wire bytes by variant key. */
export interface Entry {
  readonly rows: EncodedRows;
  readonly columns: readonly ColumnDefinition[];
  /** Bytes per variant; the store counts them through `addVariant`. */
  variant(key: string): Buffer | undefined;
  addVariant(key: string, bytes: Buffer): void;
}

export type FillResult =
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "refused"; readonly reason: string };

/** Bounded label set for metrics and EXPLAIN LAST STATEMENT. */
export type ForwardReason =
  | "not-a-read"
  | "no-cache"
  /** A cache of this shape exists, but the session's scope is not known (yet): probe it. */
  | "unknown-scope"
  | "not-cacheable"
  | "in-transaction"
  | "transaction-wrote"
  | "session-setting"
  | "other-database"
  | "parameter-type"
  | "result-format"
  | "access-denied"
  /** Whether the role may read was not answered in time. */
  | "access-unknown"
  | "not-serving"
  | "behind-own-write"
  | "fill-refused"
  | "fill-timeout"
  | "hint"
  | "multi-statement"
  | "unparsed"
  | "mixed-batch";
