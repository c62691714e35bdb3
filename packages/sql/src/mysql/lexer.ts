import type { LexerSettings, Shape, StatementLexer, StatementTraits } from "../shape.ts";
import { ShapeBuilder } from "./shape-builder.ts";
import { TraitsReader } from "./traits.ts";

const builder = new ShapeBuilder();
const traitsReader = new TraitsReader();

/** MySQL 8.0 to 9.x and MariaDB. Synchronous; the scratch state is reused from call to call. */
export const mysqlLexer: StatementLexer = {
  shape(text: string, settings: LexerSettings): Shape | null {
    return builder.build(text, settings);
  },

  traits(text: string, settings: LexerSettings): StatementTraits {
    return traitsReader.read(text, settings);
  },
};
