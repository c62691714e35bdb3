import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { expect, test } from "vitest";
import { startFreshet } from "../../../test/support/freshet.ts";

test("an idle upstream does not look like a silent stream", async () => {
  const pg = await EmbeddedPostgres.start({ major: 18 });
  const freshet = await startFreshet({ upstreamUrl: pg.url() });
  try {
    const deadline = performance.now() + 12_000;
    while (performance.now() < deadline) {
      expect(freshet.engine.status()).toMatchObject({ serving: true });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } finally {
    await freshet.stop();
    await pg.stop();
  }
}, 60_000);
