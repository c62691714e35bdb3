import { ByteScratch, KEY_NULL } from "@freshet/types";
import type { IndexRange, Value } from "@freshet/types";
import type { SpaceId, Table } from "./catalog.ts";
import { appendValues, PART_LIMIT, SPACE_BYTES, startSpace, toSuccessor } from "./keys.ts";

/** `low` ≤ key < `high` over ordered keys with their space. */
export interface Bounds {
  readonly low: ByteScratch;
  readonly high: ByteScratch;
  /** The bounds had to be cut: entries within them must be compared with the true ones. */
  readonly exact: { readonly low: Buffer; readonly high: Buffer } | null;
}

const low = new ByteScratch(256);
const high = new ByteScratch(256);

/**
 * The bounds of a lookup, or null when nothing can match (a comparison with NULL). The scratches
 * are shared: position the cursor before anything else is looked up.
 */
export function boundsOf(
  table: Table,
  space: SpaceId,
  columns: readonly number[],
  equals: readonly Value[],
  range: IndexRange | undefined,
): Bounds | null {
  if (equals.includes(null)) return null;
  startSpace(low, space);
  appendValues(low, table, columns, equals, equals.length);
  high.reset();
  high.appendBytes(low.bytes, 0, low.length);
  const { lower, upper } = range ?? {};
  if (lower === undefined && upper === undefined) {
    toSuccessor(high);
  } else {
    if (lower?.value === null || upper?.value === null) return null;
    const appender = table.appenders[columns[equals.length] as number];
    if (appender === undefined) return null;
    if (lower !== undefined) {
      appender(low, lower.value);
      if (!lower.inclusive) toSuccessor(low);
    }
    if (upper === undefined) high.appendByte(KEY_NULL);
    else {
      appender(high, upper.value);
      if (upper.inclusive) toSuccessor(high);
    }
  }
  if (low.length <= SPACE_BYTES + PART_LIMIT && high.length <= SPACE_BYTES + PART_LIMIT) {
    return { low, high, exact: null };
  }
  const exact = { low: low.copy(), high: high.copy() };
  if (low.length > SPACE_BYTES + PART_LIMIT) low.length = SPACE_BYTES + PART_LIMIT;
  if (high.length > SPACE_BYTES + PART_LIMIT) {
    high.length = SPACE_BYTES + PART_LIMIT;
    toSuccessor(high);
  }
  return { low, high, exact };
}
