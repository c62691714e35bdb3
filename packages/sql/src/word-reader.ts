/** Reads our own statements token by token; see `cache-statement-parser.ts`. */
import type { LexerSettings } from "./shape.ts";
import {
  T_DOT,
  T_END,
  T_ERROR,
  T_INTEGER,
  T_SEMICOLON,
  T_WORD,
  type TokenScanner,
} from "./tokens.ts";

/** How a dialect cuts and quotes. */
export interface WordSource {
  readonly scanner: TokenScanner;
  reset(text: string, settings: LexerSettings): void;
  /** The name that a token is, null when it is none. */
  name(kind: number, written: string): string | null;
  /** The content of a string or of a quoted name, null for other tokens. */
  string(kind: number, written: string): string | null;
}

/** The statement began as one of ours and then went wrong. */
export class CacheSyntaxError extends Error {
  override readonly name = "CacheSyntaxError";
  /** In bytes, from 1. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

export class WordReader {
  /** The current token: words in lower case, others as written; empty at the end. */
  word = "";

  readonly #source: WordSource;
  readonly #scanner: TokenScanner;
  #text = "";
  #kind = T_END;

  constructor(source: WordSource) {
    this.#source = source;
    this.#scanner = source.scanner;
  }

  /** Starts on the first token. */
  reset(text: string, settings: LexerSettings): void {
    this.#text = text;
    this.#source.reset(text, settings);
    this.advance();
  }

  advance(): void {
    const scanner = this.#scanner;
    this.#kind = scanner.next();
    // Longer tokens are never ours, and need not be copied.
    const end = Math.min(scanner.end, scanner.start + 64);
    const written = this.#kind === T_ERROR ? "" : this.#text.slice(scanner.start, end);
    this.word = this.#kind === T_WORD ? written.toLowerCase() : written;
  }

  accept(word: string): boolean {
    if (this.word !== word) return false;
    this.advance();
    return true;
  }

  acceptOneOf(words: readonly string[]): string | null {
    const { word } = this;
    if (!words.includes(word)) return null;
    this.advance();
    return word;
  }

  expect(word: string): void {
    if (!this.accept(word)) throw this.error(`expected ${word.toUpperCase()}`);
  }

  /** The statement, if nothing follows but semicolons. */
  done<T>(statement: T): T {
    this.expectEnd();
    return statement;
  }

  expectEnd(): void {
    while (this.#kind === T_SEMICOLON) this.advance();
    if (this.#kind !== T_END) throw this.error("expected the end of the statement");
  }

  /** A name, plain or quoted, with its schema if there is one: `schema.name`. */
  dottedName(): string {
    const parts = [this.#name()];
    while (this.#kind === T_DOT) {
      this.advance();
      parts.push(this.#name());
    }
    return parts.join(".");
  }

  /** `table`, `schema.table`, `schema.*` or `*.*`. */
  tablePattern(): string {
    if (this.accept("*")) {
      this.expect(".");
      this.expect("*");
      return "*.*";
    }
    const first = this.#name();
    if (this.#kind !== T_DOT) return first;
    this.advance();
    return `${first}.${this.accept("*") ? "*" : this.#name()}`;
  }

  #name(): string {
    const { start, end } = this.#scanner;
    const name = this.#source.name(this.#kind, this.#text.slice(start, end));
    if (name === null) throw this.error("expected a name");
    this.advance();
    return name;
  }

  integer(): number {
    if (this.#kind !== T_INTEGER || !/^\d{1,9}$/.test(this.word)) {
      throw this.error("expected a number");
    }
    const value = Number(this.word);
    this.advance();
    return value;
  }

  /** A string, a word or a number: its content. */
  value(): string {
    const { start, end } = this.#scanner;
    const written = this.#text.slice(start, end);
    const isWord = this.#kind === T_WORD || this.#kind === T_INTEGER;
    const value = isWord ? this.word : this.#source.string(this.#kind, written);
    if (value === null) throw this.error("expected a value");
    this.advance();
    return value;
  }

  /** The text from the current token to the end of the statement, which has to be the last. */
  rest(): string {
    const from = this.#scanner.start;
    let to = this.#scanner.end;
    while (this.#kind !== T_END && this.#kind !== T_SEMICOLON) {
      if (this.#kind === T_ERROR) throw this.error("the query is not complete");
      to = this.#scanner.end;
      this.advance();
    }
    this.expectEnd();
    return this.#text.slice(from, to);
  }

  error(problem: string): CacheSyntaxError {
    const position = Math.min(this.#scanner.start, this.#text.length) + 1;
    const near = this.word === "" ? "at the end" : `at or near "${this.word}"`;
    return new CacheSyntaxError(`${problem} ${near}`, position);
  }
}
