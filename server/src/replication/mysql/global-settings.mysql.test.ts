import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openConnection, execute } from "./connection.ts";
import { GlobalSettings } from "./global-settings.ts";

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let server: EmbeddedMysql;

  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour });
  });

  afterAll(() => server.stop());

  it("a global setting that new sessions begin with is noticed, once", async () => {
    const client = await openConnection({ url: server.url() }, "poll");
    const settings = new GlobalSettings();
    expect(await settings.changed(client)).toBe(false);
    await execute(client, "SET GLOBAL max_connections = 500");
    expect(await settings.changed(client)).toBe(false);
    await execute(client, "SET GLOBAL time_zone = '+05:00'");
    expect(await settings.changed(client)).toBe(true);
    expect(await settings.changed(client)).toBe(false);
    client.destroy();
  });
});
