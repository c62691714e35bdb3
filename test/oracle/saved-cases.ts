import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { OracleDialect } from "./dialect.ts";
import { casesOf } from "./oracle.ts";
import type { Script } from "./script.ts";

/** What the oracle found in earlier runs, by file name. */
export async function savedCases(
  dialect: OracleDialect,
): Promise<readonly (readonly [name: string, script: Script])[]> {
  const folder = casesOf(dialect);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return names.map((name, index) => [name, JSON.parse(texts[index]!) as Script] as const);
}
