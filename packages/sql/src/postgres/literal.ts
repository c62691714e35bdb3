/** The values of literals as the server's scanner and grammar see them; all byte strings. */
import type { LiteralClass } from "../shape.ts";

const INT8_MAX = "9223372036854775807";
const INT8_MIN_DIGITS = "9223372036854775808";

/** An integer literal too large for int8 is numeric (make_const in parse_node.c). */
export function integerClass(digits: string, negative: boolean): LiteralClass {
  if (digits.length < 19) return "integer";
  const significant = digits.replace(/^0+(?=.)/, "");
  if (significant.length !== 19) return significant.length < 19 ? "integer" : "decimal";
  return significant <= (negative ? INT8_MIN_DIGITS : INT8_MAX) ? "integer" : "decimal";
}

const BETWEEN_PARTS = /'(?:[ \t\n\r\f]|--[^\n\r]*)*[\n\r](?:[ \t\n\r\f]|--[^\n\r]*)*'/y;

/**
 * The content of a string token. `token` includes the quotes and the `E` if there is one.
 * Null when the value depends on more than the text (bytes that may not be valid UTF-8).
 */
export function stringContent(token: string, escapes: boolean): string | null {
  let at = token.indexOf("'") + 1;
  const end = token.length - 1;
  let content = "";
  let from = at;
  while (at < end) {
    const code = token.charCodeAt(at);
    if (code === 39) {
      content += token.slice(from, at);
      if (token.charCodeAt(at + 1) === 39) {
        content += "'";
        at += 2;
      } else {
        BETWEEN_PARTS.lastIndex = at;
        if (!BETWEEN_PARTS.test(token)) return null;
        at = BETWEEN_PARTS.lastIndex;
      }
      from = at;
    } else if (escapes && code === 92) {
      const escape = unescapeAt(token, at + 1);
      if (escape === null) return null;
      content += token.slice(from, at) + escape.text;
      at = from = escape.end;
    } else {
      at++;
    }
  }
  return content + token.slice(from, end);
}

interface Escape {
  readonly text: string;
  readonly end: number;
}

const SIMPLE: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const OCTAL = /[0-7]{1,3}/y;
const HEX = /[0-9a-fA-F]{1,2}/y;
const SHORT_UNICODE = /[0-9a-fA-F]{4}/y;
const LONG_UNICODE = /[0-9a-fA-F]{8}/y;

/** The escape whose first character after the backslash stands at `at`. */
function unescapeAt(token: string, at: number): Escape | null {
  const char = token.charAt(at);
  if (char >= "0" && char <= "7") return byteEscape(token, at, OCTAL, 8);
  // Versions differ in where \v belongs; nobody writes it.
  if (char === "v") return null;
  if (char === "x") return byteEscape(token, at + 1, HEX, 16) ?? literalX(token, at);
  if (char === "u" || char === "U") return unicodeEscape(token, at);
  return { text: SIMPLE[char] ?? char, end: at + 1 };
}

/** `\x` without a hexadecimal digit after it is the letter. */
function literalX(token: string, at: number): Escape | null {
  HEX.lastIndex = at + 1;
  return HEX.test(token) ? null : { text: "x", end: at + 1 };
}

function byteEscape(token: string, at: number, pattern: RegExp, radix: number): Escape | null {
  pattern.lastIndex = at;
  const digits = pattern.exec(token)?.[0];
  if (digits === undefined) return null;
  const value = Number.parseInt(digits, radix);
  return value === 0 || value > 127
    ? null
    : { text: String.fromCharCode(value), end: at + digits.length };
}

function unicodeEscape(token: string, at: number): Escape | null {
  const first = codePoint(token, at);
  if (first === null || first.value === 0) return null;
  let { value, end } = first;
  if (value >= 0xd800 && value < 0xdc00) {
    const second = token.charAt(end) === "\\" ? codePoint(token, end + 1) : null;
    if (second === null || second.value < 0xdc00 || second.value > 0xdfff) return null;
    value = 0x10000 + ((value - 0xd800) << 10) + (second.value - 0xdc00);
    end = second.end;
  } else if ((value >= 0xdc00 && value <= 0xdfff) || value > 0x10ffff) {
    return null;
  }
  return { text: Buffer.from(String.fromCodePoint(value), "utf8").toString("latin1"), end };
}

function codePoint(token: string, at: number): { value: number; end: number } | null {
  const char = token.charAt(at);
  const pattern = char === "u" ? SHORT_UNICODE : char === "U" ? LONG_UNICODE : null;
  if (pattern === null) return null;
  pattern.lastIndex = at + 1;
  const digits = pattern.exec(token)?.[0];
  if (digits === undefined) return null;
  return { value: Number.parseInt(digits, 16), end: at + 1 + digits.length };
}
