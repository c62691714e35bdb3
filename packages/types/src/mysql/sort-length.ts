import { collatorOf } from "../collation/collations.ts";
import type { SqlType } from "../value.ts";

/** Default of `max_sort_length`, less what a server takes of it for itself. */
const SORTED_BYTES = 1020;
/** Collations without padding of MySQL 8.0 and later are sorted by all of their weights. */
const SORTED_WHOLE = /_0900_/;
/** Two weights, of two bytes, for a character; the few with more hardly fill a text. */
const UCA_BYTES = 4;

/**
 * Why ORDER BY of such values may compare only their beginnings (`max_sort_length`), so that the
 * next sort key decides between long texts that begin alike; null when it compares all. Operators,
 * MIN and MAX, grouping and indexes always compare all.
 */
export function sortedByPrefix(type: SqlType): string | null {
  const width = bytesEach(type);
  if (width === 0 || (type.modifier >= 0 && type.modifier * width <= SORTED_BYTES)) return null;
  const sure = Math.floor(SORTED_BYTES / width);
  return `ORDER BY of type ${type.name} is sure to compare ${sure} characters only`;
}

/** Bytes of a sort key for each character of the column's length; 0: no limit. */
function bytesEach(type: SqlType): number {
  if (type.kind === "bytes") return 1;
  const { collation } = type;
  if (type.kind !== "text" || collation === undefined || SORTED_WHOLE.test(collation.name))
    return 0;
  if (collatorOf(collation.name) === null) return UCA_BYTES;
  if (/^(?:latin1|ascii)_/.test(collation.name)) return 1;
  return /_general_(?:nopad_)?ci$/.test(collation.name) ? 2 : UCA_BYTES;
}
