/**
 * The statement as the second parser gets to read it. Names, numbers, strings and placeholders
 * become marks, types and units of time vanish, words with a synonym become that: what it is
 * asked about is the structure alone, since it is known to misread much of the rest. Its AND
 * binds no more tightly than OR and XOR, so that what AND joins beside one of them is given to it
 * in parentheses; how the servers group those is tested against the servers themselves.
 */

/** Synonyms, by what we read. */
const SYNONYMS: Readonly<Record<string, string>> = {
  "<=>": "=",
  "!=": "<>",
  "&&": "AND",
  rlike: "REGEXP",
  mod: "%",
  unknown: "NULL",
};

export class SecondText {
  readonly #replacements = new Map<number, string>();
  readonly #opened = new Map<number, number>();
  readonly #closed = new Map<number, number>();
  readonly #names = new Map<string, string>();
  /** By the literal's offset in the tree: how it will come back. */
  readonly #literals = new Map<number, string>();

  /** The token that starts at this byte is read as something else. */
  replace(start: number, text: string): void {
    this.#replacements.set(start, text);
  }

  /** Parentheses around the tokens from the one that starts at `first` to that at `last`. */
  enclose(first: number, last: number): void {
    this.#opened.set(first, (this.#opened.get(first) ?? 0) + 1);
    this.#closed.set(last, (this.#closed.get(last) ?? 0) + 1);
  }

  name(start: number, name: string): void {
    this.replace(start, this.mark(name));
  }

  mark(name: string): string {
    let mark = this.#names.get(name);
    if (mark === undefined) this.#names.set(name, (mark = `n_${this.#names.size}`));
    return mark;
  }

  /** `start` is the digits', `at` the literal's, which may begin with a sign. */
  number(start: number, at: number, negative: boolean): void {
    const digits = String(1_000_000 + start);
    this.replace(start, digits);
    this.#literals.set(at, negative ? `-${digits}` : digits);
  }

  string(start: number): void {
    this.replace(start, `'s_${start}'`);
    this.#literals.set(start, `'s_${start}'`);
  }

  literal(at: number): string {
    return this.#literals.get(at) ?? "?";
  }

  text(tokens: readonly { start: number; text: string; word: string }[]): string {
    let text = "";
    let before = "";
    for (const token of tokens) {
      const replaced = this.#replacements.get(token.start);
      const written = replaced ?? SYNONYMS[token.word] ?? token.text;
      const opened = this.#opened.get(token.start);
      if (opened !== undefined) {
        text += ` ${"(".repeat(opened)}`;
        before = "(";
      }
      const closing = ")".repeat(this.#closed.get(token.start) ?? 0);
      if (written === "" || written === ";") {
        text += closing;
        continue;
      }
      // It knows functions only without a space.
      const call = written === "(" && before.startsWith("f_");
      text += text === "" || call ? written : ` ${written}`;
      text += closing;
      before = written;
    }
    return text;
  }
}
