import { expect, it } from "vitest";
import { readmeWithOptions } from "./support/readme-options.ts";

it("the README's options are those of the specification", async () => {
  const { now, wanted } = await readmeWithOptions();
  expect(now === wanted, "run: node test/support/readme-options.ts").toBe(true);
});
