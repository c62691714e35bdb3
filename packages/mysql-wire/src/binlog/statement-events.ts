import type { EventReader } from "./event-reader.ts";
import type { EventHeader, QueryEvent, XaPrepareEvent } from "./events.ts";
import { inflateMariadb } from "./mariadb-events.ts";

/** QUERY and, with `maxInflatedBytes`, MariaDB's QUERY_COMPRESSED. */
export function readQuery(
  reader: EventReader,
  header: EventHeader,
  maxInflatedBytes: number | null,
): QueryEvent {
  const threadId = reader.uint32();
  reader.skip(4); // execution time
  const schemaBytes = reader.uint8();
  const errorCode = reader.uint16();
  reader.skip(reader.uint16()); // status variables
  const schema = reader.text(schemaBytes);
  reader.skip(1);
  const rest = reader.restBytes();
  const bytes = maxInflatedBytes === null ? rest : inflateMariadb(rest, maxInflatedBytes);
  const text = bytes.toString("utf8");
  return { kind: "query", header, threadId, errorCode, schema, bytes, text };
}

export function readXaPrepare(reader: EventReader, header: EventHeader): XaPrepareEvent {
  const onePhase = reader.uint8() !== 0;
  const formatId = reader.uint32();
  const globalBytes = reader.uint32();
  const branchBytes = reader.uint32();
  const global = reader.bytes(globalBytes).toString("hex");
  const branch = reader.bytes(branchBytes).toString("hex");
  const xid = `X'${global}',X'${branch}',${formatId}`;
  return { kind: "xaPrepare", header, onePhase, formatId, xid };
}
