import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query } from "@freshet/pg-wire";
import { CACHED, CACHED_FIXED, GOLDEN_SCRIPTS } from "./testing/golden-scripts.ts";
import { PIPELINED_SCRIPTS } from "./testing/pipelined-scripts.ts";
import { RawClient } from "./testing/raw-client.ts";
import { type AdapterUnderTest, adapterUnderTest } from "./testing/setup.ts";

let under: AdapterUnderTest;

beforeAll(async () => {
  under = await adapterUnderTest();
  const admin = await RawClient.connect(under.upstream.url());
  admin.send(
    query(
      "CREATE TABLE golden (id int PRIMARY KEY, name text); INSERT INTO golden VALUES (1, 'one'), (2, 'two'), (3, NULL)",
    ),
  );
  await admin.ready(1);
  admin.close();
  await under.router.cache(CACHED, [23]);
  await under.router.cache(CACHED_FIXED);
});

afterAll(() => under.stop());

/** Replies to the script when its bytes leave in these pieces, one a turn. */
async function transcript(
  url: string,
  script: (typeof GOLDEN_SCRIPTS)[number],
  cut: (bytes: Buffer) => Buffer[],
): Promise<string[]> {
  const client = await RawClient.connect(url);
  client.socket.setNoDelay(true);
  client.cut = cut;
  try {
    await script.run(client);
    return client.transcript();
  } finally {
    client.close();
  }
}

const whole = (bytes: Buffer) => [bytes];
const everyByte = (bytes: Buffer) => [...bytes].map((byte) => Buffer.from([byte]));

/** Small deterministic generator, so that a failure can be played again. */
function randomCuts(seed: number): (bytes: Buffer) => Buffer[] {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state % below;
  };
  return (bytes) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + 1 + next(40));
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    return pieces;
  };
}

describe("wherever the client's bytes are cut, the replies are the same", () => {
  for (const script of [...GOLDEN_SCRIPTS, ...PIPELINED_SCRIPTS].filter(
    (one) => one.cuttable === true,
  )) {
    test(script.name, async () => {
      const direct = await transcript(under.upstream.url(), script, whole);
      expect(await transcript(under.url(), script, everyByte)).toEqual(direct);
      for (const seed of [1, 2, 3]) {
        expect(await transcript(under.url(), script, randomCuts(seed)), `seed ${seed}`).toEqual(
          direct,
        );
      }
    });
  }
});
