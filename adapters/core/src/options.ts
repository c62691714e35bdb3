import type { ProxiedQueryCount, AdapterLink, ToServer } from "@freshet/rpc";
import type {
  CacheStatementParse,
  LexerSettings,
  LiteralClass,
  StatementLexer,
} from "@freshet/sql";
import type { Metrics } from "@freshet/telemetry";
import type { SqlType } from "@freshet/types";
import type { Clock, Logger } from "@freshet/util";

/**
 * The canonical form of a literal as the upstream would read it for this type, a byte string;
 * undefined when only the upstream's own rules can tell.
 */
export type LiteralCanonicalizer = (
  type: SqlType,
  literal: LiteralClass,
  value: string,
  /** It is the operand of LIMIT or OFFSET. */
  countsRows: boolean,
) => string | undefined;

export interface RouterLimits {
  /** Bytes of answers kept, all caches together, as the store counts them. */
  readonly memoryBytes: number;
  /** An answer larger than this is given once and not kept. */
  readonly entryBytes: number;
  /** Statement texts remembered, all scopes together. */
  readonly textCacheEntries: number;
  /** Characters of remembered statement texts, all scopes together. */
  readonly textCacheBytes: number;
  /** Longer texts are routed anew each time. */
  readonly textLength: number;
  readonly fillsInFlight: number;
  /** Distinct forwarded queries counted. */
  readonly proxiedQueries: number;
}

export const DEFAULT_ROUTER_LIMITS: RouterLimits = {
  memoryBytes: 512 * 1024 * 1024,
  entryBytes: 16 * 1024 * 1024,
  textCacheEntries: 20_000,
  textCacheBytes: 32 * 1024 * 1024,
  textLength: 16 * 1024,
  fillsInFlight: 1_000,
  proxiedQueries: 5_000,
};

export type ConnectionList = Extract<ToServer, { readonly kind: "report" }>["connections"];

export interface RouterOptions {
  /** Null: no server yet; everything is forwarded until `attach`. */
  readonly link: AdapterLink | null;
  /** Names this adapter to the server. */
  readonly adapter: string;
  readonly lexer: StatementLexer;
  readonly canonicalLiteral: LiteralCanonicalizer;
  readonly parseCacheStatement: (text: string, settings: LexerSettings) => CacheStatementParse;
  readonly limits?: Partial<RouterLimits>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** For SHOW CONNECTIONS; asked once a second. */
  readonly connections?: () => ConnectionList;
  readonly reportIntervalMs?: number;
}

export type { ProxiedQueryCount };
