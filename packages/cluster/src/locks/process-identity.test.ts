import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { fateOf, thisProcess } from "./process-identity.ts";

describe("the fate of a process", () => {
  it("is known of processes under the same kernel", async () => {
    const own = await thisProcess();
    expect(await fateOf(own)).toBe("alive");
    const child = spawn("true");
    await once(child, "exit");
    expect(await fateOf({ ...own, pid: child.pid ?? 0 })).toBe("dead");
  });

  it("does not take a later process with the same pid for it", async () => {
    expect(await fateOf({ ...(await thisProcess()), started: "1" })).toBe("dead");
  });

  it("is unknown of processes elsewhere", async () => {
    expect(await fateOf({ ...(await thisProcess()), place: "elsewhere" })).toBe("unknown");
  });
});
