import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { mysqlLexerSettings } from "./lexer-settings.ts";
import { Scanner, T_END, T_ERROR } from "./scanner.ts";

const scanner = new Scanner();

/** The tokens as written, `!` at the end for an error. */
function cut(text: string, ...modes: string[]): string[] {
  scanner.reset(text, mysqlLexerSettings(modes));
  const tokens: string[] = [];
  for (;;) {
    const kind = scanner.next();
    if (kind === T_END) return tokens;
    if (kind === T_ERROR) return [...tokens, "!"];
    tokens.push(text.slice(scanner.start, scanner.end));
  }
}

describe("tokens", () => {
  test.each<[string, string[]]>([
    ["select a,b", ["select", "a", ",", "b"]],
    ["1--1", ["1", "-", "-", "1"]],
    ["1-- 1", ["1"]],
    ["1--", ["1"]],
    ["1--\t2\n+3", ["1", "+", "3"]],
    ["1#x\n2", ["1", "2"]],
    ["a/* /* */b", ["a", "b"]],
    ["/*! a */", ["!"]],
    ["/*M! a */", ["!"]],
    ["/*!50001 a */", ["!"]],
    ["/* x", ["!"]],
    ["1e5 1e+5 .5 1. 1.5e-3", ["1e5", "1e+5", ".5", "1.", "1.5e-3"]],
    ["1a 1e 1ea 0xg 0X1F", ["1a", "1e", "1ea", "0xg", "0X1F"]],
    ["0x1F 0b01 0b2", ["0x1F", "0b01", "0b2"]],
    ["1.5a", ["!"]],
    ["1e5a", ["!"]],
    ["1e+a", ["!"]],
    ["1.2.3", ["!"]],
    ["t.5", ["t", "!"]],
    ["t.a .5", ["t", ".", "a", ".5"]],
    ["x'1F' X'1' ", ["x'1F'", "!"]],
    ["b'01' n'a' N'b'", ["b'01'", "n'a'", "N'b'"]],
    ["'a''b' \"c\"\"d\"", ["'a''b'", '"c""d"']],
    ["'a\\'b' '\\\\'", ["'a\\'b'", "'\\\\'"]],
    ["'a", ["!"]],
    ["'a\\'", ["!"]],
    ["`a``b` ``", ["`a``b`", "!"]],
    ["a<=>b<=-1", ["a", "<=>", "b", "<=", "-", "1"]],
    ["a=-1 a=!b", ["a", "=", "-", "1", "a", "=", "!", "b"]],
    ["a==b", ["a", "!"]],
    ["a<>b!=c<<1>>2", ["a", "<>", "b", "!=", "c", "<<", "1", ">>", "2"]],
    ["a&&b||c&d|e", ["a", "&&", "b", "||", "c", "&", "d", "|", "e"]],
    ["@a:=1 @@session.x", ["@a", ":=", "1", "@@session", ".", "x"]],
    ["@'x' @`y`", ["@", "'x'", "@", "`y`"]],
    ["a->'$' b->>'$'", ["a", "->", "'$'", "b", "->>", "'$'"]],
    ["? ?", ["?", "?"]],
    ["a$b $c", ["a$b", "!"]],
    ["\\N", ["!"]],
    ["a\0b", ["!"]],
    ["a\vb\fc", ["a", "b", "c"]],
    ["count(*)", ["count", "(", "*", ")"]],
    ["t.*", ["t", ".", "*"]],
    ["1*/*x*/2", ["1", "*", "2"]],
  ])("%j", (text, expected) => {
    expect(cut(text)).toEqual(expected);
  });

  test("by sql_mode", () => {
    expect(cut("'a\\' b", "NO_BACKSLASH_ESCAPES")).toEqual(["'a\\'", "b"]);
    expect(cut('"a\\"', "ANSI_QUOTES")).toEqual(['"a\\"']);
  });
});

test("tokens cover all but blanks and comments", () => {
  const piece = fc.constantFrom(
    ..."a 1 . ' \" ` - # \n /* */ ( ) = < > ! x'1 @ : \\ e5 é ?".split(" "),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = Buffer.from(pieces.join("")).toString("latin1");
      scanner.reset(text, mysqlLexerSettings([]));
      let before = 0;
      for (let kind = scanner.next(); kind !== T_END && kind !== T_ERROR; kind = scanner.next()) {
        expect(scanner.start).toBeGreaterThanOrEqual(before);
        expect(scanner.end).toBeGreaterThan(scanner.start);
        expect(scanner.end).toBeLessThanOrEqual(text.length);
        expect(text.slice(before, scanner.start)).toMatch(/^\s*$|--|#|\/\*/);
        before = scanner.end;
      }
    }),
    { numRuns: 3000 },
  );
});
