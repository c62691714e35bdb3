import { scopeOf } from "@freshet/adapter-core";
import type { SessionScope } from "@freshet/rpc";
import { type LexerSettings, mysqlLexerSettings } from "@freshet/sql";
import type { HiddenSettings } from "./probe.ts";

/** Words of sql_mode that are part of a scope, in the order of their names. */
const SCOPE_MODES = [
  "ANSI_QUOTES",
  "HIGH_NOT_PRECEDENCE",
  "NO_BACKSLASH_ESCAPES",
  "NO_UNSIGNED_SUBTRACTION",
  "ONLY_FULL_GROUP_BY",
  "PIPES_AS_CONCAT",
  "REAL_AS_FLOAT",
  "TIME_TRUNCATE_FRACTIONAL",
] as const;

/** Words under which the engine does not know what a read means. */
const REFUSED_MODES = [
  // CHAR has all its blanks, in comparisons too.
  "PAD_CHAR_TO_FULL_LENGTH",
  "EMPTY_STRING_IS_NULL",
  "ORACLE",
  "MSSQL",
  "DB2",
  "POSTGRESQL",
  "MAXDB",
  "TIME_ROUND_FRACTIONAL",
] as const;

export const DEFAULT_LEXER_SETTINGS = mysqlLexerSettings([]);

/**
 * Minutes east of UTC of a session's time zone when it is fixed; null for named zones and a
 * system zone whose rules we do not know.
 */
export function fixedOffsetMinutes(timeZone: string, systemTimeZone: string): number | null {
  // The system's is an abbreviation, of the season the server was started in: GMT may be London's.
  if (timeZone === "SYSTEM") return systemTimeZone === "UTC" ? 0 : null;
  if (/^(?:UTC|GMT|Etc\/UTC|Universal|Zulu)$/i.test(timeZone)) return 0;
  const match = /^([+-])(\d{1,2}):(\d{2})$/.exec(timeZone);
  if (match === null) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === "-" ? -minutes : minutes;
}

/** One session's settings as the last probe said. `key` names the rendering. */
export class SessionSettings {
  #hidden: HiddenSettings | null = null;
  #scope: SessionScope | null = null;
  #offsetMinutes: number | null = null;
  lexer: LexerSettings = DEFAULT_LEXER_SETTINGS;
  /** Collation id of text columns in results. */
  resultCharset = 0;
  /** Columns of answers are named after the blanks behind their expressions, too. */
  blanksInNames = false;
  /** Rendering identity: equal keys mean equal bytes. */
  key = 0;

  constructor(hidden: HiddenSettings | null) {
    this.probed(hidden);
  }

  get hidden(): HiddenSettings | null {
    return this.#hidden;
  }

  /** Null: caches cannot be used. */
  get scope(): SessionScope | null {
    return this.#scope;
  }

  /** Null: TIMESTAMP values cannot be rendered. */
  get offsetMinutes(): number | null {
    return this.#offsetMinutes;
  }

  /** Why there is no scope although the settings are known. */
  get problem(): string {
    if (this.#hidden === null) return "session-setting";
    const { characterSets, unusual } = this.#hidden;
    if (unusual.length > 0) return `unusual ${unusual.join(", ")}`;
    return `character sets ${characterSets.join(", ")}, or sql_mode`;
  }

  probed(hidden: HiddenSettings | null): void {
    this.#hidden = hidden;
    if (hidden === null) {
      this.#scope = null;
      return;
    }
    const { modes } = hidden;
    this.lexer = mysqlLexerSettings(modes);
    this.resultCharset = hidden.resultCharset;
    this.#offsetMinutes = fixedOffsetMinutes(hidden.timeZone, hidden.systemTimeZone);
    const offset = this.#offsetMinutes === null ? 0 : this.#offsetMinutes + 1024;
    this.blanksInNames = modes.has("IGNORE_SPACE");
    this.key = (this.resultCharset * 4096 + offset) * 2 + Number(this.blanksInNames);
    const usable =
      hidden.characterSets.every((name) => name === "utf8mb4") &&
      hidden.unusual.length === 0 &&
      !REFUSED_MODES.some((mode) => modes.has(mode));
    this.#scope = usable ? scopeOf(hidden.database, hidden.account, identityOf(hidden)) : null;
  }
}

function identityOf({ database, modes }: HiddenSettings): string {
  // The database's name is a byte string; identities are Unicode, as all that is compared with it.
  const db = Buffer.from(database, "latin1").toString("utf8");
  return JSON.stringify({ db, modes: SCOPE_MODES.filter((mode) => modes.has(mode)) });
}
