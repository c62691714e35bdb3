import { join } from "node:path";
import { freePort } from "../tools/free-port.ts";
import { Child } from "../tools/child.ts";
import type { Cleanup } from "../tools/cleanup.ts";
import { waitFor } from "../tools/wait-for.ts";

export interface ConstantReply {
  readonly column: string;
  readonly typeId: number;
  readonly typeSize: number;
  readonly value: string;
}

export interface NullServer {
  readonly port: number;
  readonly pid: number | undefined;
}

export async function startNullServer(
  cleanup: Cleanup,
  threads: number,
  reply: ConstantReply,
): Promise<NullServer> {
  const port = await freePort();
  let listening = false;
  const file = join(import.meta.dirname, "null-server-process.ts");
  const { column, typeId, typeSize, value } = reply;
  const numbers = [String(port), String(threads)];
  const args = [file, ...numbers, column, String(typeId), String(typeSize), value];
  const child = new Child(process.execPath, args, {
    tie: "channel",
    onMessage: () => (listening = true),
  });
  cleanup.add(() => child.stop(2_000));
  await waitFor("the null server", 10_000, () => {
    if (!child.running) throw new Error(child.output);
    return Promise.resolve(listening ? true : null);
  });
  return { port, pid: child.pid };
}
