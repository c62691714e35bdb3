/**
 * What changes a text's meaning or an answer's bytes; read by one hidden text query, which
 * touches no table and so neither begins a transaction nor takes a snapshot. It goes out only
 * ahead of a read, which sets the diagnostics that the probe disturbs.
 */
export interface HiddenSettings {
  /** `DATABASE()`, "" when none. Byte string. */
  readonly database: string;
  /** `CURRENT_USER()`: the account. Byte string. */
  readonly account: string;
  /** Words of `sql_mode`. */
  readonly modes: ReadonlySet<string>;
  readonly characterSets: readonly [client: string, connection: string, results: string];
  readonly timeZone: string;
  readonly systemTimeZone: string;
  /** Upper case, with dashes: `READ-COMMITTED`. */
  readonly isolation: string;
  /** Variables that must have the values the engine computes with, and have not. */
  readonly unusual: readonly string[];
  /** Collation id that this session's results carry for text columns. */
  readonly resultCharset: number;
}

const UINT64_MAX = "18446744073709551615";

/** Values under which a read means what the engine computes. */
interface Expected {
  readonly variable: string;
  readonly accepts: (value: string | null) => boolean;
}

const is = (variable: string, ...values: readonly string[]): Expected => ({
  variable,
  accepts: (value) => value !== null && values.includes(value),
});

const EXPECTED: readonly Expected[] = [
  is("sql_select_limit", UINT64_MAX),
  is("div_precision_increment", "4"),
  is("group_concat_max_len", "1024", "1048576"),
  is("default_week_format", "0"),
  is("lc_time_names", "en_US"),
  is("sql_auto_is_null", "0"),
  is("sql_big_selects", "1"),
  is("max_sort_length", "1024"),
];

const FIXED = [
  "DATABASE()",
  "CURRENT_USER()",
  "@@session.sql_mode",
  "@@session.character_set_client",
  "@@session.character_set_connection",
  "@@session.character_set_results",
  "@@session.time_zone",
  "@@global.system_time_zone",
] as const;

/** The probe of one flavour; MariaDB before 11.1 has only the old name of the isolation level. */
export function probeText(isMariadb: boolean): string {
  const isolation = isMariadb ? "@@session.tx_isolation" : "@@session.transaction_isolation";
  const expected = EXPECTED.map(({ variable }) => `@@session.${variable}`);
  return `SELECT ${[...FIXED, isolation, ...expected].join(", ")}`;
}

/** A hidden query's one row, and the collation id of its first column. */
export interface ProbeReply {
  readonly row: readonly (string | null)[] | null;
  readonly charset: number;
}

export const PROBE_COLUMNS = FIXED.length + 1 + EXPECTED.length;

/** Null when it is not what we asked for. */
export function parseProbe({ row, charset }: ProbeReply): HiddenSettings | null {
  if (row?.length !== PROBE_COLUMNS) return null;
  const text = (index: number) => row[index] ?? "";
  const account = row[1];
  if (account === null || account === undefined) return null;
  const unusual = EXPECTED.filter(
    ({ accepts }, index) => !accepts(row[FIXED.length + 1 + index] ?? null),
  );
  return {
    database: text(0),
    account,
    modes: new Set(text(2).toUpperCase().split(",")),
    characterSets: [text(3), text(4), text(5)],
    timeZone: text(6),
    systemTimeZone: text(7),
    isolation: text(8).toUpperCase(),
    unusual: unusual.map(({ variable }) => variable),
    resultCharset: charset,
  };
}

/** Counters of this session that show what it, or what it called, made and locked. */
const TRACES: ReadonlySet<string> = new Set([
  ...["com_create_table", "com_create_temporary_table", "com_create_sequence"],
  ...["com_lock_tables", "com_flush"],
]);
const NAMED = [...TRACES, "questions"].map((name) => `'${name}'`).join(", ");

/** Needs no privilege. */
export const TRACES_TEXT = `SHOW SESSION STATUS WHERE Variable_name IN (${NAMED})`;
export const TRACES_COLUMNS = 2;

/**
 * True when the session has made and locked no table but by what its client did itself. Fewer questions than the `queries`
 * it was asked mean that the counters were flushed.
 */
export function hasNoTraces(
  rows: readonly (readonly (string | null)[])[],
  queries: number,
  own: ReadonlyMap<string, number>,
): boolean {
  let questions = 0;
  let traced = 0;
  for (const [name = "", value = ""] of rows) {
    const counter = (name ?? "").toLowerCase();
    if (counter === "questions") questions = Number(value);
    if (!TRACES.has(counter)) continue;
    traced += 1;
    if (Number(value) > (own.get(counter) ?? 0)) return false;
  }
  return traced > 0 && questions >= queries;
}
