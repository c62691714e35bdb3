import type { WireColumn, WireResult } from "./dialect.ts";

/** What the upstream says of one read, at the same commit. */
export interface Expected {
  /** The statement itself, for its columns, tag and errors. */
  readonly direct: WireResult;
  /** All rows before LIMIT and OFFSET, with the number of the group of ties as last column. */
  readonly ranked: WireResult;
  /** What it says of the columns before it runs, where that depends on the plan. */
  readonly described: readonly (readonly WireColumn[])[];
  readonly limit: number | null;
  readonly offset: number;
  /** One text for values that are equal, where they may show as different texts. */
  readonly loosened: Loosened;
}

type Loosened = ((value: string) => string) | null;

type Row = readonly (string | null)[];

/** Null: a legal answer. Otherwise one sentence that says what is wrong. */
export function difference(actual: WireResult, expected: Expected): string | null {
  const { direct } = expected;
  if (direct.error !== null) {
    if (actual.error?.code === direct.error.code) return null;
    // With LIMIT it is the plan's choice which rows are evaluated at all.
    if (actual.error === null && expected.limit !== null) return null;
    return `the upstream fails with ${direct.error.code} ${direct.error.message}, the answer is ${brief(actual)}`;
  }
  if (actual.error !== null) {
    return `it fails with ${actual.error.code} ${actual.error.message}, the upstream answers`;
  }
  const rows = rowDifference(actual, expected);
  if (rows !== null) return rows;
  if (actual.tag !== direct.tag) return `the tag is ${actual.tag}, not ${direct.tag}`;
  return columnDifference(actual.columns, direct.columns, expected.described);
}

/** A ranking that fails, or that the upstream's own answer does not fit, proves nothing. */
function rowDifference(actual: WireResult, expected: Expected): string | null {
  const { direct, ranked, limit, loosened } = expected;
  const ranks = ranked.error === null && illegal(direct.rows, expected) === null;
  if (ranks) return illegal(actual.rows, expected);
  const difference = multisetDifference(actual.rows, direct.rows, loosened);
  // Without ranks nobody knows which rows of a tie a LIMIT may leave out.
  const open = limit !== null && actual.rows.length === direct.rows.length;
  return open ? null : difference;
}

/** Each field of a column is as when it was executed or described: the plan decides singly. */
function columnDifference(
  actual: readonly WireColumn[],
  executed: readonly WireColumn[],
  described: Expected["described"],
): string | null {
  const [is, should] = [actual, executed].map((columns) => JSON.stringify(columns));
  if (is === should) return null;
  const found = actual.flatMap((column, index) => {
    const now = executed[index];
    const before = described.map((columns) => columns[index % columns.length]);
    return Object.entries(column).flatMap(([name, value]) => {
      if ([now, ...before].some((known) => value === known?.[name])) return [];
      return [`${name} of column ${index + 1} is ${value}, not ${now?.[name]}`];
    });
  });
  if (found.length === 0 && actual.length === executed.length && described.length > 0) return null;
  return `the columns are ${is}, not ${should} (${found.join("; ")})`;
}

/**
 * Walks the groups of ties: groups that lie wholly within LIMIT and OFFSET must be there row for
 * row, of those at the ends any choice of the right size is legal.
 */
function illegal(
  rows: readonly Row[],
  { ranked, limit, offset, loosened }: Expected,
): string | null {
  const end = limit === null ? ranked.rows.length : Math.min(ranked.rows.length, offset + limit);
  const expectedCount = Math.max(0, end - offset);
  if (rows.length !== expectedCount) return `${rows.length} rows instead of ${expectedCount}`;
  let start = 0;
  while (start < ranked.rows.length) {
    const rank = ranked.rows[start]!.at(-1);
    let next = start;
    while (next < ranked.rows.length && ranked.rows[next]!.at(-1) === rank) next += 1;
    const group = ranked.rows.slice(start, next).map((row) => row.slice(0, -1));
    const mine = rows.slice(
      Math.max(0, Math.max(start, offset) - offset),
      Math.max(0, Math.min(next, end) - offset),
    );
    const surplus = surplusOf(mine, group, loosened);
    if (surplus !== null) {
      return `row ${shown(surplus)} does not belong among positions ${start + 1} to ${next}; there: ${group.slice(0, 8).map(shown).join(" ")}`;
    }
    start = next;
  }
  return null;
}

function multisetDifference(
  is: readonly Row[],
  should: readonly Row[],
  loosened: Loosened,
): string | null {
  const surplus = surplusOf(is, should, loosened);
  if (surplus !== null) return `row ${shown(surplus)} should not be there`;
  return is.length === should.length ? null : `${is.length} rows instead of ${should.length}`;
}

/** A row that occurs more often here than in `all`. */
function surplusOf(rows: readonly Row[], all: readonly Row[], loosened: Loosened): Row | null {
  const counts = new Map<string, number>();
  const keyOf = (row: Row): string =>
    JSON.stringify(
      loosened === null ? row : row.map((value) => (value === null ? null : loosened(value))),
    );
  for (const row of all) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  for (const row of rows) {
    const key = keyOf(row);
    const left = (counts.get(key) ?? 0) - 1;
    if (left < 0) return row;
    counts.set(key, left);
  }
  return null;
}

function brief(result: WireResult): string {
  return `${result.rows.length} rows (${result.rows.slice(0, 3).map(shown).join(" ")})`;
}

export function shown(row: Row): string {
  return `(${row.map((value) => (value === null ? "NULL" : JSON.stringify(value.slice(0, 60)))).join(", ")})`;
}
