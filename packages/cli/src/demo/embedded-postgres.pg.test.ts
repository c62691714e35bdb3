import { existsSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { isAlive, startInChild } from "../testing/killed-parent.ts";

describe("EmbeddedPostgres", () => {
  it("leaves no server and no files behind when its process is killed", async () => {
    const module = new URL("./embedded-postgres.ts", import.meta.url);
    const { pid, dataDir, parent } = await startInChild(module, "EmbeddedPostgres.start()");
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(pid) || existsSync(dataDir)).toBe(false), 20_000);
  });
});
