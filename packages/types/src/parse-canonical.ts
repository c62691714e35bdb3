import { mysqlTextCodec } from "./mysql/text-codec.ts";
import { postgresTextCodec } from "./postgres/text-codec.ts";
import type { SqlType, Value } from "./value.ts";

/**
 * The value of a canonical parameter (see `CanonicalParam`): a byte string of canonical text.
 * Text kinds are decoded as UTF-8; all others are ASCII. Throws SyntaxError on malformed input.
 * Where the dialects' forms differ, each is told from the other: MySQL's instants have no zone,
 * its times of day are durations of which Postgres's are some.
 */
export function parseCanonical(type: SqlType, canonical: string): Value {
  switch (type.kind) {
    case "text":
    case "bpchar":
    case "enum":
    case "opaque":
      return decodeByteString(canonical);
    case "civildate":
    case "civildatetime":
    case "time":
      return mysqlTextCodec.parse(type, canonical);
    case "timestamptz":
      return (MYSQL_INSTANT.test(canonical) ? mysqlTextCodec : postgresTextCodec).parse(
        type,
        canonical,
      );
    default:
      return postgresTextCodec.parse(type, canonical);
  }
}

const MYSQL_INSTANT = /^\d{4}-\d\d-\d\d(?: [\d:.]+)?$/;

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
