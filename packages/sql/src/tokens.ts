/** Kinds of token, shared by the scanners of the dialects. */

export const T_END = 0;
/** Not a token of any statement: unterminated, NUL, or cut differently by server versions. */
export const T_ERROR = 1;
/** Unquoted identifier or keyword. */
export const T_WORD = 2;
/** A quoted identifier: `"…"`, `U&"…"`, or in MySQL between backticks. */
export const T_QUOTED = 3;
export const T_INTEGER = 4;
export const T_DECIMAL = 5;
/** A string without escapes other than the doubled quote. */
export const T_STRING = 6;
/** A string in which a backslash escapes. */
export const T_ESCAPED = 7;
/** `B'…'`, `X'…'`, `N'…'`, `U&'…'`, `$tag$…$tag$`, `0x…`: never a slot. */
export const T_VERBATIM = 8;
/** `$n` or `?`. */
export const T_PARAM = 9;
/** Any operator, also of one character. */
export const T_OPERATOR = 10;
/** `::` */
export const T_TYPECAST = 11;
/** `:=` */
export const T_ASSIGN = 12;
/** `..` */
export const T_DOT_DOT = 13;
/** MySQL: `@name`, `@@name`, or the `@` before something quoted. */
export const T_VARIABLE = 14;
// Punctuation is its own character code.
export const T_OPEN = 40;
export const T_CLOSE = 41;
export const T_COMMA = 44;
export const T_DOT = 46;
export const T_COLON = 58;
export const T_SEMICOLON = 59;
export const T_OPEN_BRACKET = 91;
export const T_CLOSE_BRACKET = 93;

/** Cuts a text into tokens, one at a time; `text[start, end)` is the last one returned. */
export interface TokenScanner {
  readonly start: number;
  readonly end: number;
  next(): number;
}
