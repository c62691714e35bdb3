import { localAuthority } from "@freshet/cluster";
import type { Authority, Membership } from "@freshet/cluster";
import { silentLogger } from "@freshet/util";
import { expect, it } from "vitest";
import { joinCluster } from "./authority-of.ts";

it("waits for the last owner of the name no longer than until it is told to stop", async () => {
  const stop = new AbortController();
  const local = localAuthority();
  const authority: Authority = Object.assign(Object.create(local) as Authority, {
    // As `join` does while a session that is not its own holds the name.
    join: () => new Promise<Membership>(() => undefined),
  });
  const joining = joinCluster(authority, () => expect.unreachable("nobody asks"), {
    logger: silentLogger,
    signal: stop.signal,
    onUsurped: () => undefined,
  });
  stop.abort();
  expect(await joining).toBeNull();
  await local.close();
});
