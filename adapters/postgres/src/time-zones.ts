import {
  BACKEND,
  parseDataRow,
  query,
  type Zone,
  ZONE_TRANSITIONS_SQL,
  zoneFromTransitions,
} from "@freshet/pg-wire";
import { messageOf, type Logger } from "@freshet/util";
import { ByteSource } from "./byte-source.ts";
import type { UpstreamConnection } from "./upstream/connect.ts";

/** Names that need no quoting; others stay unknown. */
const NAME = /^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/;
const ZONES_LIMIT = 64;
const REPLY_LIMIT = 1_000_000;

/**
 * The named time zones that sessions use, as the upstream itself knows them. Each is learned once,
 * by a connection of its own; until then its timestamps are forwarded.
 */
export class TimeZones {
  readonly #zones = new Map<string, Zone | null>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Null while it is not known; then `learn` it. */
  readonly lookup = (name: string): Zone | null => this.#zones.get(name) ?? null;

  /** Starts learning a zone that nobody has asked for yet. */
  learn(name: string, connect: () => Promise<UpstreamConnection>): void {
    if (this.#zones.has(name) || this.#zones.size >= ZONES_LIMIT || !NAME.test(name)) return;
    this.#zones.set(name, null);
    void readTransitions(name, connect).then(
      (transitions) => {
        if (transitions !== null) this.#zones.set(name, zoneFromTransitions(transitions));
      },
      (error: unknown) => {
        this.#logger.info({ zone: name, error: messageOf(error) }, "a time zone was not learned");
        this.#zones.delete(name);
      },
    );
  }
}

async function readTransitions(
  name: string,
  connect: () => Promise<UpstreamConnection>,
): Promise<readonly (readonly [number, number])[] | null> {
  const connection = await connect();
  try {
    const source = new ByteSource(connection.socket);
    // The session's own search path may shadow what the query calls.
    const text = ZONE_TRANSITIONS_SQL.replaceAll("$1", `'${name}'`);
    connection.socket.write(query(`SET search_path = pg_catalog; ${text}`));
    const transitions: (readonly [number, number])[] = [];
    let failed = false;
    for (;;) {
      const { type, bytes } = await source.message(REPLY_LIMIT);
      if (type === BACKEND.error) failed = true;
      else if (type === BACKEND.readyForQuery) break;
      else if (type === BACKEND.dataRow) {
        const [start, offset] = parseDataRow(bytes, 0, bytes.length);
        transitions.push([Number(start), Number(offset)]);
      }
    }
    return failed || transitions.length === 0 ? null : transitions;
  } finally {
    connection.socket.destroy();
  }
}
