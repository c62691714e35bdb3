import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";

const CHILD = `
  const { EmbeddedPostgres } = await import(process.argv[1]);
  const pg = await EmbeddedPostgres.start();
  console.log(JSON.stringify({ pid: pg.pid, dataDir: pg.dataDir }));
  setInterval(() => undefined, 1000);
`;

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("EmbeddedPostgres", () => {
  it("leaves no server and no files behind when its process is killed", async () => {
    const module = new URL("./embedded-postgres.ts", import.meta.url).href;
    const child = spawn(process.execPath, ["--input-type=module", "-e", CHILD, module], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const line = await new Promise<string>((resolve) => {
      child.stdout.setEncoding("utf8").once("data", resolve);
    });
    const { pid, dataDir } = JSON.parse(line) as { pid: number; dataDir: string };
    expect(alive(pid)).toBe(true);
    child.kill("SIGKILL");
    await vi.waitFor(() => expect(alive(pid) || existsSync(dataDir)).toBe(false), 20_000);
  });
});
