import { expect, it } from "vitest";
import { runRolling } from "./rolling/run-rolling.ts";

it("rolling every process fails no statement", { timeout: 240_000 }, async () => {
  const lines: string[] = [];
  const violations = await runRolling({
    ...{ seed: 20_261, limitMs: 0, tools: false, site: { adapters: 2 } },
    say: (line) => lines.push(line),
  });
  console.log(lines.join("\n"));
  expect(violations).toEqual([]);
});
