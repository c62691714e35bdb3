import { type Logger, OperationalError } from "@freshet/util";
import type { Connection } from "mysql2";
import type { UpstreamIdentity } from "../contract.ts";
import { positionText } from "./position.ts";
import { type ServerInfo, readBinaryLogs, readServerInfo } from "./server-info.ts";
import { serverFindings } from "./verify.ts";

/** The first event of every file begins here. */
export const FIRST_OFFSET = 4;

/**
 * Refuses a server that cannot be followed, and says which one it is. Nothing is made upstream.
 * `lost`: why what an earlier stream left off at cannot be resumed.
 */
export async function setUp(options: {
  readonly client: Connection;
  readonly database: string;
  readonly logger: Logger;
  readonly lost: string | null;
}): Promise<{ readonly identity: UpstreamIdentity; readonly server: ServerInfo }> {
  const { client, logger, lost } = options;
  const server = await readServerInfo(client);
  const fatal = serverFindings(server).find((finding) => !finding.ok);
  if (fatal !== undefined) throw new OperationalError(fatal.message.replace(/\.$/, ""));
  const logs = await readBinaryLogs(client);
  const oldest = logs[0];
  if (oldest === undefined) throw new OperationalError("the server has no binary log");
  if (lost !== null) {
    logger.error({ reason: lost }, "changes are lost: all tables are copied again");
  }
  return {
    server,
    identity: {
      systemId: server.systemId,
      database: options.database,
      // A reset keeps the names; it is noticed by the time in the position (`position.ts`).
      timeline: server.variables.get("log_bin_basename") ?? "",
      slot: "binary log",
      serverVersion: server.version,
      resumePosition: positionText({ file: oldest.file, offset: FIRST_OFFSET, created: 0 }),
      logEnd: null,
      fresh: lost !== null,
    },
  };
}
