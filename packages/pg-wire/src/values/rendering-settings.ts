/** The session settings that change how values print, as the server reports them. */
export interface RenderingSettings {
  /** TimeZone, e.g. `Europe/Berlin`, `<+03>-03`. */
  readonly timeZone: string;
  /** DateStyle, e.g. `ISO, MDY`. */
  readonly dateStyle: string;
  /** IntervalStyle: postgres, postgres_verbose, sql_standard or iso_8601. */
  readonly intervalStyle: string;
  /** extra_float_digits, -15 to 3. */
  readonly extraFloatDigits: number;
  /** bytea_output: hex or escape. */
  readonly byteaOutput: string;
}

export const CANONICAL_SETTINGS: RenderingSettings = {
  timeZone: "UTC",
  dateStyle: "ISO, MDY",
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
};

export interface DateStyle {
  readonly format: "ISO" | "SQL" | "Postgres" | "German";
  /** Day before month in the formats that have a choice. */
  readonly dayFirst: boolean;
}

/** Returns null for a report that is not understood. */
export function parseDateStyle(report: string): DateStyle | null {
  const [format, order, ...rest] = report.split(",").map((part) => part.trim());
  if (rest.length > 0 || (order !== "MDY" && order !== "DMY" && order !== "YMD")) return null;
  if (format !== "ISO" && format !== "SQL" && format !== "Postgres" && format !== "German") {
    return null;
  }
  return { format, dayFirst: order === "DMY" };
}
