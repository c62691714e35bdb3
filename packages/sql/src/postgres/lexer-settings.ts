import { lexerSettings } from "../shape.ts";

const POSTGRES = { ansiQuotes: true, pipesAsConcat: true, highNotPrecedence: false };

/** Postgres with `standard_conforming_strings` on, as it always is by default. */
export const POSTGRES_LEXER_SETTINGS = lexerSettings({ ...POSTGRES, backslashEscapes: false });

/** Postgres with `standard_conforming_strings` off. */
export const POSTGRES_ESCAPING_SETTINGS = lexerSettings({ ...POSTGRES, backslashEscapes: true });
