import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ByteSource } from "@freshet/adapter-core";
import { OperationalError } from "@freshet/util";
import {
  BACKEND,
  parseErrorFields,
  parseParameterStatus,
  passwordMessage,
  saslInitialResponse,
  saslResponse,
  startup,
} from "@freshet/pg-wire";
import { serverEndPoint } from "../auth/channel-binding.ts";
import { md5Response } from "../auth/md5.ts";
import { ScramClient } from "../auth/scram-client.ts";
import { SCRAM, SCRAM_PLUS } from "../auth/scram-server.ts";
import { readMessage, type TypedMessage } from "../typed-message.ts";
import { openSocket } from "./open-socket.ts";
import type { UpstreamAddress } from "./url.ts";

const PROTOCOL_3_0 = 3 << 16;
const DIALOG_MESSAGE_LIMIT = 1_000_000;

/** An authenticated upstream connection, ready for a first query. */
export interface UpstreamConnection {
  readonly socket: Socket;
  /** Read beyond ReadyForQuery; comes before what the socket still delivers. */
  readonly rest: Buffer;
  /** ParameterStatus by name, in order; byte strings. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Process id and secret, of any length; null when the upstream sends none. */
  readonly cancelKey: Buffer | null;
}

/** The upstream said no: its ErrorResponse goes to the client as it is. */
export class UpstreamRefused extends Error {
  override readonly name = "UpstreamRefused";
  readonly frame: Buffer;
  readonly code: string;

  constructor(frame: Buffer) {
    const fields = parseErrorFields(frame, 0, frame.length);
    super(`upstream refused the login: ${fields.get("M") ?? "unknown error"}`);
    this.frame = frame;
    this.code = fields.get("C") ?? "08006";
  }
}

export interface UpstreamLogin {
  /** Byte strings, in the client's order, `user` among them. */
  readonly parameters: readonly (readonly [string, string])[];
  /** Unicode. */
  readonly user: string;
  readonly password: string | null;
}

/** Connects and logs in. Throws UpstreamRefused or OperationalError; never leaves a socket. */
export async function connectUpstream(
  address: UpstreamAddress,
  login: UpstreamLogin,
  timeoutMs: number,
): Promise<UpstreamConnection> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  let socket: Socket | null = null;
  try {
    socket = await openSocket(address, timeout.signal);
    const source = new ByteSource(socket);
    timeout.signal.addEventListener("abort", () =>
      source.fail(new OperationalError("logging in upstream took too long")),
    );
    socket.write(startup(PROTOCOL_3_0, login.parameters));
    return await dialog(address, login, socket, source);
  } catch (error) {
    socket?.on("error", () => undefined);
    socket?.destroy();
    if (error instanceof UpstreamRefused || error instanceof OperationalError) throw error;
    throw new OperationalError("could not connect to the upstream", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function dialog(
  address: UpstreamAddress,
  login: UpstreamLogin,
  socket: Socket,
  source: ByteSource,
): Promise<UpstreamConnection> {
  const parameters = new Map<string, string>();
  let cancelKey: Buffer | null = null;
  let scram: ScramClient | null = null;
  for (;;) {
    const message = await readMessage(source, DIALOG_MESSAGE_LIMIT);
    const { bytes } = message;
    switch (message.type) {
      case BACKEND.authentication:
        scram = await authenticate(address, login, socket, message, scram);
        break;
      case BACKEND.parameterStatus: {
        const { name, value } = parseParameterStatus(bytes, 0, bytes.length);
        parameters.set(name, value);
        break;
      }
      case BACKEND.backendKeyData:
        cancelKey = Buffer.from(bytes.subarray(5));
        break;
      case BACKEND.error:
        throw new UpstreamRefused(Buffer.from(bytes));
      case BACKEND.readyForQuery:
        return { socket, rest: source.release(), parameters, cancelKey };
      default:
        // Notices of the login (deprecated md5, login triggers) and version negotiation.
        break;
    }
  }
}

async function authenticate(
  address: UpstreamAddress,
  login: UpstreamLogin,
  socket: Socket,
  { bytes }: TypedMessage,
  scram: ScramClient | null,
): Promise<ScramClient | null> {
  const kind = bytes.readInt32BE(5);
  const data = bytes.toString("utf8", 9);
  const password = (): string => {
    if (login.password !== null) return login.password;
    throw new OperationalError(`the upstream asks for a password and none is configured`);
  };
  switch (kind) {
    case 0:
      return null;
    case 3:
      socket.write(passwordMessage(password()));
      return null;
    case 5:
      socket.write(passwordMessage(md5Response(login.user, password(), bytes.subarray(9, 13))));
      return null;
    case 10: {
      const binding = channelBinding(address, socket, data.split("\0"));
      const client = new ScramClient(password(), binding);
      socket.write(saslInitialResponse(binding === null ? SCRAM : SCRAM_PLUS, client.first()));
      return client;
    }
    case 11:
      if (scram === null) throw new OperationalError("the upstream broke the SASL dialog");
      socket.write(saslResponse(await scram.final(data)));
      return scram;
    case 12:
      if (scram === null) throw new OperationalError("the upstream broke the SASL dialog");
      scram.verify(data);
      return scram;
    default:
      throw new OperationalError(`the upstream asks for authentication method ${kind}`);
  }
}

function channelBinding(
  address: UpstreamAddress,
  socket: Socket,
  mechanisms: readonly string[],
): Buffer | null {
  if (socket instanceof TLSSocket && mechanisms.includes(SCRAM_PLUS)) {
    const certificate = socket.getPeerCertificate(false).raw as Buffer | undefined;
    if (certificate !== undefined) return serverEndPoint(new X509Certificate(certificate));
  }
  if (address.requireChannelBinding) {
    throw new OperationalError("channel binding is required, the upstream does not offer it");
  }
  if (!mechanisms.includes(SCRAM)) {
    throw new OperationalError(`the upstream offers only ${mechanisms.join(" ")}`);
  }
  return null;
}
