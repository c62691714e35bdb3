import { ByteSource, learnSettings, type Probed } from "@freshet/adapter-core";
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
  const { settings, connection } = await learnSettings(
    context.router,
    () => context.connect(parameters, user),
    probeConnection,
  );
  return { template: { parameters: connection.parameters, ...settings }, connection };
}

/** Runs the probe before a session exists. */
async function probeConnection(connection: UpstreamConnection): Promise<Probed<HiddenSettings>> {
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
