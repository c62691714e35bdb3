/**
 * What a statement in the binary log may have done. Its text is never parsed for definitions:
 * only its first words are read, and table names are searched for in it (`schema-changes.ts`).
 */
export type StatementKind =
  | "begin"
  | "commit"
  | "rollback"
  /** Undoes a part of the open transaction. */
  | "rollback to savepoint"
  | "xa start"
  | "xa end"
  | "xa commit"
  | "xa rollback"
  /** Changes neither rows nor definitions of tables. */
  | "harmless"
  /** Privileges. */
  | "access"
  /** Definitions or whole contents of the tables named in it. */
  | "tables"
  | "truncate"
  | "drop schema"
  /** Changes rows, or we do not know it: any table may be affected. */
  | "anything";

const CONTROL: readonly (readonly [RegExp, StatementKind])[] = [
  [/^(BEGIN|START TRANSACTION)\b/, "begin"],
  [/^COMMIT\b(?! ALTER)/, "commit"],
  [/^ROLLBACK (WORK )?TO\b/, "rollback to savepoint"],
  [/^ROLLBACK\b(?! ALTER)/, "rollback"],
  [/^(SAVEPOINT|RELEASE SAVEPOINT)\b/, "harmless"],
  [/^XA (START|BEGIN)\b/, "xa start"],
  [/^XA (END|PREPARE)\b/, "xa end"],
  [/^XA COMMIT\b/, "xa commit"],
  [/^XA ROLLBACK\b/, "xa rollback"],
  [/^(GRANT|REVOKE|SET PASSWORD|SET DEFAULT ROLE|SET ROLE)\b/, "access"],
  [/^TRUNCATE\b/, "truncate"],
  [/^RENAME TABLES?\b/, "tables"],
  [/^RENAME USER\b/, "access"],
  [/^FLUSH PRIVILEGES\b/, "access"],
  [/^(ANALYZE|OPTIMIZE|CHECK|CHECKSUM|FLUSH|INSTALL|UNINSTALL|PURGE|CACHE INDEX)\b/, "harmless"],
];

/** Kinds of objects that CREATE, ALTER and DROP name after their modifiers. */
const OBJECTS: Readonly<Record<string, StatementKind>> = {
  TABLE: "tables",
  TABLES: "tables",
  INDEX: "tables",
  DATABASE: "drop schema",
  SCHEMA: "drop schema",
  USER: "access",
  ROLE: "access",
  VIEW: "harmless",
  TRIGGER: "harmless",
  PROCEDURE: "harmless",
  FUNCTION: "harmless",
  PACKAGE: "harmless",
  EVENT: "harmless",
  SERVER: "harmless",
  SEQUENCE: "harmless",
  TABLESPACE: "harmless",
  LOGFILE: "harmless",
  RESOURCE: "harmless",
  REFERENCE: "harmless",
  INSTANCE: "harmless",
  LIBRARY: "harmless",
};

/** Words between CREATE and the object's kind are few; a definer's name is quoted or has an @. */
const MODIFIERS_LIMIT = 24;

/** Comments are blanks, but those that begin with an exclamation mark (or M!) are code. */
export function stripComments(text: string): string {
  return text
    .replace(/\/\*M?!\d*/g, " ")
    .replace(/\/\*[\s\S]*?\*\//g, " ")
    .replace(/\*\//g, " ")
    .replace(/^\s*(?:(?:--\s|#).*\n\s*)+/, "")
    .trim();
}

export function statementKind(text: string): StatementKind {
  const head = stripComments(text.slice(0, 2000)).replace(/\s+/g, " ");
  const upper = head.slice(0, 80).toUpperCase();
  for (const [pattern, kind] of CONTROL) if (pattern.test(upper)) return kind;
  const verb = /^(CREATE|ALTER|DROP)\b/.exec(upper)?.[1];
  if (verb === undefined) return "anything";
  const words = head.slice(verb.length).match(/`(?:[^`]|``)*`|"[^"]*"|'[^']*'|[^\s,()=@`"']+|./g);
  let seen = 0;
  for (const word of words ?? []) {
    const known = Object.hasOwn(OBJECTS, word.toUpperCase()) ? word.toUpperCase() : null;
    if (word.toUpperCase() === "TEMPORARY") return "harmless";
    if (known !== null) {
      const kind = OBJECTS[known]!;
      return kind === "drop schema" && verb !== "DROP" ? "harmless" : kind;
    }
    seen += 1;
    if (seen > MODIFIERS_LIMIT * 2) break;
  }
  return "anything";
}

/** A possibly qualified, possibly quoted name: groups 1 to 4. */
const NAME = "(?:`((?:[^`]|``)+)`|([\\w$]+))(?:\\s*\\.\\s*(?:`((?:[^`]|``)+)`|([\\w$]+)))?";
const CREATED = new RegExp(
  `^\\s*CREATE\\s+(?:OR\\s+REPLACE\\s+)?TABLE\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?${NAME}[\\s(]`,
  "i",
);
const ALTERED = new RegExp(`^\\s*ALTER\\s+TABLE\\s+(?:IF\\s+EXISTS\\s+)?${NAME}\\s`, "i");
const TRUNCATED = new RegExp(`^TRUNCATE\\s+(?:TABLE\\s+)?${NAME}\\s*;?$`, "i");

export interface NamedTable {
  /** Null: in the default schema. */
  readonly schema: string | null;
  readonly name: string;
}

function nameIn(match: RegExpExecArray): NamedTable {
  const first = match[1]?.replaceAll("``", "`") ?? match[2]!;
  const second = match[3]?.replaceAll("``", "`") ?? match[4];
  return second === undefined ? { schema: null, name: first } : { schema: first, name: second };
}

/**
 * The one table that a plain CREATE TABLE or ALTER TABLE is about; null when it may be about
 * others, too, or is not as plain as that (then the whole text has to be searched).
 */
export function onlyTable(text: string): NamedTable | null {
  if (!isPlain(text)) return null;
  const created = CREATED.exec(text);
  if (created !== null) return nameIn(created);
  const altered = ALTERED.exec(text);
  if (altered === null || /\b(RENAME|EXCHANGE|CONVERT)\b/i.test(text)) return null;
  return nameIn(altered);
}

/** Names that are not ASCII are in the session's character set, which is not looked at. */
function isPlain(text: string): boolean {
  return !/\/\*|--|#|"/.test(text.slice(0, 300)) && !/[^\x00-\x7f]/.test(text);
}

/** A plain CREATE TABLE IF NOT EXISTS, which does nothing to a table that there is. */
export function createsIfMissing(text: string): boolean {
  return isPlain(text) && /^\s*CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s/i.test(text);
}

/** `TRUNCATE [TABLE] [schema.]name` and nothing more. */
export function truncatedTable(text: string): NamedTable | null {
  if (/[^\x00-\x7f]/.test(text)) return null;
  const match = TRUNCATED.exec(stripComments(text));
  return match === null ? null : nameIn(match);
}
