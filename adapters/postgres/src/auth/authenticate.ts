import { randomBytes, timingSafeEqual, createHash } from "node:crypto";
import type { Socket } from "node:net";
import type { ByteSource } from "@freshet/adapter-core";
import {
  AUTHENTICATION_CLEARTEXT,
  authenticationMd5,
  authenticationSasl,
  authenticationSaslContinue,
  authenticationSaslFinal,
  FRONTEND,
  ProtocolViolation,
} from "@freshet/pg-wire";
import type { AuthenticationMethod } from "../options.ts";
import { readMessage } from "../typed-message.ts";
import { md5Response } from "./md5.ts";
import { SCRAM, SCRAM_PLUS, ScramServer } from "./scram-server.ts";

/** As Postgres bounds it. */
const PASSWORD_MESSAGE_LIMIT = 65_535;

export interface AuthenticationRequest {
  readonly method: AuthenticationMethod;
  /** Unicode. */
  readonly user: string;
  /** Null: no such user; the dialog looks the same and fails. */
  readonly password: string | null;
  /** `tls-server-end-point` of our certificate on an encrypted connection. */
  readonly channelBinding: Buffer | null;
}

/** Runs the dialog up to, not including, AuthenticationOk. Throws ProtocolViolation (FATAL). */
export async function authenticate(
  socket: Socket,
  source: ByteSource,
  request: AuthenticationRequest,
): Promise<void> {
  const accepted = await (request.method === "scram-sha-256"
    ? scram(socket, source, request)
    : password(socket, source, request));
  if (!accepted) {
    throw new ProtocolViolation(
      `password authentication failed for user "${request.user}"`,
      "28P01",
    );
  }
}

async function password(
  socket: Socket,
  source: ByteSource,
  { method, user, password }: AuthenticationRequest,
): Promise<boolean> {
  const salt = randomBytes(4);
  socket.write(method === "md5" ? authenticationMd5(salt) : AUTHENTICATION_CLEARTEXT);
  const body = await passwordMessage(source);
  if (body.at(-1) !== 0) throw new ProtocolViolation("invalid password packet size");
  const given = body.toString("utf8", 0, body.length - 1);
  if (given === "") throw new ProtocolViolation("empty password returned by client", "28P01");
  if (password === null) return false;
  return sameText(given, method === "md5" ? md5Response(user, password, salt) : password);
}

async function scram(
  socket: Socket,
  source: ByteSource,
  { user, password, channelBinding }: AuthenticationRequest,
): Promise<boolean> {
  const mechanisms = channelBinding === null ? [SCRAM] : [SCRAM_PLUS, SCRAM];
  socket.write(authenticationSasl(mechanisms));
  const initial = await passwordMessage(source);
  const nameEnd = initial.indexOf(0);
  const mechanism = initial.toString("latin1", 0, Math.max(nameEnd, 0));
  if (!mechanisms.includes(mechanism)) {
    throw new ProtocolViolation("client selected an invalid SASL authentication mechanism");
  }
  if (initial.length < nameEnd + 5) throw new ProtocolViolation("invalid message format");
  const server = new ScramServer({
    user,
    password,
    channelBinding,
    plus: mechanism === SCRAM_PLUS,
  });
  const first =
    initial.readInt32BE(nameEnd + 1) === -1 ? "" : initial.toString("utf8", nameEnd + 5);
  socket.write(authenticationSaslContinue(server.first(first)));
  const final = await server.final((await passwordMessage(source)).toString("utf8"));
  if (final === null) return false;
  socket.write(authenticationSaslFinal(final));
  return true;
}

async function passwordMessage(source: ByteSource): Promise<Buffer> {
  const { type, bytes } = await readMessage(source, PASSWORD_MESSAGE_LIMIT);
  if (type !== FRONTEND.password) {
    throw new ProtocolViolation(`expected password response, got message type ${type}`);
  }
  return bytes.subarray(5);
}

/** In constant time whatever the lengths. */
function sameText(left: string, right: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(digest(left), digest(right));
}
