import { CLIENT, COMMAND, queryCommand } from "@freshet/mysql-wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GOLDEN_SCRIPTS, GOLDEN_SETUP } from "./testing/golden-scripts.ts";
import { RawClient, TEST_CAPABILITIES } from "./testing/raw-client.ts";
import { adapterUnderTest, type AdapterUnderTest, FLAVOURS } from "./testing/setup.ts";

const CAPABILITIES = {
  "old client": TEST_CAPABILITIES,
  "client with all we carry":
    TEST_CAPABILITIES |
    CLIENT.deprecateEof |
    CLIENT.sessionTrack |
    CLIENT.queryAttributes |
    CLIENT.foundRows |
    CLIENT.connectAttributes,
};

const BY_ID = new Set<number>([
  COMMAND.stmtExecute,
  COMMAND.stmtSendLongData,
  COMMAND.stmtClose,
  COMMAND.stmtReset,
  COMMAND.stmtFetch,
]);

/** Ids in texts are the upstream's own. */
function masked(one: Buffer): string {
  const text = one.toString("latin1");
  const without = text.replace(/(statement|handler) \(\d+\)/, "$1 (id)");
  return JSON.stringify(without === text ? text : without.slice(3));
}

/** Scripts number statements in the order of their preparation; MariaDB does not. */
function withId(payload: Buffer, ids: readonly number[]): void {
  const known = ids[payload.readUInt32LE(1) - 1];
  if (known !== undefined) payload.writeUInt32LE(known, 1);
}

describe.each(FLAVOURS)("replies are those of %s", (flavour) => {
  let under: AdapterUnderTest;

  beforeAll(async () => {
    under = await adapterUnderTest(flavour);
  }, 60_000);

  afterAll(() => under.stop());

  async function transcript(
    url: string,
    capabilities: number,
    name: string,
    cut: ((bytes: Buffer) => Buffer[]) | null = null,
  ): Promise<string[]> {
    const admin = await RawClient.connect(under.upstream.url());
    for (const text of GOLDEN_SETUP) {
      const reply = await admin.run(queryCommand(Buffer.from(text).toString("latin1"), 0));
      expect(reply.errorCode).toBe(0);
    }
    admin.close();
    const unknown = flavour === "mariadb" ? CLIENT.queryAttributes : 0;
    const client = await RawClient.connect(url, { capabilities: capabilities & ~unknown });
    client.cut = cut;
    const lines: string[] = [];
    const ids: number[] = [];
    for (const { payload, file } of GOLDEN_SCRIPTS[name]?.(client) ?? []) {
      lines.push(`> ${JSON.stringify(payload.toString("latin1"))}`);
      if (BY_ID.has(payload[0] as number)) withId(payload, ids);
      const { packets, errorCode, statementId } = await client.run(payload, file);
      if (payload[0] === COMMAND.stmtPrepare && errorCode === 0) {
        ids.push(statementId);
        packets[0]?.fill(0, 5, 9);
      }
      for (const one of packets) lines.push(masked(one));
    }
    client.close();
    return lines;
  }

  describe.each(Object.entries(CAPABILITIES))("%s", (_, capabilities) => {
    test.each(Object.keys(GOLDEN_SCRIPTS))("%s", async (name) => {
      const direct = await transcript(under.upstream.url(), capabilities, name);
      const through = await transcript(under.url(), capabilities, name);
      expect(through).toEqual(direct);
    });
  });

  test.each(["plain reads", "prepared statements", "long data", "local infile"])(
    "cut at every byte: %s",
    async (name) => {
      const bytewise = (bytes: Buffer) =>
        Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
      const direct = await transcript(under.upstream.url(), TEST_CAPABILITIES, name);
      const through = await transcript(under.url(), TEST_CAPABILITIES, name, bytewise);
      expect(through).toEqual(direct);
    },
  );
});
