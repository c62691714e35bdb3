/**
 * What a statement may do to its session, from its tokens alone: see `StatementTraits`.
 *
 * Functions are known by name, so these hidden calls are not seen: those of a view, a default,
 * a rule or a trigger, those behind a user-defined operator or cast, a field selection that is a
 * call (`t.f`), and a user's own overload of a built-in name.
 */
import type { StatementTraits } from "../shape.ts";
import { READ_ONLY_FUNCTIONS } from "./builtin-functions.data.ts";
import { Scanner, T_CLOSE, T_COMMA, T_DOT, T_OPEN, T_QUOTED, T_WORD } from "./scanner.ts";
import { READ_VERBS, TraitsBase } from "../traits-base.ts";
import { CHANGING_CALLS, CHANGING_WORDS, NOT_CALLS, VERBS } from "./words.data.ts";

const MODIFYING: ReadonlySet<string> = new Set(["insert", "update", "delete", "merge"]);
const LOCK_STRENGTHS: ReadonlySet<string> = new Set(["update", "share", "no", "key"]);
/** Before a name and a parenthesis these mean a list or a type's length, not a call. */
const LISTS_FOLLOW: ReadonlySet<string> = new Set(
  "as with recursive into table grouping character char nchar bit".split(" "),
);
const LOCKS: Readonly<Record<string, string>> = { no: "NO KEY UPDATE", key: "KEY SHARE" };

export class TraitsReader extends TraitsBase {
  readonly #scanner = new Scanner();
  /** A data-modifying statement that is the statement itself, not one inside WITH. */
  #modifiesAtTop = false;
  /** The current dotted name so far. */
  #names: string[] = [];
  /** One number for each open parenthesis: -1, or the commas seen inside `age(`. */
  #parentheses: number[] = [];

  constructor() {
    super(false);
  }

  read(text: string, standardConformingStrings: boolean): StatementTraits {
    this.#scanner.reset(text, standardConformingStrings);
    return this.readAll(this.#scanner, text);
  }

  protected override begin(): void {
    super.begin();
    this.#modifiesAtTop = false;
    this.#names = [];
    this.#parentheses = [];
  }

  protected override end(): void {}

  protected override finish(): boolean {
    const findings = this.findings;
    const verb = this.verb;
    if (READ_VERBS.has(verb)) {
      findings.mayWrite ||= this.unknownCall || this.modifies || this.locks || this.into;
      findings.mayChangeSession ||= this.unknownCall || this.into;
      return !this.#modifiesAtTop;
    }
    if (verb === "explain") {
      findings.mayWrite ||= this.analyses;
      findings.mayChangeSession ||= this.analyses || this.unknownCall;
      return false;
    }
    const effect = VERBS.get(verb);
    findings.mayWrite ||= effect?.writes ?? true;
    const session = effect?.session ?? true;
    findings.mayChangeSession ||= session === "calls" ? this.unknownCall : session;
    return false;
  }

  protected override token(kind: number): void {
    switch (kind) {
      case T_WORD:
      case T_QUOTED:
        this.#name(kind);
        return;
      case T_DOT:
        this.word = "";
        return;
      case T_OPEN:
        if (this.previous === T_WORD || this.previous === T_QUOTED) this.#parenthesisAfterName();
        else this.#parentheses.push(-1);
        this.depth++;
        break;
      case T_CLOSE:
        this.depth--;
        if (this.#parentheses.pop() === 0) {
          this.refuse("age() with one argument depends on the current date");
        }
        break;
      case T_COMMA: {
        const last = this.#parentheses.length - 1;
        const commas = this.#parentheses[last];
        if (commas !== undefined && commas >= 0) this.#parentheses[last] = commas + 1;
        break;
      }
      default:
        break;
    }
    this.word = "";
    this.beforeName = "";
    this.#names.length = 0;
  }

  #name(kind: number): void {
    const scanner = this.#scanner;
    const written = this.text.slice(scanner.start, scanner.end);
    const continues = this.previous === T_DOT;
    if (!continues) {
      this.beforeName = this.word;
      this.#names.length = 0;
    }
    if (kind === T_QUOTED) {
      this.#names.push(written.startsWith('"') ? written.slice(1, -1) : written);
      this.word = "";
      return;
    }
    const word = written.toLowerCase();
    this.#names.push(word);
    if (!continues) this.#keyword(word);
    // A rule on this view sets what is updated.
    if (word === "pg_settings" && this.beforeName === "update") this.unknownCall = true;
    this.word = word;
  }

  #keyword(word: string): void {
    const before = this.word;
    if (this.verb === "") {
      this.verb = word;
      this.modifies = this.#modifiesAtTop = MODIFYING.has(word);
      return;
    }
    if (MODIFYING.has(word) && (this.previous === T_OPEN || this.previous === T_CLOSE)) {
      this.modifies = true;
      if (this.depth === 0 && this.verb === "with") this.#modifiesAtTop = true;
      else this.refuse("it modifies data in a WITH clause");
    }
    if (before === "for" && LOCK_STRENGTHS.has(word)) {
      this.locks = true;
      this.refuse(`FOR ${LOCKS[word] ?? word.toUpperCase()} locks the rows it reads`);
    } else if (word === "into" && before !== "insert" && before !== "merge") {
      this.into = true;
      this.refuse("SELECT INTO creates a table");
    } else if (word === "tablesample") {
      this.refuse("TABLESAMPLE picks rows at random");
    } else if (word === "analyze" || word === "analyse") {
      this.analyses = true;
    } else if (CHANGING_WORDS.has(word) && before !== "as") {
      this.refuse(`${word.toUpperCase()} differs between sessions or over time`);
    }
  }

  #parenthesisAfterName(): void {
    const names = this.#names;
    const last = names[names.length - 1] ?? "";
    const quoted = this.previous === T_QUOTED;
    const qualified = names.length > 1;
    const catalog = names.length === 2 && names[0] === "pg_catalog";
    this.#parentheses.push(-1);
    if (!quoted && !qualified && NOT_CALLS.has(last)) return;
    if (LISTS_FOLLOW.has(this.beforeName)) return;
    if (qualified && !catalog) {
      this.unknownCall = true;
    } else if (CHANGING_CALLS.has(last)) {
      this.refuse(`${last}() differs between sessions or over time`);
    } else if (last === "age") {
      this.#parentheses[this.#parentheses.length - 1] = 0;
    }
    if (!READ_ONLY_FUNCTIONS.has(last)) this.unknownCall = true;
  }
}
