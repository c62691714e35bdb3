import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CACHED, CACHED_FIXED, GOLDEN_SCRIPTS } from "./testing/golden-scripts.ts";
import { PIPELINED_SCRIPTS } from "./testing/pipelined-scripts.ts";
import { RawClient } from "./testing/raw-client.ts";
import { type AdapterUnderTest, adapterUnderTest } from "./testing/setup.ts";

let under: AdapterUnderTest;

beforeAll(async () => {
  under = await adapterUnderTest();
  const admin = await RawClient.connect(under.upstream.url());
  admin.send(
    Buffer.concat([
      (await import("@freshet/pg-wire")).query(
        "CREATE TABLE golden (id int PRIMARY KEY, name text);" +
          "INSERT INTO golden VALUES (1, 'one'), (2, 'zwei \u00fc'), (3, NULL)",
      ),
    ]),
  );
  await admin.ready(1);
  admin.close();
  await under.router.cache(CACHED, [23]);
  await under.router.cache(CACHED_FIXED);
});

afterAll(() => under.stop());

async function transcript(url: string, run: (client: RawClient) => Promise<void>) {
  const client = await RawClient.connect(url);
  try {
    await run(client);
    return client.transcript();
  } finally {
    client.close();
  }
}

describe("replies through the adapter are those of the upstream", () => {
  for (const { name, run } of [...GOLDEN_SCRIPTS, ...PIPELINED_SCRIPTS]) {
    test(name, async () => {
      const direct = await transcript(under.upstream.url(), run);
      expect(await transcript(under.url(), run)).toEqual(direct);
      // Once more: entries and templates are warm now.
      expect(await transcript(under.url(), run)).toEqual(direct);
    });
  }

  test("most cacheable statements were in fact answered from caches", () => {
    expect(under.router.hits).toBeGreaterThan(30);
  });
});
