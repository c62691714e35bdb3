import type { SqlType, Value } from "./value.ts";

/**
 * Between a dialect's text form and `Value`. Canonical text is what the upstream prints under
 * the dialect's canonical settings (Postgres: ISO dates, UTC, postgres intervals,
 * extra_float_digits 1, hex bytea, UTF-8).
 */
export interface TextCodec {
  /** Parses canonical text (as the stream and the copy deliver it). Throws on malformed input. */
  parse(type: SqlType, text: string): Value;
  /** Prints a non-null value as canonical text. */
  print(type: SqlType, value: Exclude<Value, null>): string;
}
