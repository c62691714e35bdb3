import * as fc from "fast-check";
import { loadModule, scanSync } from "libpg-query";
import { beforeAll, describe, expect, test } from "vitest";

import { Scanner, T_END, T_ERROR } from "./scanner.ts";
import { CACHEABLE_STATEMENTS, OTHER_STATEMENTS } from "./statements.data.ts";

type Token = readonly [start: number, end: number];

/** Our tokens, null for a text that cannot be cut. */
function ours(text: string): Token[] | null {
  const scanner = new Scanner();
  scanner.reset(Buffer.from(text, "utf8").toString("latin1"), true);
  const tokens: Token[] = [];
  for (;;) {
    const kind = scanner.next();
    if (kind === T_END) return tokens;
    if (kind === T_ERROR) return null;
    tokens.push([scanner.start, scanner.end]);
  }
}

/** The server's, by libpg-query; it gives comments as tokens of their own. */
function theirs(text: string): Token[] | null {
  try {
    return scanSync(text)
      .tokens.filter((token) => !token.tokenName.endsWith("_COMMENT"))
      .map((token) => [token.start, token.end]);
  } catch {
    return null;
  }
}

beforeAll(async () => {
  await loadModule();
});

test.each([...CACHEABLE_STATEMENTS, ...OTHER_STATEMENTS.filter((text) => !text.includes("N'"))])(
  "cuts as the server does: %s",
  (text) => {
    expect(ours(text)).toEqual(theirs(text));
  },
);

describe("edges", () => {
  test.each<[string, readonly string[]]>([
    ["1..10", ["1", "..", "10"]],
    ["1.e5", ["1.e5"]],
    ["a.5", ["a", ".5"]],
    ["1.5.3", ["1.5", ".3"]],
    ["a=-1", ["a", "=", "-", "1"]],
    ["a@-1", ["a", "@-", "1"]],
    ["a*-1", ["a", "*", "-", "1"]],
    ["a<--c\n1", ["a", "<", "1"]],
    ["a+/*c*/1", ["a", "+", "1"]],
    ["a+-+-b", ["a", "+", "-", "+", "-", "b"]],
    ["a::b:=c:d", ["a", "::", "b", ":=", "c", ":", "d"]],
    ["a$1", ["a$1"]],
    ["$1::int", ["$1", "::", "int"]],
    ["'a''b'", ["'a''b'"]],
    ["E'\\''", ["E'\\''"]],
    ["'\\'", ["'\\'"]],
    ["/* /* */ */ x", ["x"]],
    // The server joins these over the comment; libpg-query, which keeps comments, does not.
    ["'a' --c\n 'b'", ["'a' --c\n 'b'"]],
    ["N'x'", ["N'x'"]],
    ["$é$ $$ $é$", ["$é$ $$ $é$"]],
  ])("%s", (text, expected) => {
    const bytes = Buffer.from(text, "utf8");
    const words = ours(text)?.map(([start, end]) => bytes.subarray(start, end).toString("utf8"));
    expect(words).toEqual(expected);
  });

  test.each([
    "'a",
    "E'a\\'",
    '"a',
    '""',
    "/* /* */",
    "$$a$",
    "$a$ $b$",
    "$",
    "a\0",
    "'\0'",
    "-- \0",
    "1a",
    "0x",
    "0xg",
    "1_",
    "1__0",
    "1e",
    "1e+",
    "$1a",
    "$0",
    "$99999999",
    "\u000b1",
    "\u0001",
    "\\",
    "{",
    "U&'a",
    "X'1''2'",
    "x'a'\n'b'''",
  ])("%j cannot be cut", (text) => {
    expect(ours(text)).toBeNull();
  });

  test("backslashes escape in plain strings while standard_conforming_strings is off", () => {
    const scanner = new Scanner();
    scanner.reset("'a\\' b'", false);
    scanner.next();
    expect([scanner.start, scanner.end]).toEqual([0, 7]);
    scanner.reset("U&'a'", false);
    expect(scanner.next()).toBe(T_ERROR);
  });
});

const FRAGMENTS = (
  "a|E'|e'x'|'|''|\\'|\n|\r| |\t|--|-|+|*|/|/*|*/|<|>|=|!|@|#|%|^|&|`|?|~|$$|$a$|$1|1|1.|1..2|.5|" +
  "1e5|1_000|0x1F|0b1|_|x|B'|X'|U&'|U&\"|\"|\"a\"|::|:=|:|.|..|,|(|)|[|]|;|é|t1|sel$|in|'a'\n'b'|" +
  "/* /* */ */"
).split("|");

test("any text that both can cut is cut at the same places", () => {
  const text = fc.array(fc.constantFrom(...FRAGMENTS, "|"), { maxLength: 12 });
  fc.assert(
    fc.property(text, (fragments) => {
      const sql = fragments.join("");
      const mine = ours(sql);
      const other = theirs(sql);
      // A comment between two parts of a string: see above.
      const joined = /'\s*--[^]*'/.test(sql);
      if (mine !== null && other !== null && !joined) expect(mine).toEqual(other);
    }),
    { numRuns: 4000 },
  );
});
