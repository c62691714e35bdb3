import { collatorOf } from "../collation/collations.ts";
import type { SqlType } from "../value.ts";

/** Default of `max_sort_length`, less what a server takes of it for itself. */
const SORTED_BYTES = 1020;
/** Collations without padding of MySQL 8.0 and later are sorted by all of their weights. */
const SORTED_WHOLE = /_0900_/;
/** MariaDB fills the sort keys of its own with zeros, which are the weight of a NUL too. */
const NO_PADDING = /_nopad_/;
/** Two weights, of two bytes, for a character; the few with more hardly fill a text. */
const UCA_BYTES = 4;

/**
 * Why ORDER BY of such values may take different ones for equal, so that the next sort key decides:
 * it compares only the beginnings of long ones (`max_sort_length`). Null when it does not.
 * Operators, MIN and MAX, grouping and indexes always compare all.
 */
export function sortedByPrefix(type: SqlType): string | null {
  if (type.kind === "text" && NO_PADDING.test(type.collation?.name ?? "")) {
    return `ORDER BY under ${type.collation?.name}: a NUL sorts as the text's end does`;
  }
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
