import { type Socket, createServer } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import * as wire from "@freshet/pg-wire";

/**
 * One thread of the null server: constant bytes for every message, the least that a server in
 * Node can do. It cuts frames, because a batch's end must be known, and looks at nothing else.
 */

interface NullServerData {
  readonly port: number;
  readonly column: string;
  readonly typeId: number;
  readonly typeSize: number;
  readonly value: string;
}

const data = workerData as NullServerData;

const ROW_DESCRIPTION = wire.rowDescription([
  {
    name: data.column,
    tableId: 16_384,
    columnNumber: 3,
    typeId: data.typeId,
    typeSize: data.typeSize,
    typeModifier: -1,
  },
]);
const EXECUTED = Buffer.concat([wire.dataRow([data.value]), wire.commandComplete("SELECT 1")]);
const READY = wire.readyForQuery(wire.STATUS.idle);
const REPLIES: Readonly<Record<number, Buffer>> = {
  [wire.FRONTEND.query]: Buffer.concat([ROW_DESCRIPTION, EXECUTED, READY]),
  [wire.FRONTEND.parse]: wire.PARSE_COMPLETE,
  [wire.FRONTEND.bind]: wire.BIND_COMPLETE,
  [wire.FRONTEND.describe]: ROW_DESCRIPTION,
  [wire.FRONTEND.execute]: EXECUTED,
  [wire.FRONTEND.close]: wire.CLOSE_COMPLETE,
  [wire.FRONTEND.sync]: READY,
};
const GREETING = Buffer.concat([
  wire.AUTHENTICATION_OK,
  wire.parameterStatus("client_encoding", "UTF8"),
  wire.parameterStatus("server_encoding", "UTF8"),
  wire.parameterStatus("server_version", "18.0"),
  wire.parameterStatus("standard_conforming_strings", "on"),
  wire.parameterStatus("integer_datetimes", "on"),
  wire.backendKeyData(1, Buffer.alloc(4)),
  READY,
]);
const NO_BYTES: Buffer = Buffer.alloc(0);
/** More than a batch's replies; a chunk with more is answered in several writes. */
const REPLY_BYTES = 65_536;
const MOST_FOR_A_FRAME = EXECUTED.length + ROW_DESCRIPTION.length + READY.length;

function serve(socket: Socket): void {
  let greeted = false;
  let rest = NO_BYTES;
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    if (!greeted) {
      if (bytes.length < 8 || bytes.length < bytes.readInt32BE(0)) {
        rest = bytes;
        return;
      }
      at = bytes.readInt32BE(0);
      const code = bytes.readInt32BE(4);
      if (code === wire.STARTUP_CODE.ssl || code === wire.STARTUP_CODE.gss) socket.write("N");
      else {
        greeted = true;
        socket.write(GREETING);
      }
      rest = NO_BYTES;
      if (at >= bytes.length) return;
    }
    rest = reply(socket, bytes, at);
  });
}

/** Answers the whole frames from `at` on; returns what is left. */
function reply(socket: Socket, bytes: Buffer, start: number): Buffer {
  let at = start;
  const replies: Buffer[] = [];
  let length = 0;
  while (at + 5 <= bytes.length) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    if (end > bytes.length) break;
    const type = bytes[at] ?? 0;
    if (type === wire.FRONTEND.terminate) {
      socket.end();
      return NO_BYTES;
    }
    const constant = REPLIES[type];
    if (constant !== undefined) {
      replies.push(constant);
      length += constant.length;
    }
    at = end;
    if (length > REPLY_BYTES - MOST_FOR_A_FRAME) {
      socket.write(Buffer.concat(replies.splice(0), length));
      length = 0;
    }
  }
  if (replies.length === 1) socket.write(replies[0] ?? NO_BYTES);
  else if (replies.length > 1) socket.write(joined(replies, length));
  return at === bytes.length ? NO_BYTES : bytes.subarray(at);
}

/** As Buffer.concat, without its checks. */
function joined(buffers: readonly Buffer[], length: number): Buffer {
  const all = Buffer.allocUnsafe(length);
  let at = 0;
  for (const buffer of buffers) at += buffer.copy(all, at);
  return all;
}

const server = createServer({ noDelay: true }, serve);
server.listen({ host: "127.0.0.1", port: data.port, reusePort: true }, () => {
  parentPort?.postMessage("listening");
});
