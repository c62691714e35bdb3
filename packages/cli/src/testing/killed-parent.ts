import { type ChildProcess, spawn } from "node:child_process";

export interface ServerOfChild {
  /** Of the server. */
  readonly pid: number;
  readonly dataDir: string;
  /** The process that started the server. */
  readonly parent: ChildProcess;
}

export function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? -1, 0);
    return true;
  } catch {
    return false;
  }
}

/** A process of its own that runs `start`, an expression with the exports of `module` in scope. */
export async function startInChild(module: URL, start: string): Promise<ServerOfChild> {
  const code = `
    const { EmbeddedPostgres, EmbeddedMysql } = await import(process.argv[1]);
    const { pid, dataDir } = await ${start};
    console.log(JSON.stringify({ pid, dataDir }));
    setInterval(() => undefined, 1000);
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", code, module.href], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve) => {
    parent.stdout.setEncoding("utf8").once("data", resolve);
  });
  return { ...(JSON.parse(line) as { pid: number; dataDir: string }), parent };
}
