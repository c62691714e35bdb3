import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createScramble } from "../auth/scramble.ts";
import { CLIENT, MARIADB_CLIENT, SERVER_STATUS } from "../capabilities.ts";
import { changeUserCommand } from "../commands/encoders.ts";
import { parseChangeUser } from "../commands/parsers.ts";
import { ERROR } from "../errors.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import {
  authNextFactor,
  authSwitchRequest,
  parseAuthNextFactor,
  parseAuthSwitchRequest,
} from "./auth-packets.ts";
import { encodeHandshake, parseHandshake } from "./greeting.ts";
import {
  encodeHandshakeResponse,
  encodeSslRequest,
  isSslRequest,
  parseHandshakeResponse,
  parseSslRequest,
} from "./response.ts";
import type { HandshakeResponse } from "./response.ts";

const BASE = (CLIENT.protocol41 | CLIENT.secureConnection | CLIENT.pluginAuth) >>> 0;

test.each([CLIENT.mysql, 0])("a greeting comes back, CLIENT_MYSQL %i", (mysql) => {
  const handshake = {
    serverVersion: mysql === 0 ? "10.11.19-MariaDB" : "9.7.4",
    threadId: 0x8000_0001,
    scramble: createScramble(),
    capabilities: (BASE | mysql | CLIENT.deprecateEof | CLIENT.sessionTrack) >>> 0,
    extended: mysql === 0 ? MARIADB_CLIENT.stmtBulkOperations : 0,
    charset: 45,
    status: SERVER_STATUS.autocommit,
    authPlugin: "caching_sha2_password",
  };
  const bytes = encodeHandshake(handshake);
  expect(parseHandshake(bytes, 0, bytes.length)).toEqual(handshake);
  for (let end = 0; end < bytes.length - handshake.authPlugin.length - 1; end += 1) {
    // Pre-4.1 greetings end after the first capabilities.
    if (end === handshake.serverVersion.length + 17) continue;
    expect(() => parseHandshake(bytes, 0, end)).toThrow(ProtocolViolation);
  }
});

const text = fc
  .string({ minLength: 0, maxLength: 20 })
  .map((value) => Buffer.from(value.replaceAll("\0", "")).toString("latin1"));
const attributes = fc.array(fc.tuple(text, text), { maxLength: 20 });
const auth = fc.uint8Array({ maxLength: 250 }).map((bytes) => Buffer.from(bytes));

const response: fc.Arbitrary<HandshakeResponse> = fc
  .record({
    flags: fc.subarray([
      CLIENT.mysql,
      CLIENT.connectWithDb,
      CLIENT.pluginAuth,
      CLIENT.connectAttributes,
      CLIENT.pluginAuthLenencData,
      CLIENT.zstdCompression,
      CLIENT.rememberOptions,
    ]),
    extended: fc.nat(),
    user: text,
    authResponse: auth,
    database: text,
    authPlugin: text,
    attributes,
    zstdLevel: fc.nat(22),
  })
  .map(({ flags, ...rest }) => {
    const chosen = flags.reduce((sum, flag) => sum | flag, 0);
    const capabilities = (CLIENT.protocol41 | CLIENT.secureConnection | chosen) >>> 0;
    const has = (flag: number) => (capabilities & flag) !== 0;
    return {
      capabilities,
      extended: has(CLIENT.mysql) ? 0 : rest.extended,
      maxPacketBytes: 0x4000_0000,
      charset: 255,
      user: rest.user,
      authResponse: rest.authResponse,
      database: has(CLIENT.connectWithDb) ? rest.database : null,
      authPlugin: has(CLIENT.pluginAuth) ? rest.authPlugin : null,
      attributes: has(CLIENT.connectAttributes) ? rest.attributes : null,
      zstdLevel: has(CLIENT.zstdCompression) ? rest.zstdLevel : null,
    };
  });

describe("HandshakeResponse41", () => {
  test("comes back for every combination of flags", () => {
    fc.assert(
      fc.property(response, (sent) => {
        const bytes = encodeHandshakeResponse(sent);
        expect(parseHandshakeResponse(bytes, 0, bytes.length)).toEqual(sent);
        expect(isSslRequest(bytes, 0, bytes.length)).toBe(false);
      }),
    );
  });

  test("cut or random bytes are a bad handshake or read, never another error", () => {
    fc.assert(
      fc.property(response, fc.nat(), (sent, at) => {
        const bytes = encodeHandshakeResponse(sent);
        const end = at % bytes.length;
        try {
          parseHandshakeResponse(bytes, 0, end);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolViolation);
          expect((error as ProtocolViolation).code).toBe(ERROR.handshake);
        }
      }),
    );
  });

  test("an SSLRequest is its head", () => {
    const request = {
      capabilities: (BASE | CLIENT.ssl | CLIENT.mysql) >>> 0,
      extended: 0,
      maxPacketBytes: 1 << 24,
      charset: 45,
    };
    const bytes = encodeSslRequest(request);
    expect(isSslRequest(bytes, 0, bytes.length)).toBe(true);
    expect(parseSslRequest(bytes, 0, bytes.length)).toEqual(request);
  });
});

test("COM_CHANGE_USER comes back", () => {
  fc.assert(
    fc.property(
      text,
      auth,
      text,
      text,
      attributes,
      (user, authResponse, database, plugin, list) => {
        const flags = BASE | CLIENT.connectAttributes;
        const sent = {
          user,
          authResponse,
          database,
          charset: 309,
          authPlugin: plugin,
          attributes: list,
        };
        const bytes = changeUserCommand(sent, flags);
        expect(parseChangeUser(bytes, 0, bytes.length, flags)).toEqual(sent);
      },
    ),
  );
});

test("auth switch and next factor come back", () => {
  const scramble = createScramble();
  const bytes = authSwitchRequest("mysql_native_password", scramble);
  const { plugin, data } = parseAuthSwitchRequest(bytes, 0, bytes.length);
  expect(plugin).toBe("mysql_native_password");
  expect(data.subarray(0, 20).equals(scramble)).toBe(true);
  const factor = authNextFactor("ldap", Buffer.from("x"));
  expect(parseAuthNextFactor(factor, 0, factor.length).plugin).toBe("ldap");
  expect(parseAuthSwitchRequest(Buffer.from([0xfe]), 0, 1).plugin).toBe("mysql_old_password");
});
