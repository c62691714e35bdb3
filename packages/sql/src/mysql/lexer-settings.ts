import { type LexerSettings, lexerSettings } from "../shape.ts";

/** How texts are read under these words of `sql_mode` (as the server lists them, in any order). */
export function mysqlLexerSettings(modes: readonly string[]): LexerSettings {
  return lexerSettings({
    backslashEscapes: !modes.includes("NO_BACKSLASH_ESCAPES"),
    ansiQuotes: modes.includes("ANSI_QUOTES"),
    pipesAsConcat: modes.includes("PIPES_AS_CONCAT"),
    highNotPrecedence: modes.includes("HIGH_NOT_PRECEDENCE"),
  });
}
