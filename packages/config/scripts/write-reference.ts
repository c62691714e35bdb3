/**
 * Writes what is derived from the option specification: node packages/config/scripts/write-reference.ts
 */
import { writeFile } from "node:fs/promises";
import { generatedFiles } from "../src/generated-files.ts";

for (const { path, text } of generatedFiles()) {
  await writeFile(path, text);
  console.log(`wrote ${path}`);
}
