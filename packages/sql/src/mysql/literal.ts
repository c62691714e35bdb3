/** The values of literals as the server's scanner sees them; all byte strings. */
import type { LiteralClass } from "../shape.ts";

const UNSIGNED_MAX = "18446744073709551615";
const SIGNED_MIN_DIGITS = "9223372036854775808";

/**
 * An integer literal that fits neither BIGINT nor BIGINT UNSIGNED is a DECIMAL; so is the
 * negation of one beyond the least BIGINT.
 */
export function integerClass(digits: string, negative: boolean): LiteralClass {
  if (digits.length < 19) return "integer";
  const significant = digits.replace(/^0+(?=.)/, "");
  const limit = negative ? SIGNED_MIN_DIGITS : UNSIGNED_MAX;
  if (significant.length !== limit.length) {
    return significant.length < limit.length ? "integer" : "decimal";
  }
  return significant <= limit ? "integer" : "decimal";
}

const SIMPLE: Readonly<Record<string, string>> = {
  "0": "\0",
  b: "\b",
  n: "\n",
  r: "\r",
  t: "\t",
  Z: "\x1a",
  // These stay as they are, for LIKE.
  "%": "\\%",
  _: "\\_",
};

/** The content of a string token, quotes included in `token`. */
export function stringContent(token: string, escapes: boolean): string {
  const quote = token.charAt(0);
  const end = token.length - 1;
  let content = "";
  let from = 1;
  let at = 1;
  while (at < end) {
    const char = token.charAt(at);
    if (char === quote) {
      content += token.slice(from, at + 1);
      at = from = at + 2;
    } else if (escapes && char === "\\") {
      const escaped = token.charAt(at + 1);
      content += token.slice(from, at) + (SIMPLE[escaped] ?? escaped);
      at = from = at + 2;
    } else {
      at++;
    }
  }
  return content + token.slice(from, end);
}

/** The name in a T_QUOTED token. */
export function quotedName(token: string): string {
  const quote = token.charAt(0);
  return token.slice(1, -1).replaceAll(quote + quote, quote);
}
