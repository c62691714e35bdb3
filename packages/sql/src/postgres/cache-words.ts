import type { WordSource } from "../word-reader.ts";
import { stringContent } from "./literal.ts";
import { Scanner, T_QUOTED, T_STRING, T_WORD } from "./scanner.ts";

const scanner = new Scanner();

/** Our own statements as Postgres would cut them. */
export const postgresWords: WordSource = {
  scanner,
  reset: (text) => scanner.reset(text, true),

  name(kind: number, written: string): string | null {
    if (kind === T_WORD) return written.toLowerCase();
    if (kind !== T_QUOTED || !written.startsWith('"')) return null;
    return written.slice(1, -1).replaceAll('""', '"');
  },

  string(kind: number, written: string): string | null {
    if (kind === T_QUOTED) return written.slice(1, -1);
    return kind === T_STRING ? stringContent(written, false) : null;
  },
};
