/**
 * What a statement may do to its session, from its tokens alone: see `StatementTraits`.
 *
 * Functions are known by name, so these hidden calls are not seen: those of a view, a default,
 * a generated column or a trigger.
 */
import type { LexerSettings, StatementTraits } from "../shape.ts";
import { READ_ONLY_FUNCTIONS } from "./builtin-functions.data.ts";
import { quotedName } from "./literal.ts";
import {
  Scanner,
  T_ASSIGN,
  T_CLOSE,
  T_DOT,
  T_OPEN,
  T_OPERATOR,
  T_QUOTED,
  T_VARIABLE,
  T_WORD,
} from "./scanner.ts";
import { READ_VERBS, TraitsBase } from "../traits-base.ts";
import { CHANGING_CALLS, CHANGING_WORDS, NOT_CALLS, VERBS } from "./words.data.ts";

const EXPLAIN_VERBS: ReadonlySet<string> = new Set(["explain", "describe", "desc"]);
const MODIFYING: ReadonlySet<string> = new Set(["insert", "update", "delete", "replace"]);
/** Statements that may run others, which may read anything. */
const DIAGNOSTIC_VERBS: ReadonlySet<string> = new Set(["call", "execute", "get", "resignal"]);
const DIAGNOSTIC_CALLS: ReadonlySet<string> = new Set(["found_rows", "row_count"]);
const DIAGNOSTIC_VARIABLES: ReadonlySet<string> = new Set(["warning_count", "error_count"]);
/** MySQL warns of them in every answer; so it does of `||` that means OR. */
const DEPRECATED_OPERATORS: ReadonlySet<string> = new Set(["&&", "!"]);
/** Before a name and a parenthesis these mean a list or a type's length, not a call. */
const LISTS_FOLLOW: ReadonlySet<string> = new Set(
  "as with recursive into table insert replace ignore".split(" "),
);

export class TraitsReader extends TraitsBase {
  readonly #scanner = new Scanner();
  #pipesAsConcat = false;
  #secondWord: string | null = null;
  #assigns = false;
  /** The last part of the current dotted name, and how many parts it has so far. */
  #name = "";
  #nameParts = 0;

  constructor() {
    super(true);
  }

  read(text: string, settings: LexerSettings): StatementTraits {
    this.#scanner.reset(text, settings);
    this.#pipesAsConcat = settings.pipesAsConcat;
    return this.readAll(this.#scanner, text);
  }

  protected override begin(): void {
    super.begin();
    this.#secondWord = null;
    this.#assigns = false;
    this.#name = "";
    this.#nameParts = 0;
  }

  protected override end(): void {
    if (this.#scanner.hinted) this.refuse("it carries hints to the optimizer");
  }

  protected override finish(): boolean {
    const findings = this.findings;
    const verb = this.verb;
    const calls = this.unknownCall;
    findings.mayChangeSession ||= this.#assigns;
    findings.readsDiagnostics ||= calls || DIAGNOSTIC_VERBS.has(verb);
    if (READ_VERBS.has(verb)) {
      findings.mayWrite ||= calls || this.modifies || this.locks || this.into;
      findings.mayChangeSession ||= calls || this.into;
      return !this.modifies;
    }
    if (EXPLAIN_VERBS.has(verb)) {
      findings.mayWrite ||= this.analyses || calls;
      findings.mayChangeSession ||= this.analyses || calls;
      return false;
    }
    // BEGIN NOT ATOMIC … END, SET STATEMENT … FOR any statement.
    const nests =
      (verb === "begin" && this.#secondWord === "not") ||
      (verb === "set" && this.#secondWord === "statement");
    const effect = nests ? undefined : VERBS.get(verb);
    if (effect === undefined) findings.readsDiagnostics = true;
    const writes = effect?.writes ?? true;
    findings.mayWrite ||= writes === "calls" ? calls : writes;
    const session = effect?.session ?? true;
    findings.mayChangeSession ||= session === "calls" ? calls : session;
    return false;
  }

  protected override token(kind: number): void {
    switch (kind) {
      case T_WORD:
      case T_QUOTED:
        this.#nameToken(kind);
        return;
      case T_DOT:
        this.word = "";
        return;
      case T_OPEN:
        if (this.previous === T_WORD || this.previous === T_QUOTED) this.#parenthesisAfterName();
        this.depth++;
        break;
      case T_CLOSE:
        this.depth--;
        break;
      case T_VARIABLE:
        this.#variable();
        break;
      case T_ASSIGN:
        this.#assigns = true;
        break;
      case T_OPERATOR:
        this.#operator();
        break;
      default:
        break;
    }
    this.word = "";
    this.beforeName = "";
    this.#name = "";
    this.#nameParts = 0;
  }

  #nameToken(kind: number): void {
    const { start, end } = this.#scanner;
    const written = this.text.slice(start, end);
    const continues = this.previous === T_DOT;
    if (!continues) {
      this.beforeName = this.word;
      this.#nameParts = 0;
    }
    this.#nameParts++;
    const name = (kind === T_QUOTED ? quotedName(written) : written).toLowerCase();
    this.#name = name;
    // `@@session.warning_count`
    if (DIAGNOSTIC_VARIABLES.has(name)) this.findings.readsDiagnostics = true;
    if (kind === T_WORD && !continues) this.#keyword(name);
    this.word = kind === T_WORD ? name : "";
  }

  #keyword(word: string): void {
    const before = this.word;
    if (this.verb === "") {
      this.verb = word;
      return;
    }
    this.#secondWord ??= word;
    if (this.verb === "show") {
      if (word === "warnings" || word === "errors") this.findings.readsDiagnostics = true;
      return;
    }
    if (MODIFYING.has(word) && this.previous === T_CLOSE && this.depth === 0) {
      if (this.verb === "with") this.modifies = true;
    } else if (before === "for" && (word === "update" || word === "share")) {
      this.locks = true;
      this.refuse(`FOR ${word.toUpperCase()} locks the rows it reads`);
    } else if (before === "lock" && word === "in") {
      this.locks = true;
      this.refuse("LOCK IN SHARE MODE locks the rows it reads");
    } else if (word === "into") {
      this.into = true;
      this.refuse("SELECT INTO keeps its answer on the server");
    } else if (word === "sql_calc_found_rows") {
      this.refuse("SQL_CALC_FOUND_ROWS asks for a second answer");
    } else if (word === "sql_no_cache") {
      this.findings.skipCache = true;
    } else if (word === "procedure") {
      this.refuse("PROCEDURE ANALYSE reads differently");
    } else if (word === "value" && (before === "next" || before === "previous")) {
      this.unknownCall = true;
      this.refuse("a sequence differs from one reading to the next");
    } else if (word === "analyze") {
      this.analyses = true;
    } else if (CHANGING_WORDS.has(word) && before !== "as") {
      this.refuse(`${word.toUpperCase()} differs between sessions or over time`);
    }
  }

  #variable(): void {
    const { start, end } = this.#scanner;
    const name = this.text.slice(start, end).toLowerCase();
    if (DIAGNOSTIC_VARIABLES.has(name.slice(2))) this.findings.readsDiagnostics = true;
    this.refuse("a variable differs between sessions");
  }

  #operator(): void {
    const { start, end } = this.#scanner;
    const operator = this.text.slice(start, end);
    if (DEPRECATED_OPERATORS.has(operator) || (operator === "||" && !this.#pipesAsConcat)) {
      this.refuse(`MySQL deprecates ${operator} and says so in a warning`);
    }
  }

  #parenthesisAfterName(): void {
    const name = this.#name;
    const qualified = this.#nameParts > 1;
    if (!qualified && this.previous === T_WORD && NOT_CALLS.has(name)) return;
    if (LISTS_FOLLOW.has(this.beforeName)) return;
    if (qualified) {
      this.unknownCall = true;
      return;
    }
    if (DIAGNOSTIC_CALLS.has(name)) this.findings.readsDiagnostics = true;
    if (CHANGING_CALLS.has(name)) this.refuse(`${name}() differs between sessions or over time`);
    if (!READ_ONLY_FUNCTIONS.has(name)) this.unknownCall = true;
  }
}
