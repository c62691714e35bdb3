/**
 * The parameterised identity of a statement, found by the lexer alone.
 *
 * Texts here are *byte strings* (latin1-decoded): every lexer decision concerns ASCII, all
 * multi-byte sequences of UTF-8 are bytes >= 0x80 and pass through unchanged.
 */

/** How a literal was written; the class changes the meaning, so it is part of what must match. */
export type LiteralClass = "integer" | "decimal" | "string";

export type Slot =
  /** `value` is the literal's content (quotes removed, sign folded in) as a byte string. */
  | { readonly kind: "literal"; readonly literal: LiteralClass; readonly value: string }
  /** `$n` (Postgres) or the n-th `?` (MySQL); `index` counts from 0. */
  | { readonly kind: "placeholder"; readonly index: number }
  /** The elements of `IN (a, b, …)`; one slot however long the list is. */
  | { readonly kind: "list"; readonly elements: readonly ScalarSlot[] };

export type ScalarSlot = Exclude<Slot, { readonly kind: "list" }>;

/** Where each slot stands in the text: byte offsets of its first and after its last byte. */
export interface SlotSpan {
  readonly start: number;
  readonly end: number;
  /** For a list slot: the spans of its elements. */
  readonly elements?: readonly SlotSpan[];
}

export interface Shape {
  /** White space and comments normalised, identifiers folded, every slot replaced by a mark. */
  readonly text: string;
  readonly slots: readonly Slot[];
  readonly spans: readonly SlotSpan[];
}

/**
 * What a statement may do to its session, found by the lexer: conservative, so a "may" is true
 * whenever the lexer cannot rule it out.
 */
export interface StatementTraits {
  /** Lower-case first keyword: `select`, `insert`, `begin`, …; empty for an empty statement. */
  readonly verb: string;
  /** More than one statement in the text. */
  readonly multiple: boolean;
  /** A single SELECT / WITH … SELECT / VALUES / TABLE that could have a cache. */
  readonly read: boolean;
  /** May write, lock rows, or call something that does; a plain read of built-ins may not. */
  readonly mayWrite: boolean;
  /** May change a setting, role, search path or temporary schema of the session. */
  readonly mayChangeSession: boolean;
  /** The reads that may never be cached say why (`FOR UPDATE`, `SELECT INTO`, …), else null. */
  readonly uncacheable: string | null;
  /** Carries the hint comment that asks for no cache this once. */
  readonly skipCache: boolean;
  /**
   * May read what the statement before it left behind (`FOUND_ROWS()`, `SHOW WARNINGS`,
   * `@@error_count`, CALL, …). Always false in Postgres.
   */
  readonly readsDiagnostics: boolean;
}

/** Session settings that change how text is read. One object per combination: `lexerSettings`. */
export interface LexerSettings {
  /** Postgres: not `standard_conforming_strings`; MySQL: unless NO_BACKSLASH_ESCAPES. */
  readonly backslashEscapes: boolean;
  /** `"x"` is an identifier. Always in Postgres; MySQL: ANSI_QUOTES. */
  readonly ansiQuotes: boolean;
  /** `||` concatenates. Always in Postgres; MySQL: PIPES_AS_CONCAT. */
  readonly pipesAsConcat: boolean;
  /** NOT binds as tightly as `!`. MySQL: HIGH_NOT_PRECEDENCE. */
  readonly highNotPrecedence: boolean;
}

const combinations = new Map<number, LexerSettings>();

/** The one object of a combination, so that settings may be compared by identity. */
export function lexerSettings(settings: LexerSettings): LexerSettings {
  const key =
    (settings.backslashEscapes ? 1 : 0) |
    (settings.ansiQuotes ? 2 : 0) |
    (settings.pipesAsConcat ? 4 : 0) |
    (settings.highNotPrecedence ? 8 : 0);
  let known = combinations.get(key);
  if (known === undefined) combinations.set(key, (known = Object.freeze({ ...settings })));
  return known;
}

/** One per dialect; pure and synchronous. */
export interface StatementLexer {
  /** Null when the text cannot be tokenised (unterminated string, …): then forward it. */
  shape(text: string, settings: LexerSettings): Shape | null;
  traits(text: string, settings: LexerSettings): StatementTraits;
}

/** `q_` + 16 hex digits: stable hash of shape and scope (search path), for people and SHOW. */
export type QueryId = string;
