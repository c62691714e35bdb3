import { type Expression, Unsupported } from "../ast.ts";
import type { LexerSettings, Shape } from "../shape.ts";
import { SlotPlaces } from "../slot-places.ts";
import { T_PARAM } from "./scanner.ts";
import type { TokenStream } from "./token-stream.ts";

/** Nested deeper than this nobody writes; both parsers recurse. */
const DEPTH_LIMIT = 100;

/** What all parts of the parser share. */
export class ParseContext {
  readonly tokens: TokenStream;
  readonly settings: LexerSettings;
  readonly places: SlotPlaces;
  /** Literals there are part of the shape's text and have no slots. */
  inSelectList = false;
  #placeholders = 0;
  #depth = 0;

  constructor(tokens: TokenStream, settings: LexerSettings, shape: Shape) {
    this.tokens = tokens;
    this.settings = settings;
    this.places = new SlotPlaces(shape);
  }

  /** Runs what nests. */
  nested<T>(parse: () => T): T {
    if (++this.#depth > DEPTH_LIMIT) throw new Unsupported("the statement nests too deep");
    const result = parse();
    this.#depth--;
    return result;
  }

  placeholder(inList: boolean): Expression {
    const { start } = this.tokens.expectKind(T_PARAM);
    this.tokens.second.number(start, start, false);
    return this.places.placeholder(this.#placeholders++, start, inList);
  }
}
