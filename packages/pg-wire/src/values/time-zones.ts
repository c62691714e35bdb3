/**
 * Offsets of time zones. Only what cannot differ from the server's own data is built in: UTC
 * under its names and fixed offsets. Rules of named zones depend on the server's edition of the tz
 * database (and on how it was built, before 1970), so they are learned from the server itself:
 * run `ZONE_TRANSITIONS_SQL` there, in that zone, and give the rows to `zoneFromTransitions`.
 */
export interface Zone {
  /** Seconds east of UTC at an instant in seconds since 1970, or null when not known. */
  offsetAt(epochSeconds: number): number | null;
  /** Printed by the DateStyles other than ISO; null when it varies or is not known. */
  readonly abbreviation: string | null;
}

export type ZoneLookup = (name: string) => Zone | null;

const UTC_ABBREVIATIONS: Readonly<Record<string, string>> = {
  utc: "UTC",
  "etc/utc": "UTC",
  uct: "UTC",
  "etc/uct": "UTC",
  universal: "UTC",
  "etc/universal": "UTC",
  zulu: "UTC",
  "etc/zulu": "UTC",
  gmt: "GMT",
  "etc/gmt": "GMT",
  "etc/gmt0": "GMT",
  "etc/gmt+0": "GMT",
  "etc/gmt-0": "GMT",
  "etc/greenwich": "GMT",
};

class FixedZone implements Zone {
  readonly abbreviation: string | null;
  readonly #offset: number;

  constructor(offset: number, abbreviation: string | null) {
    this.#offset = offset;
    this.abbreviation = abbreviation;
  }

  offsetAt(): number {
    return this.#offset;
  }
}

const fixedZones = new Map<string, Zone>();

/** UTC, or a fixed offset: `Etc/GMT-3`, and `<+03>-03` as SET TIME ZONE 3 reports it. */
export function fixedZone(name: string): Zone | null {
  const known = fixedZones.get(name);
  if (known !== undefined) return known;
  const zone = buildFixedZone(name);
  if (zone !== null && fixedZones.size < 1000) fixedZones.set(name, zone);
  return zone;
}

const POSIX = /^<([+-]\d\d(?::\d\d(?::\d\d)?)?)>([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/;

function buildFixedZone(name: string): Zone | null {
  const lower = name.toLowerCase();
  const abbreviation = UTC_ABBREVIATIONS[lower];
  if (abbreviation !== undefined) return new FixedZone(0, abbreviation);
  const etc = /^etc\/gmt([+-])(\d\d?)$/.exec(lower);
  if (etc !== null) {
    const hours = Number(etc[2]);
    // POSIX signs: west is positive.
    const east = etc[1] === "-";
    if (String(hours) !== etc[2] || hours > (east ? 14 : 12)) return null;
    return new FixedZone((east ? hours : -hours) * 3600, null);
  }
  const posix = POSIX.exec(name);
  if (posix === null) return null;
  const [, , sign, hours, minutes = "0", seconds = "0"] = posix;
  const west = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return new FixedZone(sign === "-" ? west : -west, null);
}

/** Whether values print in this zone as they do in UTC with ISO dates. */
export function isUtc(name: string): boolean {
  return UTC_ABBREVIATIONS[name.toLowerCase()] !== undefined;
}

/** Where `ZONE_TRANSITIONS_SQL` ends, in seconds since 1970: 2200-01-01. */
const KNOWN_UNTIL = 7_258_118_400;

/**
 * One row (epoch seconds, seconds east of UTC) per change of offset of the session's TimeZone,
 * ascending; the first row holds the offset before all others. Finds the days whose ends
 * differ, then the hour, minute and second. About 150,000 evaluations. It asks the session's zone
 * because `AT TIME ZONE` reads some names (CET, MST) as abbreviations with one fixed offset.
 */
export const ZONE_TRANSITIONS_SQL = `WITH day AS MATERIALIZED (
  SELECT e, extract(timezone FROM to_timestamp(e))::int4 AS o
  FROM generate_series(-5364662400::int8, ${KNOWN_UNTIL}::int8, 86400) AS e
), change AS (
  SELECT p AS e, po AS o FROM (SELECT e, o, lag(e) OVER (ORDER BY e) AS p, lag(o) OVER (ORDER BY e) AS po FROM day) d
  WHERE o <> po
), hour AS (
  SELECT o, (SELECT max(s) FROM generate_series(e, e + 82800, 3600) AS s
    WHERE extract(timezone FROM to_timestamp(s)) = o) AS e FROM change
), minute AS (
  SELECT o, (SELECT max(s) FROM generate_series(e, e + 3540, 60) AS s
    WHERE extract(timezone FROM to_timestamp(s)) = o) AS e FROM hour
), second AS (
  SELECT 1 + (SELECT max(s) FROM generate_series(e, e + 59) AS s
    WHERE extract(timezone FROM to_timestamp(s)) = o) AS e FROM minute
)
SELECT e, o FROM (SELECT * FROM day ORDER BY e LIMIT 1) AS first
UNION ALL
SELECT e, extract(timezone FROM to_timestamp(e))::int4 FROM second
ORDER BY 1`;

class LearnedZone implements Zone {
  readonly abbreviation = null;
  readonly #starts: readonly number[];
  readonly #offsets: readonly number[];

  constructor(transitions: readonly (readonly [epochSeconds: number, offset: number])[]) {
    this.#starts = transitions.map(([start]) => start);
    this.#offsets = transitions.map(([, offset]) => offset);
  }

  offsetAt(epochSeconds: number): number | null {
    if (epochSeconds >= KNOWN_UNTIL || this.#starts.length === 0) return null;
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= epochSeconds) low = middle;
      else high = middle - 1;
    }
    // Before the first row local mean time holds, as in the first row.
    return this.#offsets[low]!;
  }
}

/** A zone from the rows of `ZONE_TRANSITIONS_SQL`. Instants from 2200 on stay unknown. */
export function zoneFromTransitions(
  transitions: readonly (readonly [epochSeconds: number, offset: number])[],
): Zone {
  return new LearnedZone(transitions);
}
