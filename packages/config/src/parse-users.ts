export interface UserPassword {
  readonly user: string;
  readonly password: string;
}

/**
 * `name:password` pairs separated by commas. A password (or name) in double quotes may contain
 * commas, colons and, doubled, quotes. Null when malformed; the text is a secret, so the caller's
 * message must not repeat it.
 */
export function parseUsers(text: string): readonly UserPassword[] | null {
  const users: UserPassword[] = [];
  const names = new Set<string>();
  let at = 0;
  const field = (ends: string): string | null => {
    if (text[at] !== '"') {
      const start = at;
      while (at < text.length && !ends.includes(text[at] ?? "")) at += 1;
      return text.slice(start, at).trim();
    }
    let value = "";
    for (at += 1; at < text.length; at += 1) {
      if (text[at] !== '"') value += text[at];
      else if (text[at + 1] === '"') value += text[++at];
      else {
        at += 1;
        return at === text.length || ends.includes(text[at] ?? "") ? value : null;
      }
    }
    return null;
  };
  while (at < text.length) {
    while (text[at] === " ") at += 1;
    const user = field(":,");
    if (user === null || user === "" || text[at] !== ":" || names.has(user)) return null;
    at += 1;
    const password = field(",");
    if (password === null || password === "") return null;
    users.push({ user, password });
    names.add(user);
    at += 1;
  }
  return users.length === 0 ? null : users;
}
