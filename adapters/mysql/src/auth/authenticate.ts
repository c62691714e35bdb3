import {
  authSwitchRequest,
  CACHING_SHA2_PASSWORD,
  cachingSha2Hash,
  CLEAR_PASSWORD,
  NATIVE_PASSWORD,
  nativeHash,
  parseClearPassword,
  verifyCachingSha2,
  verifyNative,
} from "@freshet/mysql-wire";
import { createHash, timingSafeEqual } from "node:crypto";
import { FAST_AUTH_SUCCESS } from "./answer.ts";

/** Packets to and from the client that logs in. */
export interface AuthDialog {
  send(payload: Buffer): void;
  receive(): Promise<Buffer>;
}

export interface AuthenticationRequest {
  /** Null: no such user; the dialog looks the same and fails. */
  readonly password: string | null;
  /** As the greeting said. */
  readonly scramble: Buffer;
  readonly defaultPlugin: string;
  /** What the client took; null from clients that know only mysql_native_password. */
  readonly plugin: string | null;
  readonly response: Buffer;
  readonly encrypted: boolean;
  /** Let in without a look at the answer. */
  readonly trusted: boolean;
}

/**
 * Runs the dialog up to, not including, the OK; false when the password is wrong. As we know
 * the password itself, caching_sha2_password never needs its full exchange.
 */
export async function authenticate(
  dialog: AuthDialog,
  request: AuthenticationRequest,
): Promise<boolean> {
  const { scramble } = request;
  let { response } = request;
  let plugin = request.plugin ?? NATIVE_PASSWORD;
  const usable =
    plugin === NATIVE_PASSWORD ||
    plugin === CACHING_SHA2_PASSWORD ||
    (plugin === CLEAR_PASSWORD && request.encrypted);
  // A client that did not expect our plugin has sent no answer yet.
  const early = usable && (response.length > 0 || request.password === "");
  if (!early && request.plugin !== null) {
    if (!usable) plugin = request.defaultPlugin;
    // The same once more, as servers do: clients answer COM_CHANGE_USER with the last they saw.
    dialog.send(authSwitchRequest(plugin, scramble));
    response = await dialog.receive();
  }
  const accepted = request.trusted || verify(plugin, response, scramble, request.password);
  if (accepted && plugin === CACHING_SHA2_PASSWORD && response.length > 1) {
    dialog.send(FAST_AUTH_SUCCESS);
  }
  return accepted;
}

function verify(
  plugin: string,
  response: Buffer,
  scramble: Buffer,
  password: string | null,
): boolean {
  const known = password ?? "";
  const empty = known === "";
  let matches: boolean;
  switch (plugin) {
    case NATIVE_PASSWORD:
      matches = verifyNative(response, scramble, empty ? null : nativeHash(known));
      break;
    case CACHING_SHA2_PASSWORD: {
      // An empty password may come as a single zero.
      const given = response.length === 1 && response[0] === 0 ? response.subarray(1) : response;
      matches = verifyCachingSha2(given, scramble, empty ? null : cachingSha2Hash(known));
      break;
    }
    default:
      matches = sameText(parseClearPassword(response, 0, response.length) ?? "", known);
  }
  return matches && password !== null;
}

/** In constant time whatever the lengths. */
function sameText(left: string, right: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(digest(left), digest(right));
}
