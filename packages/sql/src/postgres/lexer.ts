import type { LexerSettings, Shape, StatementLexer, StatementTraits } from "../shape.ts";
import { ShapeBuilder } from "./shape-builder.ts";
import { TraitsReader } from "./traits.ts";

const builder = new ShapeBuilder();
const traitsReader = new TraitsReader();

/** Postgres 13 to 18. Synchronous; the scratch state is reused from call to call. */
export const postgresLexer: StatementLexer = {
  shape(text: string, settings: LexerSettings): Shape | null {
    return builder.build(text, !settings.backslashEscapes);
  },

  traits(text: string, settings: LexerSettings): StatementTraits {
    return traitsReader.read(text, !settings.backslashEscapes);
  },
};
