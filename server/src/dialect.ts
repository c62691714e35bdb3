import type { TextCodec } from "@freshet/types";
import type { ColumnDefinition } from "@freshet/rpc";
import type { LexerSettings, SelectStatement, StatementLexer } from "@freshet/sql";
import type { DialectSemantics, ResultColumn } from "@freshet/dataflow";
import type { Clock, Logger } from "@freshet/util";
import type { Upstream } from "./replication/contract.ts";

export interface UpstreamOptions {
  readonly url: string;
  readonly deployment: string;
  /** Name of a server that is one of several; null or absent: the only one. */
  readonly replica?: string | null;
  /** Fencing token of that name's ownership; absent where nothing can be fenced. */
  readonly ownerToken?: number | null;
  /** Create nothing upstream but the slot: the operator made publication and triggers. */
  readonly disableSetup: boolean;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** All that the engine needs to know of a database's kind; one object per dialect. */
export interface ServerDialect {
  readonly name: string;
  readonly codec: TextCodec;
  readonly lexer: StatementLexer;
  readonly semantics: DialectSemantics;
  /** Loads what parsing needs; once, before the first `parse`. */
  load(): Promise<void>;
  /** How texts are read in a session of this scope. */
  lexerSettings(scopeIdentity: string): LexerSettings;
  /** Throws Unsupported or SqlSyntaxError. `text` is Unicode. */
  parse(text: string, settings: LexerSettings): SelectStatement;
  /**
   * Is the upstream's result column of the type we inferred? The cheapest proof that the
   * statement was understood.
   */
  sameResultType(ours: ResultColumn, theirs: ColumnDefinition): boolean;
  createUpstream(options: UpstreamOptions): Upstream;
}
