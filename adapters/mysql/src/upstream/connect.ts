import type { Socket } from "node:net";
import { ByteSource, connectPlain, connectSecure } from "@freshet/adapter-core";
import {
  CLIENT,
  encodeHandshakeResponse,
  encodeSslRequest,
  ERR_HEADER,
  type Handshake,
  type HandshakeResponse,
  parseErr,
  parseHandshake,
  parseOk,
  SERVER_STATUS,
} from "@freshet/mysql-wire";
import { OperationalError } from "@freshet/util";
import { PasswordAnswer } from "../auth/answer.ts";
import { SUPPORTED } from "../capabilities.ts";
import { PacketDialog } from "../packet-dialog.ts";
import type { UpstreamAddress } from "./url.ts";

/** What the login itself needs, whether the client has it or not. */
const LOGIN_CAPABILITIES =
  CLIENT.protocol41 | CLIENT.secureConnection | CLIENT.pluginAuth | CLIENT.pluginAuthLenencData;
/** What may be missing upstream without changing the form of any reply. */
const LOGIN_ONLY = CLIENT.connectAttributes | CLIENT.pluginAuthLenencData | CLIENT.connectWithDb;

/** An authenticated upstream connection, ready for a first command. */
export interface UpstreamConnection {
  readonly socket: Socket;
  /** Read beyond the OK; comes before what the socket still delivers. */
  readonly rest: Buffer;
  readonly greeting: Handshake;
  /** Agreed on. */
  readonly capabilities: number;
  /** Payload of the OK that ended the login. */
  readonly ok: Buffer;
  /** `SERVER_STATUS` flags of that OK. */
  readonly status: number;
  /** The upstream's own id of the connection, for KILL. */
  readonly threadId: number;
}

/** The upstream said no: its ERR payload goes to the client as it is. */
export class UpstreamRefused extends Error {
  override readonly name = "UpstreamRefused";
  readonly payload: Buffer;
  readonly code: number;
  readonly sqlState: string;
  /** Byte string. */
  readonly text: string;

  constructor(payload: Buffer) {
    const { code, sqlState, message } = parseErr(payload, 0, payload.length);
    super(`upstream refused the login: ${message} (${code})`);
    this.payload = payload;
    this.code = code;
    this.sqlState = sqlState;
    this.text = message;
  }
}

/** Texts are byte strings, but for the password. */
export interface UpstreamLogin {
  readonly capabilities: number;
  readonly maxPacketBytes: number;
  readonly charset: number;
  readonly user: string;
  readonly password: string | null;
  /** Null: none. */
  readonly database: string | null;
  readonly attributes: readonly (readonly [string, string])[] | null;
}

export interface ConnectOptions {
  readonly address: UpstreamAddress;
  readonly login: UpstreamLogin;
  readonly timeoutMs: number;
  /** Called as soon as the server has greeted, also when the login then fails. */
  readonly onGreeting?: (greeting: Handshake) => void;
}

/** Connects and logs in. Throws UpstreamRefused or OperationalError; never leaves a socket. */
export async function connectUpstream(options: ConnectOptions): Promise<UpstreamConnection> {
  const { address, timeoutMs } = options;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  const open: { socket: Socket | null } = { socket: null };
  try {
    const socket = await connectPlain(address, timeout.signal);
    open.socket = socket;
    return await logIn(options, socket, timeout.signal, open);
  } catch (error) {
    open.socket?.on("error", () => undefined);
    open.socket?.destroy();
    if (error instanceof UpstreamRefused || error instanceof OperationalError) throw error;
    throw new OperationalError("could not connect to the upstream", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function logIn(
  { address, login, onGreeting }: ConnectOptions,
  plain: Socket,
  signal: AbortSignal,
  open: { socket: Socket | null },
): Promise<UpstreamConnection> {
  let dialog = timed(new PacketDialog(plain, new ByteSource(plain)), signal);
  const first = await dialog.receive();
  if (first[0] === ERR_HEADER) throw new UpstreamRefused(first);
  const greeting = parseHandshake(first, 0, first.length);
  onGreeting?.(greeting);
  const head = loginHead(login, greeting);
  let { capabilities } = head;
  let secure = address.socketPath !== null;
  if (wantsTls(address, greeting)) {
    capabilities |= CLIENT.ssl;
    dialog.send(encodeSslRequest({ ...head, capabilities }));
    const { sequence } = dialog;
    // Bytes before the handshake could be an attacker's.
    if (dialog.source.release().length > 0) {
      throw new OperationalError("the upstream sent data ahead of the TLS handshake");
    }
    open.socket = await connectSecure(plain, address.tls, signal);
    dialog = timed(new PacketDialog(open.socket, new ByteSource(open.socket), sequence), signal);
    secure = true;
  }
  const answer = new PasswordAnswer(login.password, secure, greeting.authPlugin, greeting.scramble);
  dialog.send(
    encodeHandshakeResponse({
      ...head,
      capabilities,
      authPlugin: answer.plugin,
      authResponse: answer.first(),
    }),
  );
  const last = await answer.run(dialog);
  if (last[0] === ERR_HEADER) throw new UpstreamRefused(last);
  return {
    socket: dialog.socket,
    rest: dialog.source.release(),
    greeting,
    capabilities,
    ok: last,
    // That the login has changed the session is no state that lasts.
    status: parseOk(last, 0, last.length, capabilities).status & ~SERVER_STATUS.sessionStateChanged,
    threadId: greeting.threadId,
  };
}

function timed(dialog: PacketDialog, signal: AbortSignal): PacketDialog {
  const stop = () => dialog.source.fail(new OperationalError("logging in upstream took too long"));
  signal.addEventListener("abort", stop, { once: true });
  return dialog;
}

function wantsTls(address: UpstreamAddress, greeting: Handshake): boolean {
  if (address.sslMode === "disable" || address.socketPath !== null) return false;
  if ((greeting.capabilities & CLIENT.ssl) !== 0) return true;
  if (address.sslMode === "prefer") return false;
  throw new OperationalError("the upstream does not support TLS, but sslmode requires it");
}

function loginHead(
  login: UpstreamLogin,
  greeting: Handshake,
): Omit<HandshakeResponse, "authPlugin" | "authResponse"> {
  const wanted = (login.capabilities & SUPPORTED & ~CLIENT.connectWithDb) >>> 0;
  const missing = wanted & ~greeting.capabilities & ~LOGIN_ONLY & ~CLIENT.mysql;
  if (missing !== 0) {
    throw new OperationalError("the upstream lacks capabilities that it had before");
  }
  const withDatabase = login.database !== null && login.database !== "";
  const capabilities =
    (wanted & (greeting.capabilities | CLIENT.mysql)) |
    (LOGIN_CAPABILITIES & greeting.capabilities) |
    (withDatabase ? CLIENT.connectWithDb : 0);
  return {
    capabilities: capabilities >>> 0,
    extended: 0,
    maxPacketBytes: login.maxPacketBytes,
    charset: login.charset,
    user: login.user,
    database: withDatabase ? login.database : null,
    attributes: login.attributes,
    zstdLevel: null,
  };
}
