import { Unsupported } from "./ast.ts";

/** The refusal of a construct, as a sentence for people. */
export function unsupported(what: string): Unsupported {
  const verb = what.endsWith("s") && !/(?:ss|is)$/.test(what) ? "are" : "is";
  return new Unsupported(`${what} ${verb} not supported incrementally yet`);
}
