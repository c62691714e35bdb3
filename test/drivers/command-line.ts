import type { Operation } from "./operations.ts";

/**
 * The script for the command line clients: everything as text, with `--column-type-info`,
 * `--show-warnings` and `--force`.
 */
export function commandLineScript(
  script: Readonly<Record<string, readonly Operation[]>>,
  dataFile: string,
): string {
  const statements = Object.entries(script).flatMap(([section, operations]) => [
    `SELECT '${section}' AS section`,
    ...operations.flatMap((operation) => statementsOf(operation, dataFile)).filter(isPrintable),
  ]);
  return `delimiter //\n${statements.map((text) => `${text}\n//\n`).join("")}`;
}

function statementsOf([name, ...args]: Operation, dataFile: string): readonly string[] {
  const [first = "", second = ""] = args;
  switch (name) {
    case "connect":
      return second === "nowhere_at_all" ? [] : [second === "" ? "SELECT 1" : `USE ${second}`];
    case "text":
      return second === "" ? [] : Array.from({ length: Number(first) }, () => second);
    case "prepared":
      return repeated(Number(first), [withLiterals(second, args.slice(2))]);
    case "prepare":
      return [prepare(first)];
    case "run":
      return execute(args);
    case "unprepare":
      return ["DEALLOCATE PREPARE p"];
    case "call":
      return ["SET @a = 0, @b = 21", `CALL ${first}(5, @a, @b)`, "SELECT @a, @b"];
    case "stream":
      return [first];
    case "cursor":
      return [second];
    case "autocommit":
      return [`SET autocommit = ${first}`];
    case "begin":
    case "commit":
    case "rollback":
      return [name];
    case "reset":
      return ["SET @mine = NULL"];
    case "insert-id":
      return ["SELECT LAST_INSERT_ID()"];
    case "warnings":
      return ["SHOW WARNINGS"];
    case "large":
      return [`INSERT INTO large VALUES (1, repeat('x', ${first} * 1024 * 1024))`];
    case "load":
      return [`LOAD DATA LOCAL INFILE '${dataFile}' INTO TABLE ${first}`];
    default:
      return [];
  }
}

/** A table of 16 MB values would be drawn with lines as long. */
function isPrintable(statement: string): boolean {
  return !/SELECT id, body|repeat\('x', 16777215/.test(statement);
}

function repeated(times: number, statements: readonly string[]): readonly string[] {
  return Array.from({ length: times }, () => statements).flat();
}

/** PREPARE and EXECUTE would end the use of caches: what they run is not seen. */
function withLiterals(sql: string, values: readonly string[]): string {
  let next = 0;
  return sql.replaceAll("?", () => literal(values[next++] ?? "n:"));
}

function prepare(sql: string): string {
  return `PREPARE p FROM ${quoted(sql)}`;
}

function execute(values: readonly string[]): readonly string[] {
  if (values.length === 0) return ["EXECUTE p"];
  const names = values.map((_, n) => `@v${n}`);
  const set = values.map((value, n) => `${names[n]} = ${literal(value)}`);
  return [`SET ${set.join(", ")}`, `EXECUTE p USING ${names.join(", ")}`];
}

function literal(value: string): string {
  const rest = value.slice(2);
  switch (value[0]) {
    case "i":
    case "f":
      return rest;
    case "b":
      return `x'${rest}'`;
    case "n":
      return "NULL";
    default:
      return quoted(rest);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
