import { cp, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** What `docker build` would see of a directory: all but what `.dockerignore` leaves out. */
export async function copyContext(from: string, to: string): Promise<void> {
  const text = await readFile(join(from, ".dockerignore"), "utf8");
  const rules = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ keeps: line.startsWith("!"), pattern: line.replace(/^!/, "") }));
  const isKept = (path: string): boolean => {
    let kept = true;
    for (const { keeps, pattern } of rules) if (matches(pattern, path)) kept = keeps;
    return kept;
  };
  // A directory is entered when it, or something within it, may be kept.
  const isEntered = (path: string): boolean =>
    isKept(path) || rules.some(({ keeps, pattern }) => keeps && pattern.startsWith(`${path}/`));
  await cp(from, to, {
    recursive: true,
    filter: (source) => {
      const path = relative(from, source).split(sep).join("/");
      return path === "" || isEntered(path);
    },
  });
}

/** A pattern matches a path and everything below it; `**` stands for any directories. */
function matches(pattern: string, path: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*\*\/|\*/g, (stars) => (stars === "*" ? "[^/]*" : "(?:.*/)?"));
  return new RegExp(`^${source}(/|$)`).test(path);
}
