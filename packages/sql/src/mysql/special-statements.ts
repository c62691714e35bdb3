/** Statements that the adapter has to handle itself: KILL, and LOAD DATA LOCAL. */
import type { LexerSettings } from "../shape.ts";
import { Scanner, T_END, T_INTEGER, T_SEMICOLON, T_WORD } from "./scanner.ts";

export interface KillStatement {
  readonly kind: "connection" | "query";
  /** The connection's id as written. */
  readonly id: bigint;
  /** The bytes of the id in the text: `[start, end)`. */
  readonly start: number;
  readonly end: number;
}

const scanner = new Scanner();

function word(text: string): string {
  if (scanner.next() !== T_WORD) return "";
  return text.slice(scanner.start, scanner.end).toLowerCase();
}

/**
 * `KILL [HARD | SOFT] [CONNECTION | QUERY] n`, alone in its text (a byte string). Null for
 * anything else: other statements, an id that is an expression or MariaDB's QUERY ID or USER.
 */
export function parseKill(text: string, settings: LexerSettings): KillStatement | null {
  scanner.reset(text, settings);
  if (word(text) !== "kill") return null;
  let kind: KillStatement["kind"] = "connection";
  let token = scanner.next();
  let written = text.slice(scanner.start, scanner.end).toLowerCase();
  if (token === T_WORD && (written === "hard" || written === "soft")) {
    token = scanner.next();
    written = text.slice(scanner.start, scanner.end).toLowerCase();
  }
  if (token === T_WORD && (written === "connection" || written === "query")) {
    kind = written;
    token = scanner.next();
    written = text.slice(scanner.start, scanner.end);
  }
  if (token !== T_INTEGER) return null;
  const { start, end } = scanner;
  do token = scanner.next();
  while (token === T_SEMICOLON);
  return token === T_END ? { kind, id: BigInt(written), start, end } : null;
}

/** `LOAD DATA LOCAL …` or `LOAD XML LOCAL …`: the server will ask the client for a file. */
export function isLoadDataLocal(text: string, settings: LexerSettings): boolean {
  scanner.reset(text, settings);
  if (word(text) !== "load") return false;
  const what = word(text);
  if (what !== "data" && what !== "xml") return false;
  const next = word(text);
  return (
    next === "local" ||
    ((next === "low_priority" || next === "concurrent") && word(text) === "local")
  );
}
