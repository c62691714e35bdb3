import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { casesOf } from "./oracle.ts";
import { POSTGRES } from "./postgres/dialect.ts";
import { runScript } from "./runner.ts";
import type { Script } from "./script.ts";
import { Stats } from "./stats.ts";

/** What the oracle found once stays right. */
const names = (await readdir(casesOf(POSTGRES)).catch(() => [])).filter((name) =>
  name.endsWith(".json"),
);

describe.skipIf(names.length === 0)("saved cases", () => {
  let server: EmbeddedPostgres;
  beforeAll(async () => {
    server = await EmbeddedPostgres.start({ major: 18 });
  });
  afterAll(async () => {
    await server.stop();
  });

  it.for(names)("%s", async (name) => {
    const script = JSON.parse(await readFile(join(casesOf(POSTGRES), name), "utf8")) as Script;
    expect(await runScript(POSTGRES, server, script, new Stats())).toBeNull();
  });
});
