import type { LexerSettings } from "../shape.ts";
import type { WordSource } from "../word-reader.ts";
import { quotedName, stringContent } from "./literal.ts";
import { Scanner, T_ESCAPED, T_QUOTED, T_STRING, T_WORD } from "./scanner.ts";

const scanner = new Scanner();

/** Our own statements as MySQL would cut them; names keep their letter case. */
export const mysqlWords: WordSource = {
  scanner,
  reset: (text: string, settings: LexerSettings) => scanner.reset(text, settings),

  name(kind: number, written: string): string | null {
    if (kind === T_WORD) return written;
    return kind === T_QUOTED ? quotedName(written) : null;
  },

  string(kind: number, written: string): string | null {
    if (kind === T_QUOTED) return quotedName(written);
    const isString = kind === T_STRING || kind === T_ESCAPED;
    return isString ? stringContent(written, kind === T_ESCAPED) : null;
  },
};
