import { cstring, int16, int32, message } from "./backend-messages.ts";
import { FRONTEND, STARTUP_CODE } from "./message-types.ts";

/** Builders of the messages a client sends. */

export const SYNC = message(FRONTEND.sync);
export const FLUSH = message(FRONTEND.flush);
export const TERMINATE = message(FRONTEND.terminate);

/** Without type byte: length, then `parts`. */
function untyped(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length + 4), body]);
}

/** `version` is major << 16 | minor; names and values are byte strings. */
export function startup(version: number, parameters: Iterable<readonly [string, string]>): Buffer {
  let text = "";
  for (const [name, value] of parameters) text += `${name}\0${value}\0`;
  return untyped(int32(version), Buffer.from(`${text}\0`, "latin1"));
}

export function sslRequest(): Buffer {
  return untyped(int32(STARTUP_CODE.ssl));
}

/** `key` is process id and secret as BackendKeyData carried them. */
export function cancelRequest(key: Buffer): Buffer {
  return untyped(int32(STARTUP_CODE.cancel), key);
}

export function passwordMessage(password: string): Buffer {
  return message(FRONTEND.password, cstring(password));
}

export function saslInitialResponse(mechanism: string, data: string): Buffer {
  const bytes = Buffer.from(data, "utf8");
  return message(FRONTEND.password, cstring(mechanism), int32(bytes.length), bytes);
}

export function saslResponse(data: string): Buffer {
  return message(FRONTEND.password, Buffer.from(data, "utf8"));
}

export function query(text: string): Buffer {
  return message(FRONTEND.query, cstring(text));
}

/** `name` and `text` are byte strings. */
export function parse(name: string, text: string, typeIds: readonly number[] = []): Buffer {
  return message(
    FRONTEND.parse,
    Buffer.from(`${name}\0${text}\0`, "latin1"),
    int16(typeIds.length),
    ...typeIds.map((typeId) => int32(typeId)),
  );
}

/** Text parameters; `resultFormats` as in the protocol. */
export function bind(
  portal: string,
  statement: string,
  params: readonly (string | null)[] = [],
  resultFormats: readonly number[] = [],
): Buffer {
  const parts: Buffer[] = [
    Buffer.from(`${portal}\0${statement}\0`, "latin1"),
    int16(0),
    int16(params.length),
  ];
  for (const param of params) {
    if (param === null) parts.push(int32(-1));
    else {
      const bytes = Buffer.from(param, "utf8");
      parts.push(int32(bytes.length), bytes);
    }
  }
  parts.push(int16(resultFormats.length), ...resultFormats.map(int16));
  return message(FRONTEND.bind, ...parts);
}

export function describe(kind: "S" | "P", name: string): Buffer {
  return message(FRONTEND.describe, Buffer.from(`${kind}${name}\0`, "latin1"));
}

export function execute(portal: string, maxRows = 0): Buffer {
  return message(FRONTEND.execute, Buffer.from(`${portal}\0`, "latin1"), int32(maxRows));
}

export function close(kind: "S" | "P", name: string): Buffer {
  return message(FRONTEND.close, Buffer.from(`${kind}${name}\0`, "latin1"));
}
