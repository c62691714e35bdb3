import type { ColumnType } from "../dialect.ts";

/** A value as an SQL literal under every `sql_mode` but NO_BACKSLASH_ESCAPES. */
export function quote(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

export function literal(value: string | null, type: ColumnType): string {
  if (value === null) return "NULL";
  switch (type.literal) {
    case "bare":
      return value;
    case "hex":
      return `x'${value}'`;
    case "quoted":
      return quote(value);
  }
}

const SPACES = ["  ", "\n", "\t", " /* x */ ", " -- y's\n", " # z\n", "\r\n ", " /**/"];
const WORDS =
  /\b(?:SELECT|FROM|WHERE|AND|OR|NOT|IN|BETWEEN|LIKE|IS|NULL|GROUP|ORDER|BY|HAVING|LIMIT|JOIN|LEFT|ON|AS|CASE|WHEN|THEN|ELSE|DISTINCT|DESC|ASC)\b/g;

/**
 * Other white space, comments and words in lower case; what is quoted stays. Mostly behind the
 * last FROM only: the text of an item without alias is its column's name.
 */
export function respelled(text: string): string {
  const from = text.length % 4 === 0 ? 0 : text.lastIndexOf(" FROM ") + 6;
  let number = text.length;
  const rest = text
    .slice(from)
    .split(/('(?:[^'\\]|\\.|'')*')/s)
    .map((part, index) => {
      if (index % 2 === 1) return part;
      return part
        .replace(WORDS, (word) => ((number += 1) % 3 === 0 ? word : word.toLowerCase()))
        .replaceAll(" ", () =>
          (number += 1) % 4 === 0 ? SPACES[(number / 4) % SPACES.length]! : " ",
        );
    });
  return text.slice(0, from) + rest.join("");
}
