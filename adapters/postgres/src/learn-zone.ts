import { ByteSource } from "@freshet/adapter-core";
import {
  BACKEND,
  parseDataRow,
  parseErrorFields,
  parseParameterStatus,
  query,
  ZONE_TRANSITIONS_SQL,
} from "@freshet/pg-wire";
import { OperationalError } from "@freshet/util";
import { readMessage } from "./typed-message.ts";
import type { UpstreamConnection } from "./upstream/connect.ts";

const REPLY_LIMIT = 1_000_000;
const TIMEOUT_MS = 30_000;

/** What a zone is: changes of its offset from UTC, ascending, as the upstream has them. */
export type ZoneTransitions = readonly (readonly [epochSeconds: number, offset: number])[];

/**
 * Names that can be asked for. Rules spelled out (`AAA0BBB,J1/0,J1/1`) may change twice a day,
 * which the question would not notice.
 */
export function isLearnable(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_+/-]{0,62}$/.test(name);
}

/**
 * Asks on a connection of its own, which is closed afterwards. Rejects with OperationalError when
 * the upstream does not know the zone or cannot be asked, with the signal's reason when aborted.
 */
export async function learnZone(
  name: string,
  connect: () => Promise<UpstreamConnection>,
  signal: AbortSignal,
): Promise<ZoneTransitions> {
  const connection = await connect();
  const { socket } = connection;
  const source = new ByteSource(socket);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const stop = () => source.fail(new OperationalError("asking took too long or is not wanted"));
  limit.addEventListener("abort", stop);
  try {
    limit.throwIfAborted();
    socket.write(
      query(
        `SET search_path = pg_catalog; SET statement_timeout = ${TIMEOUT_MS}; SET jit = off;
         SET TimeZone = '${name}'; ${ZONE_TRANSITIONS_SQL}`,
      ),
    );
    return await readTransitions(name, source, connection.parameters.get("TimeZone") ?? "");
  } finally {
    limit.removeEventListener("abort", stop);
    source.release();
    socket.on("error", () => undefined);
    socket.destroy();
  }
}

async function readTransitions(
  name: string,
  source: ByteSource,
  timeZoneAtFirst: string,
): Promise<ZoneTransitions> {
  const transitions: (readonly [number, number])[] = [];
  let timeZone = timeZoneAtFirst;
  for (;;) {
    const { type, bytes } = await readMessage(source, REPLY_LIMIT);
    switch (type) {
      case BACKEND.dataRow:
        transitions.push(transitionOf(parseDataRow(bytes, 0, bytes.length)));
        break;
      case BACKEND.parameterStatus: {
        const status = parseParameterStatus(bytes, 0, bytes.length);
        if (status.name === "TimeZone") timeZone = status.value;
        break;
      }
      case BACKEND.error: {
        const message = parseErrorFields(bytes, 0, bytes.length).get("M") ?? "unknown error";
        throw new OperationalError(`the upstream does not tell about a zone: ${message}`);
      }
      case BACKEND.readyForQuery:
        // The answer must be about the zone that sessions with this very name have.
        if (timeZone !== name) throw new OperationalError(`asked for ${name}, got ${timeZone}`);
        if (transitions.length === 0) throw new OperationalError(`no offsets of ${name}`);
        return transitions;
      default:
        break;
    }
  }
}

function transitionOf(row: readonly (string | null)[]): readonly [number, number] {
  const [start, offset] = row.map((cell) => (cell === null ? NaN : Number(cell)));
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(offset)) {
    throw new OperationalError("an offset of a zone is not understood");
  }
  return [start as number, offset as number];
}
