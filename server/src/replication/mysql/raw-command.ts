import { OperationalError } from "@freshet/util";
import type { Connection } from "mysql2";

/**
 * The driver asks MariaDB for more than the standard metadata, which stand within each column's
 * definition, after its six names: the definition without them.
 */
export function withoutExtendedMetadata(
  client: Connection,
  buffer: Buffer,
  start: number,
  end: number,
): Buffer {
  const driver = client as unknown as { readonly _mariadbExtendedMetadata?: boolean };
  if (driver._mariadbExtendedMetadata !== true) return buffer.subarray(start, end);
  let at = start;
  for (let name = 0; name < 6; name += 1) {
    const [length, from] = readLength(buffer, at);
    at = from + length;
  }
  const [length, from] = readLength(buffer, at);
  return Buffer.concat([buffer.subarray(start, at), buffer.subarray(from + length, end)]);
}

/** The parts of the driver's connection that a command of our own needs. */
export interface RawConnection {
  sequenceId: number;
  compressedSequenceId: number;
  readonly stream: { destroy(): unknown; readonly destroyed: boolean };
  write(bytes: Buffer): void;
  addCommand(command: object): void;
  pause(): void;
  resume(): void;
}

interface RawPacket {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
}

export function rawConnection(client: Connection): RawConnection {
  return client as unknown as RawConnection;
}

/** The error that an ERR packet carries, in the driver's form (`databaseError` knows it). */
export function errorOf(buffer: Buffer, start: number, end: number): Error {
  const errno = buffer.readUInt16LE(start + 1);
  const marked = buffer[start + 3] === 0x23;
  const sqlState = marked ? buffer.toString("latin1", start + 4, start + 9) : "HY000";
  const message = buffer.toString("utf8", start + (marked ? 9 : 3), end);
  return Object.assign(new Error(message), { errno, sqlState });
}

/**
 * Sends one command's payload over the driver's authenticated connection and hands out the
 * payloads of the answer's packets (joined when longer than 16 MB) until `onPacket` returns true.
 * An ERR packet rejects. What `onPacket` throws rejects too and destroys the connection. The
 * bytes of a packet are valid only during the call.
 */
export function runRawCommand(
  client: Connection,
  payload: Buffer,
  onPacket: (buffer: Buffer, start: number, end: number) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const command = {
      execute(packet: RawPacket | undefined, connection: RawConnection): boolean {
        if (packet === undefined) {
          connection.sequenceId = 0;
          connection.compressedSequenceId = 0;
          const header = Buffer.allocUnsafe(4);
          header.writeUIntLE(payload.length, 0, 3);
          header[3] = 0;
          connection.sequenceId = 1;
          connection.write(Buffer.concat([header, payload]));
          return false;
        }
        const { buffer, offset, end } = packet;
        try {
          if (buffer[offset] === 0xff) {
            reject(errorOf(buffer, offset, end));
            return true;
          }
          if (!onPacket(buffer, offset, end)) return false;
          resolve();
          return true;
        } catch (error) {
          reject(error as Error);
          connection.stream.destroy();
          return false;
        }
      },
      /** The driver calls it when the connection is lost. */
      onResult(error: unknown) {
        reject(error instanceof Error ? error : new OperationalError(String(error)));
      },
    };
    const raw = rawConnection(client);
    if (payload.length > 0xfffffe) {
      reject(new OperationalError("the statement is too long to be sent"));
    } else raw.addCommand(command);
  });
}

/** Length-encoded integer at `at`: [value, next]. Values above 2^53 do not occur here. */
export function readLength(buffer: Buffer, at: number): readonly [number, number] {
  const first = buffer[at]!;
  if (first < 0xfb) return [first, at + 1];
  if (first === 0xfc) return [buffer.readUInt16LE(at + 1), at + 3];
  if (first === 0xfd) return [buffer.readUIntLE(at + 1, 3), at + 4];
  return [Number(buffer.readBigUInt64LE(at + 1)), at + 9];
}
