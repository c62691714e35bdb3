/** The tokens of one statement, with look-ahead, for the parser. */
import type { LexerSettings } from "../shape.ts";
import { SqlSyntaxError } from "../syntax-error.ts";
import { unsupported } from "../unsupported.ts";
import { quotedName } from "./literal.ts";
import { Scanner, T_DOT, T_END, T_ERROR, T_OPERATOR, T_QUOTED, T_WORD } from "./scanner.ts";
import { SecondText } from "./second-text.ts";
import { RESERVED_SOMEWHERE, RESERVED_WORDS } from "./words.data.ts";

export interface Token {
  readonly kind: number;
  /** Byte offsets in the text. */
  readonly start: number;
  readonly end: number;
  /** As written, a byte string. */
  readonly text: string;
  /** Of a word that is not part of a dotted name: in lower case. Of an operator: itself. */
  readonly word: string;
  /** Nothing stands between this token and the one before. */
  readonly touching: boolean;
}

export class TokenStream {
  /** What the second parser will read instead of these tokens. */
  readonly second = new SecondText();

  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  /** `text` is a byte string. */
  constructor(text: string, settings: LexerSettings) {
    this.#text = text;
    const scanner = new Scanner();
    scanner.reset(text, settings);
    let before = { kind: T_END, end: 0 };
    for (;;) {
      const kind = scanner.next();
      const { start, end } = scanner;
      if (kind === T_ERROR) throw this.errorAt(start, "cannot be cut into words");
      const written = text.slice(start, end);
      let word = "";
      if (kind === T_WORD && before.kind !== T_DOT) word = written.toLowerCase();
      else if (kind === T_OPERATOR) word = written;
      this.#tokens.push({ kind, start, end, text: written, word, touching: start === before.end });
      before = { kind, end };
      if (kind === T_END) break;
    }
    if (scanner.hinted) throw unsupported("a statement with hints to the optimizer");
  }

  /** The current token, or one further on; the last one is T_END. */
  peek(ahead = 0): Token {
    const last = this.#tokens.length - 1;
    return this.#tokens[Math.min(this.#at + ahead, last)] as Token;
  }

  take(): Token {
    const token = this.peek();
    if (token.kind !== T_END) this.#at++;
    return token;
  }

  /** How many tokens were taken. */
  get position(): number {
    return this.#at;
  }

  /** The second parser is to read the tokens since then in parentheses. */
  encloseSince(position: number): void {
    const first = this.#tokens[position];
    const last = this.#tokens[this.#at - 1];
    if (first !== undefined && last !== undefined) this.second.enclose(first.start, last.start);
  }

  /** The second parser is not to see the tokens since then. */
  hideSince(position: number): void {
    for (const token of this.#tokens.slice(position, this.#at)) {
      this.second.replace(token.start, "");
    }
  }

  accept(word: string): boolean {
    if (this.peek().word !== word) return false;
    this.#at++;
    return true;
  }

  acceptKind(kind: number): boolean {
    if (this.peek().kind !== kind) return false;
    this.#at++;
    return true;
  }

  expect(word: string): void {
    if (!this.accept(word)) throw this.unexpected(word.toUpperCase());
  }

  expectKind(kind: number): Token {
    const token = this.peek();
    if (token.kind !== kind) throw this.unexpected(`"${String.fromCharCode(kind)}"`);
    return this.take();
  }

  /** Refuses the statement if this word comes next. */
  refuse(word: string, what: string): void {
    if (this.peek().word === word) throw unsupported(what);
  }

  /** Whether the token can be a name: quoted, after a dot, or a word no server reserves. */
  isName(token: Token = this.peek()): boolean {
    if (token.kind === T_QUOTED) return true;
    if (token.kind !== T_WORD) return false;
    return !RESERVED_WORDS.has(token.word) && !RESERVED_SOMEWHERE.has(token.word);
  }

  /** A name, in Unicode, as it is written. */
  name(): string {
    const token = this.peek();
    if (!this.isName(token)) {
      if (RESERVED_SOMEWHERE.has(token.word)) {
        throw unsupported(`${token.word.toUpperCase()} as a name without quotes`);
      }
      throw this.unexpected("a name");
    }
    this.#at++;
    const name = unicode(token.kind === T_QUOTED ? quotedName(token.text) : token.text);
    this.second.name(token.start, name);
    return name;
  }

  /** Takes a token that the second parser is not to see. */
  takeHidden(): Token {
    const token = this.take();
    this.second.replace(token.start, "");
    return token;
  }

  /** All tokens, for the second parser. */
  secondText(): string {
    return this.second.text(this.#tokens);
  }

  unexpected(wanted: string): Error {
    const token = this.peek();
    const found = token.kind === T_END ? "the statement ends" : `"${unicode(token.text)}" stands`;
    return this.errorAt(token.start, `${found} where ${wanted} is expected`);
  }

  /** `at` in bytes. */
  errorAt(at: number, problem: string): SqlSyntaxError {
    return new SqlSyntaxError(problem, unicode(this.#text.slice(0, at)).length);
  }
}

export function unicode(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
