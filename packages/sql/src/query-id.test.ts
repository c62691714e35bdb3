import { expect, test } from "vitest";

import { queryId } from "./query-id.ts";

test("is stable and depends on shape and scope", () => {
  expect(queryId("select \u0001", "public")).toBe(queryId("select \u0001", "public"));
  expect(queryId("select \u0001", "public")).toMatch(/^q_[0-9a-f]{16}$/);
  expect(queryId("b", "a")).not.toBe(queryId("ab", ""));
});
