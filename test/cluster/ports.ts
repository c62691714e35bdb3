import { createServer } from "node:net";

const FIRST = 20_000;
const A_PROCESS = 100;
const PROCESSES = 120;

let next = 0;

/**
 * A free port for a process that is started later, and perhaps again. It is below those that the
 * system gives to outgoing connections, so that nobody takes it meanwhile; every test process has
 * a range of its own.
 */
export async function portToKeep(): Promise<number> {
  const first = FIRST + (process.pid % PROCESSES) * A_PROCESS;
  for (let tried = 0; tried < A_PROCESS; tried += 1) {
    const port = first + next;
    next = (next + 1) % A_PROCESS;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${first} on is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
