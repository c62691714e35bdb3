import type { TypeName } from "../ast.ts";
import { unsupported } from "../unsupported.ts";
import type { ParseContext } from "./parse-context.ts";
import { T_CLOSE, T_COMMA, T_INTEGER, T_OPEN } from "./scanner.ts";

/** The types of CAST, and how many numbers may stand behind them. */
const TYPES: ReadonlyMap<string, number> = new Map([
  ["binary", 1],
  ["char", 1],
  ["date", 0],
  ["datetime", 1],
  ["time", 1],
  ["year", 0],
  ["decimal", 2],
  ["double", 0],
  ["float", 0],
  ["signed", 0],
  ["unsigned", 0],
  ["json", 0],
]);

/** The type in CAST, in lower case: `signed`, `decimal(10, 2)`, `char(5)`. */
export function typeName(context: ParseContext): TypeName {
  const { tokens } = context;
  const { word, text } = tokens.peek();
  const limit = TYPES.get(word);
  if (limit === undefined) throw unsupported(`CAST to ${text.toUpperCase()}`);
  tokens.second.replace(tokens.take().start, "0");
  if (word === "signed" || word === "unsigned") {
    if (tokens.peek().word === "integer" || tokens.peek().word === "int") tokens.takeHidden();
  }
  const modifiers: number[] = [];
  if (limit > 0 && tokens.peek().kind === T_OPEN) {
    do {
      tokens.takeHidden();
      if (tokens.peek().kind !== T_INTEGER) throw tokens.unexpected("a number");
      modifiers.push(Number(tokens.takeHidden().text));
    } while (tokens.peek().kind === T_COMMA);
    if (tokens.peek().kind !== T_CLOSE) throw tokens.unexpected('")"');
    tokens.takeHidden();
    if (modifiers.length > limit) throw tokens.unexpected("one number");
  }
  for (const further of [
    "character",
    "charset",
    "ascii",
    "unicode",
    "binary",
    "array",
    "collate",
  ]) {
    tokens.refuse(further, `${further.toUpperCase()} in a type`);
  }
  return { path: [word], modifiers, array: false };
}
