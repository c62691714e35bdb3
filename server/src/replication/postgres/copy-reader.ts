import { parseCopyRow } from "@freshet/pg-wire";
import { type Row, type SqlType, type Value, postgresTextCodec } from "@freshet/types";
import { OperationalError, messageOf } from "@freshet/util";
import type pg from "pg";
import { type RawConnection, rawConnection } from "./connection.ts";

export const COPY_BATCH_ROWS = 2000;

/**
 * Runs one `COPY … TO STDOUT` and hands over its rows in batches. When `onBatch` returns a
 * promise the socket is paused until it resolves. A failure of the server or the socket rejects.
 */
export function readCopy(
  client: pg.Client,
  command: string,
  types: readonly SqlType[],
  onBatch: (rows: readonly Row[]) => Promise<void> | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { stream } = rawConnection(client).connection;
    let batch: Row[] = [];
    let rest = "";
    let failure: unknown = null;
    let waiting: Promise<void> | undefined;

    const flush = (): void => {
      const rows = batch;
      batch = [];
      const pending = onBatch(rows);
      if (pending === undefined) return;
      const turn: Promise<void> = Promise.all([waiting, pending]).then(
        () => {
          // Frames read before the pause may have begun another wait.
          if (waiting === turn) {
            waiting = undefined;
            stream.resume();
          }
        },
        (error: unknown) => fail(error),
      );
      waiting = turn;
      stream.pause();
    };
    const fail = (error: unknown): void => {
      failure ??= error;
      stream.resume();
      reject(new OperationalError(`reading a table failed: ${messageOf(error)}`, { cause: error }));
    };
    const accept = (text: string): void => {
      batch.push(parseRow(text, types));
      if (batch.length >= COPY_BATCH_ROWS) flush();
    };

    const query = {
      submit(connection: RawConnection) {
        connection.query(command);
        return null;
      },
      handleCopyData(message: { readonly chunk: Buffer }) {
        if (failure !== null) return;
        try {
          const { chunk } = message;
          // The server sends a row a message; the protocol does not promise it.
          if (rest === "" && chunk.indexOf(10) === chunk.length - 1) {
            return accept(chunk.toString("utf8", 0, chunk.length - 1));
          }
          const lines = splitLines(rest, chunk);
          rest = lines.pop() ?? "";
          for (const line of lines) accept(line);
        } catch (error) {
          fail(error);
        }
      },
      handleError: fail,
      handleCommandComplete: () => undefined,
      handleReadyForQuery() {
        if (failure !== null) return;
        if (batch.length > 0) flush();
        (waiting ?? Promise.resolve()).then(resolve, reject);
      },
    };
    client.query(query as unknown as pg.Submittable);
  });
}

/** `rest` is latin1 of the bytes left over, so that a character cut in two survives. */
function splitLines(rest: string, chunk: Buffer): string[] {
  const pieces = (rest + chunk.toString("latin1")).split("\n");
  const last = pieces.pop() ?? "";
  return [...pieces.map((piece) => Buffer.from(piece, "latin1").toString("utf8")), last];
}

function parseRow(line: string, types: readonly SqlType[]): Row {
  const fields = parseCopyRow(line);
  if (fields.length !== types.length) {
    throw new OperationalError(
      `a copied row has ${fields.length} columns instead of ${types.length}`,
    );
  }
  const row = fields as Value[];
  for (let index = 0; index < fields.length; index += 1) {
    const text = fields[index] as string | null;
    if (text !== null) row[index] = postgresTextCodec.parse(types[index] as SqlType, text);
  }
  return row;
}
