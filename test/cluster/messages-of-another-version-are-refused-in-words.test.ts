import { upstreamName } from "@freshet/config";
import { dialTcp, LinkRefused, PROTOCOL_VERSIONS } from "@freshet/rpc";
import { must, silentLogger, systemClock } from "@freshet/util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RPC_SECRET, START_LIMIT_MS } from "./cluster.ts";
import { type LeaderLock, leaderLock } from "./leader-lock.ts";
import { Site } from "./site.ts";

describe("messages of another version", () => {
  let site: Site;
  let leader: LeaderLock;
  beforeAll(async () => {
    site = await Site.start({ dialects: ["postgres"], adapters: 0, servers: 1 });
    const { consulAddress, deployment } = site.cluster.options;
    leader = must(await leaderLock(consulAddress, deployment), "a server leads");
  }, START_LIMIT_MS);
  afterAll(() => site?.stop());

  function dial(
    versions: readonly [number, number],
    secret = RPC_SECRET,
  ): Promise<{ close(): void }> {
    return dialTcp({
      address: must(leader.addresses?.["postgres"], "it has an address"),
      identity: {
        ...{ product: "9.9.9", deployment: site.cluster.options.deployment, member: "newer" },
        ...{ dialect: "postgres", region: "default" },
        database: upstreamName(site.upstreamUrl("postgres")),
      },
      security: { secret, tls: null },
      ...{ versions, timeoutMs: 5_000, term: leader.token },
      ...{ logger: silentLogger, clock: systemClock, signal: new AbortController().signal },
    });
  }

  it("are refused in words that say which side to update", async () => {
    const [, newest] = PROTOCOL_VERSIONS;
    const refused = await dial([newest + 1, newest + 2]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LinkRefused);
    expect(String(refused)).toMatch(/speaks protocol versions? .*9\.9\.9.*update the server/);
    // An adapter that still knows the server's version is understood.
    (await dial([newest, newest + 1])).close();
  });

  it("and a stranger without the secret learns nothing", async () => {
    await expect(dial(PROTOCOL_VERSIONS, "guessed")).rejects.toThrow();
  });
});
