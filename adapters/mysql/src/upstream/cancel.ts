import { COMMAND, packet, queryCommand } from "@freshet/mysql-wire";
import { ByteSource } from "@freshet/adapter-core";
import { PacketDialog } from "../packet-dialog.ts";
import type { KillScope } from "../cancel.ts";
import type { UpstreamConnection } from "./connect.ts";

/**
 * Ends a client's statement or connection upstream, on a connection of the same account. Never
 * rejects: a KILL that cannot be delivered is lost.
 */
export async function killUpstream(
  connect: () => Promise<UpstreamConnection>,
  threadId: number,
  scope: KillScope,
): Promise<void> {
  try {
    const { socket, capabilities } = await connect();
    const source = new ByteSource(socket);
    try {
      socket.write(packet(0, queryCommand(`KILL ${scope} ${threadId}`, capabilities)));
      await new PacketDialog(socket, source).receive();
      socket.write(packet(0, Buffer.from([COMMAND.quit])));
    } finally {
      source.release();
      socket.on("error", () => undefined);
      socket.end();
      socket.resume();
      socket.destroySoon();
    }
  } catch {
    // Lost, see above.
  }
}
