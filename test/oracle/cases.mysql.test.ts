import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MARIADB, MYSQL } from "./mysql/dialect.ts";
import { runScript } from "./runner.ts";
import { savedCases } from "./saved-cases.ts";
import { Stats } from "./stats.ts";

/** What the oracle found once stays right. */
for (const [dialect, flavour] of [
  [MYSQL, "mysql"],
  [MARIADB, "mariadb"],
] as const) {
  const cases = await savedCases(dialect);

  if (cases.length > 0) {
    describe(`saved cases of ${dialect.name}`, () => {
      let server: EmbeddedMysql;
      beforeAll(async () => {
        server = await EmbeddedMysql.start({ flavour });
      });
      afterAll(async () => {
        await server.stop();
      });

      it.for(cases)("%s", async ([, script]) => {
        expect(await runScript(dialect, server, script, new Stats())).toBeNull();
      });
    });
  }
}
