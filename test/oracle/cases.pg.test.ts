import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POSTGRES } from "./postgres/dialect.ts";
import { runScript } from "./runner.ts";
import { savedCases } from "./saved-cases.ts";
import { Stats } from "./stats.ts";

/** What the oracle found once stays right. */
const cases = await savedCases(POSTGRES);

if (cases.length > 0) {
  describe("saved cases", () => {
    let server: EmbeddedPostgres;
    beforeAll(async () => {
      server = await EmbeddedPostgres.start({ major: 18 });
    });
    afterAll(async () => {
      await server.stop();
    });

    it.for(cases)("%s", async ([, script]) => {
      expect(await runScript(POSTGRES, server, script, new Stats())).toBeNull();
    });
  });
}
