import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CASES } from "./oracle.ts";
import { runScript } from "./runner.ts";
import type { Script } from "./script.ts";
import { Stats } from "./stats.ts";

/** What the oracle found once stays right. */
const names = (await readdir(CASES).catch(() => [])).filter((name) => name.endsWith(".json"));

describe.skipIf(names.length === 0)("saved cases", () => {
  let server: EmbeddedPostgres;
  beforeAll(async () => {
    server = await EmbeddedPostgres.start({ major: 18 });
  });
  afterAll(async () => {
    await server.stop();
  });

  it.for(names)("%s", async (name) => {
    const script = JSON.parse(await readFile(join(CASES, name), "utf8")) as Script;
    expect(await runScript(server, script, new Stats())).toBeNull();
  });
});
