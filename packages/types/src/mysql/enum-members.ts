const ESCAPES: Readonly<Record<string, string>> = { "0": "\0", n: "\n", r: "\r", "'": "'" };

/**
 * The members of `enum('a','b''c')` or `set(…)` as COLUMN_TYPE writes them, or null when it is
 * not of that form. Quotes are doubled; of the escapes only those that the server writes are read.
 */
export function parseMembers(columnType: string): string[] | null {
  const open = columnType.indexOf("(");
  if (open === -1) return null;
  const members: string[] = [];
  let at = open + 1;
  for (;;) {
    if (columnType[at] !== "'") return null;
    at += 1;
    let member = "";
    for (;;) {
      const character = columnType[at];
      if (character === undefined) return null;
      at += 1;
      if (character === "\\") {
        const escaped = columnType[at] ?? "";
        member += ESCAPES[escaped] ?? escaped;
        at += 1;
      } else if (character !== "'") member += character;
      else if (columnType[at] === "'") {
        member += "'";
        at += 1;
      } else break;
    }
    members.push(member);
    const next = columnType[at];
    if (next === ")") return members;
    if (next !== ",") return null;
    at += 1;
  }
}
