import { ByteSource, learnSettings, type Probed } from "@freshet/adapter-core";
import {
  packet,
  parseColumnDefinition,
  parseTextRow,
  queryCommand,
  ReplyTracker,
  COMMAND,
} from "@freshet/mysql-wire";
import type { AdapterContext } from "./context.ts";
import { PacketDialog } from "./packet-dialog.ts";
import { type HiddenSettings, parseProbe, PROBE_COLUMNS, type ProbeReply } from "./probe.ts";
import type { LearnedTemplate } from "./template.ts";
import type { UpstreamConnection, UpstreamLogin } from "./upstream/connect.ts";

/** Learns how the upstream receives this client, and under which settings it then works. */
export async function learnTemplate(
  context: AdapterContext,
  login: UpstreamLogin,
): Promise<LearnedTemplate> {
  const { settings, connection } = await learnSettings(
    context.router,
    () => context.connect(login),
    (connection) => probeConnection(context, connection),
  );
  return { template: { ok: connection.ok, status: connection.status, ...settings }, connection };
}

/** Runs the probe before a session exists. */
async function probeConnection(
  context: AdapterContext,
  connection: UpstreamConnection,
): Promise<Probed<HiddenSettings>> {
  const source = new ByteSource(connection.socket);
  const dialog = new PacketDialog(connection.socket, source);
  const { capabilities } = connection;
  connection.socket.write(packet(0, queryCommand(context.greetings.probe, capabilities)));
  const tracker = new ReplyTracker(capabilities);
  tracker.begin(COMMAND.query);
  const reply: { row: ProbeReply["row"]; charset: number } = { row: null, charset: 0 };
  while (!tracker.done) {
    const payload = await dialog.receive();
    const kind = tracker.packet(payload, 0, payload.length);
    if (kind === "row") reply.row = parseTextRow(payload, 0, payload.length, PROBE_COLUMNS);
    else if (kind === "column" && reply.charset === 0) {
      reply.charset = parseColumnDefinition(payload, 0, payload.length).charset;
    }
  }
  const rest = source.release();
  return { hidden: tracker.errorCode === 0 ? parseProbe(reply) : null, rest };
}
