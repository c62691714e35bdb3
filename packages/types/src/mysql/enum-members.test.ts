import { expect, test } from "vitest";
import { parseMembers } from "./enum-members.ts";

test("members may hold quotes, commas, brackets and escapes", () => {
  expect(parseMembers("enum('a','b''c','d,e','f)','g\\\\h','i\\nj','')")).toEqual([
    "a",
    "b'c",
    "d,e",
    "f)",
    "g\\h",
    "i\nj",
    "",
  ]);
  expect(parseMembers("set('x')")).toEqual(["x"]);
});

test("what is not a list of members is not read", () => {
  for (const text of ["int", "enum()", "enum('a'", "enum('a' 'b')", "enum('a", "enum(a)"]) {
    expect(parseMembers(text)).toBeNull();
  }
});
