import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { generatedFiles } from "./generated-files.ts";

describe("what is derived from the option specification is current", () => {
  for (const { path, text } of generatedFiles()) {
    it(basename(path), async () => {
      const now = await readFile(path, "utf8");
      expect(now === text, "run: node packages/config/scripts/write-reference.ts").toBe(true);
    });
  }
});
