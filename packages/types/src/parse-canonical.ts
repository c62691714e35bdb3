import { postgresTextCodec } from "./postgres/text-codec.ts";
import type { SqlType, Value } from "./value.ts";

/**
 * The value of a canonical parameter (see `CanonicalParam`): a byte string of canonical text.
 * Text kinds are decoded as UTF-8; all others are ASCII. Throws SyntaxError on malformed input.
 */
export function parseCanonical(type: SqlType, canonical: string): Value {
  switch (type.kind) {
    case "text":
    case "bpchar":
    case "enum":
    case "opaque":
      return decodeByteString(canonical);
    default:
      return postgresTextCodec.parse(type, canonical);
  }
}

/** Unicode from a byte string that holds UTF-8. */
export function decodeByteString(bytes: string): string {
  for (let index = 0; index < bytes.length; index += 1) {
    if (bytes.charCodeAt(index) >= 0x80) return Buffer.from(bytes, "latin1").toString("utf8");
  }
  return bytes;
}

/** The byte string of Unicode text. */
export function encodeByteString(text: string): string {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) >= 0x80) return Buffer.from(text, "utf8").toString("latin1");
  }
  return text;
}
