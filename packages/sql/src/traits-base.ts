/** What the dialects' readers of `StatementTraits` share: the statements one after the other. */
import type { ScannerBase } from "./scanner-base.ts";
import type { StatementTraits } from "./shape.ts";
import { T_END, T_ERROR, T_SEMICOLON } from "./tokens.ts";

export const READ_VERBS: ReadonlySet<string> = new Set(["select", "with", "values", "table"]);

/** What was found in the statements so far. */
interface Findings {
  mayWrite: boolean;
  mayChangeSession: boolean;
  readsDiagnostics: boolean;
  skipCache: boolean;
  uncacheable: string | null;
}

const nothingFound = (): Findings => ({
  mayWrite: false,
  mayChangeSession: false,
  readsDiagnostics: false,
  skipCache: false,
  uncacheable: null,
});

export abstract class TraitsBase {
  protected text = "";
  protected findings: Findings = nothingFound();

  /** Of the statement being read. */
  protected verb = "";
  protected depth = 0;
  protected unknownCall = false;
  /** A data-modifying statement inside or after WITH. */
  protected modifies = false;
  protected locks = false;
  protected into = false;
  protected analyses = false;

  protected previous = T_SEMICOLON;
  /** The previous word in lower case, empty for other tokens. */
  protected word = "";
  /** The word before the current dotted name. */
  protected beforeName = "";

  /** For a text that cannot be cut into tokens. */
  readonly #unreadable: Omit<StatementTraits, "verb" | "skipCache">;

  protected constructor(hasDiagnostics: boolean) {
    this.#unreadable = {
      multiple: false,
      read: false,
      mayWrite: true,
      mayChangeSession: true,
      uncacheable: null,
      readsDiagnostics: hasDiagnostics,
    };
  }

  /** A token of a statement, other than a semicolon. */
  protected abstract token(kind: number): void;
  /** Adds the statement's effects to the findings; whether it is a read. */
  protected abstract finish(): boolean;
  /** Adds what concerns the text as a whole. */
  protected abstract end(): void;

  /** `scanner` is at the beginning of `text`. */
  protected readAll(scanner: ScannerBase, text: string): StatementTraits {
    this.text = text;
    const findings = (this.findings = nothingFound());
    this.begin();
    let verb = "";
    let statements = 0;
    let read = true;
    for (;;) {
      const kind = scanner.next();
      if (kind === T_ERROR) {
        const { skipCache } = scanner;
        return { ...this.#unreadable, verb: verb === "" ? this.verb : verb, skipCache };
      }
      if (kind === T_END || kind === T_SEMICOLON) {
        if (this.previous !== T_SEMICOLON) {
          const isRead = this.finish();
          read &&= isRead;
          if (statements++ === 0) verb = this.verb;
          this.begin();
        }
        if (kind === T_END) break;
      } else {
        this.token(kind);
        this.previous = kind;
      }
    }
    this.end();
    return {
      verb,
      multiple: statements > 1,
      read: read && statements === 1,
      mayWrite: findings.mayWrite,
      mayChangeSession: findings.mayChangeSession,
      uncacheable: statements === 1 && read ? findings.uncacheable : null,
      skipCache: scanner.skipCache || findings.skipCache,
      readsDiagnostics: findings.readsDiagnostics,
    };
  }

  /** Before the first token of a statement. */
  protected begin(): void {
    this.verb = "";
    this.depth = 0;
    this.unknownCall = false;
    this.modifies = false;
    this.locks = false;
    this.into = false;
    this.analyses = false;
    this.previous = T_SEMICOLON;
    this.word = "";
    this.beforeName = "";
  }

  /** The first reason is the one that is told. */
  protected refuse(reason: string): void {
    this.findings.uncacheable ??= reason;
  }
}
