import type pg from "pg";
import { ExclusiveSession } from "../exclusive-session.ts";
import { type ConnectionOptions, databaseError, endQuietly, openConnection } from "./connection.ts";

export type TextRow = Readonly<Record<string, string | null>>;

/**
 * When the peer is taken for dead and the session is opened again; a partitioned network must not
 * block us for ever. `quick`: for what answers at once, since reads may wait for it; `patient`:
 * longer than any lock is waited for.
 */
export const QUERY_TIMEOUT_MS = { quick: 15_000, patient: 60_000 } as const;

/** One upstream session used by one caller at a time; see `ExclusiveSession`. */
export class Session {
  readonly #session: ExclusiveSession<pg.Client>;

  constructor(
    options: ConnectionOptions,
    use: "admin" | "poll",
    patience: keyof typeof QUERY_TIMEOUT_MS,
  ) {
    this.#session = new ExclusiveSession<pg.Client>({
      open: () => openConnection(options, use, QUERY_TIMEOUT_MS[patience]),
      end: endQuietly,
      onEnd: (client, gone) => client.once("end", gone),
      isLost(error) {
        const fields = databaseError(error);
        // Class 57P: the server ended the session. Anything without SQLSTATE: the socket did,
        // unless it is an error of ours, which has a name.
        if (fields !== null) return fields.code.startsWith("57P");
        return error instanceof Error && error.name === "Error";
      },
    });
  }

  /** Runs `work` alone on the session. */
  run<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    return this.#session.run(work);
  }

  rows(text: string, values: readonly unknown[] = []): Promise<readonly TextRow[]> {
    return this.run((client) => queryRows(client, text, values));
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

export async function queryRows(
  client: pg.Client,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly TextRow[]> {
  const result = await client.query(text, [...values]);
  return result.rows as TextRow[];
}
