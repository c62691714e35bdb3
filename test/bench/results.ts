/** One thing measured over one way to the database. */
export interface Measurement {
  readonly scenario: string;
  /** What was sent, e.g. `prepared`. Ratios compare arms of the same scenario and variant. */
  readonly variant: string;
  /** The way to the database: `direct`, `null`, `pgbouncer`, `freshet`, … */
  readonly arm: string;
  readonly unit: "1/s" | "ms" | "s" | "rows/s" | "MB";
  /** One a round, in order. */
  readonly values: readonly number[];
  readonly note: string;
}

export interface Row extends Measurement {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Over the arm `direct`, over `null` and over the better of PgBouncer's. */
  readonly toDirect: number | null;
  readonly toNull: number | null;
  readonly toPgBouncer: number | null;
}

export interface Target {
  readonly name: string;
  readonly wanted: string;
  readonly measured: number | null;
  readonly met: boolean | null;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By linear interpolation; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export function rowsOf(measurements: readonly Measurement[]): Row[] {
  return measurements.map((one) => {
    const peers = measurements.filter(
      (other) => other.scenario === one.scenario && other.variant === one.variant,
    );
    const own = median(one.values);
    const to = (arm: string): number | null => {
      const bases = peers.filter((peer) => peer.arm.startsWith(arm) && peer.unit === one.unit);
      if (bases.length === 0) return null;
      return Math.min(...bases.map((base) => ratioOf(one.values, base.values)));
    };
    return {
      ...one,
      median: own,
      min: Math.min(...one.values),
      max: Math.max(...one.values),
      toDirect: to("direct"),
      toNull: to("null"),
      toPgBouncer: to("pgbouncer"),
    };
  });
}

/** The rounds' ratios' median: a disturbance of the machine is in both sides of its round. */
function ratioOf(values: readonly number[], base: readonly number[]): number {
  if (values.length !== base.length) return median(values) / median(base);
  return median(values.map((value, round) => value / (base[round] ?? NaN)));
}

/** The goals of the product; they are reported, not asserted: machines differ. */
export function targetsOf(rows: readonly Row[]): Target[] {
  const find = (scenario: string, variant: string, arm: string): Row | undefined =>
    rows.find((row) => {
      return row.scenario === scenario && row.variant === variant && row.arm === arm;
    });
  const atLeast = (name: string, wanted: number, measured: number | null | undefined): Target => ({
    name,
    wanted: `>= ${wanted.toLocaleString("en")}`,
    measured: measured ?? null,
    met: measured === null || measured === undefined ? null : measured >= wanted,
  });
  const visible = find("visible", "p99 from acknowledgement", "freshet")?.median ?? null;
  return [
    atLeast("prepared point hit / direct", 2, find("point", "prepared", "freshet hit")?.toDirect),
    atLeast("prepared point hit / null", 0.8, find("point", "prepared", "freshet hit")?.toNull),
    atLeast("film hit / direct", 100, find("film", "prepared", "freshet hit")?.toDirect),
    ...["simple", "extended", "prepared"].map((mode) =>
      atLeast(`${mode} forward / PgBouncer`, 0.8, find("forward", mode, "freshet")?.toPgBouncer),
    ),
    {
      name: "write to visible p99, ms",
      wanted: "< 20",
      measured: visible,
      met: visible === null ? null : visible < 20,
    },
    atLeast("copy, rows/s", 100_000, find("snapshot", "narrow table", "freshet")?.median),
  ];
}

export function renderRows(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.scenario,
    row.variant,
    row.arm,
    `${format(row.median)} ${row.unit}`,
    row.values.length < 2 ? "" : `${format(row.min)}–${format(row.max)}`,
    ratio(row.toDirect),
    ratio(row.toNull),
    ratio(row.toPgBouncer),
    row.note,
  ]);
  const head = ["scenario", "variant", "arm", "median", "min–max"];
  return align([[...head, "/direct", "/null", "/pgbouncer", "note"], ...cells], 3, 8);
}

export function renderTargets(targets: readonly Target[]): string {
  const cells = targets.map((target) => [
    target.name,
    target.wanted,
    target.measured === null ? "not measured" : format(target.measured),
    target.met === null ? "" : target.met ? "met" : "missed",
  ]);
  return align([["target", "wanted", "measured", ""], ...cells], 1, 3);
}

function ratio(value: number | null): string {
  return value === null ? "" : value.toFixed(2);
}

function format(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** Columns from `first` up to before `last` are numbers and stand to the right. */
function align(lines: readonly (readonly string[])[], first: number, last: number): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  const text = lines.map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column >= first && column < last ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [text[0] ?? "", rule, ...text.slice(1)].join("\n");
}
