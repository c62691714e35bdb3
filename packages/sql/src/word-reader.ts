/** Reads our own statements token by token; see `cache-statement-parser.ts`. */
import { stringContent } from "./postgres/literal.ts";
import {
  Scanner,
  T_DOT,
  T_END,
  T_ERROR,
  T_INTEGER,
  T_QUOTED,
  T_SEMICOLON,
  T_STRING,
  T_WORD,
} from "./postgres/scanner.ts";

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

  readonly #scanner = new Scanner();
  #text = "";
  #kind = T_END;

  /** Starts on the first token. */
  reset(text: string): void {
    this.#text = text;
    this.#scanner.reset(text, true);
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

  #name(): string {
    if (this.#kind !== T_WORD && this.#kind !== T_QUOTED) throw this.error("expected a name");
    const { start, end } = this.#scanner;
    const written = this.#text.slice(start, end);
    if (this.#kind === T_QUOTED && !written.startsWith('"')) throw this.error("expected a name");
    const name =
      this.#kind === T_WORD ? written.toLowerCase() : written.slice(1, -1).replaceAll('""', '"');
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
    let value: string | null = null;
    if (this.#kind === T_STRING) value = stringContent(written, false);
    else if (this.#kind === T_WORD || this.#kind === T_INTEGER) value = this.word;
    else if (this.#kind === T_QUOTED) value = written.slice(1, -1);
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
