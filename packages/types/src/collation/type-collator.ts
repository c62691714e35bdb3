import { InvariantError } from "@freshet/util";
import type { SqlType } from "../value.ts";
import { collatorOf } from "./collations.ts";
import type { Collator } from "./collator.ts";

/** The collator of a type that compares by weights; null when it compares by bytes or not at all. */
export function typeCollator(type: SqlType): Collator | null {
  const { collation } = type;
  if (collation === undefined || collation.equality !== "weights") return null;
  const collator = collatorOf(collation.name);
  if (collator === null) throw new InvariantError(`collation ${collation.name} is not known`);
  return collator;
}
