import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { optionsMarkdown } from "@freshet/config";

const README = join(import.meta.dirname, "..", "..", "README.md");
const SECTION = /(<!-- options:[^\n]*-->\n)[\s\S]*?(<!-- \/options -->)/;

/** The README as it is, and as the option specification wants it. */
export async function readmeWithOptions(): Promise<{ now: string; wanted: string }> {
  const now = await readFile(README, "utf8");
  if (!SECTION.test(now)) throw new Error("the README has no place for the options");
  const wanted = now.replace(SECTION, (_, open: string, close: string) => {
    return `${open}\n${optionsMarkdown()}\n${close}`;
  });
  return { now, wanted };
}

if (import.meta.main) await writeFile(README, (await readmeWithOptions()).wanted);
