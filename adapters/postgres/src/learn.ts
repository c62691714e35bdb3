import { ByteSource } from "@freshet/adapter-core";
import { BACKEND, parseDataRow } from "@freshet/pg-wire";
import type { AdapterContext } from "./context.ts";
import { type HiddenSettings, parseProbe, PROBE_REQUEST } from "./probe.ts";
import type { LearnedTemplate } from "./template.ts";
import { readMessage } from "./typed-message.ts";
import type { UpstreamConnection } from "./upstream/connect.ts";

const PROBE_REPLY_LIMIT = 1_000_000;

/** Learns how the upstream greets this client, and what it does not report. */
export async function learnTemplate(
  context: AdapterContext,
  parameters: readonly (readonly [string, string])[],
  user: string,
): Promise<LearnedTemplate> {
  const { accessGeneration } = context.router;
  const connection = await context.connect(parameters, user);
  try {
    const { hidden, rest } = await probeConnection(connection);
    return {
      template: {
        parameters: connection.parameters,
        hidden,
        learnedAtMs: performance.now(),
        accessGeneration,
      },
      connection: { ...connection, rest },
    };
  } catch (error) {
    connection.socket.destroy();
    throw error;
  }
}

/** Runs the probe before a session exists. */
async function probeConnection(
  connection: UpstreamConnection,
): Promise<{ readonly hidden: HiddenSettings | null; readonly rest: Buffer }> {
  const source = new ByteSource(connection.socket);
  connection.socket.write(PROBE_REQUEST);
  let row: (string | null)[] | null = null;
  let failed = false;
  for (;;) {
    const { type, bytes } = await readMessage(source, PROBE_REPLY_LIMIT);
    if (type === BACKEND.dataRow) row = parseDataRow(bytes, 0, bytes.length);
    else if (type === BACKEND.error) failed = true;
    else if (type === BACKEND.readyForQuery) break;
  }
  return { hidden: failed ? null : parseProbe(row), rest: source.release() };
}
