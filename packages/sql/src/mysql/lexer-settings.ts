import { type LexerSettings, lexerSettings } from "../shape.ts";

/** How texts are read under these words of `sql_mode` (as the server lists them, in any order). */
export function mysqlLexerSettings(modes: Iterable<string>): LexerSettings {
  const set = new Set(modes);
  return lexerSettings({
    backslashEscapes: !set.has("NO_BACKSLASH_ESCAPES"),
    ansiQuotes: set.has("ANSI_QUOTES"),
    pipesAsConcat: set.has("PIPES_AS_CONCAT"),
    highNotPrecedence: set.has("HIGH_NOT_PRECEDENCE"),
  });
}
