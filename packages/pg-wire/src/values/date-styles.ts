import { civilFromDays, isoDateParts, printTime, splitTimestamp, two } from "@freshet/types";
import type { DateStyle } from "./rendering-settings.ts";

/** Dates and timestamps in any DateStyle: EncodeDateOnly and EncodeDateTime of datetime.c. */

const DAY_NAMES = ["Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"];
const MONTH_NAMES = [
  ...["Jan", "Feb", "Mar", "Apr", "May", "Jun"],
  ...["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
];

interface DateText {
  readonly date: string;
  readonly era: string;
}

function dateText(days: number, style: DateStyle): DateText {
  if (style.format === "ISO") return isoDateParts(days);
  const { year, month, day } = civilFromDays(days);
  const shown = String(year > 0 ? year : 1 - year).padStart(4, "0");
  const era = year > 0 ? "" : " BC";
  if (style.format === "German") return { date: `${two(day)}.${two(month)}.${shown}`, era };
  const mark = style.format === "SQL" ? "/" : "-";
  const [first, second] = style.dayFirst ? [day, month] : [month, day];
  return { date: `${two(first)}${mark}${two(second)}${mark}${shown}`, era };
}

/** Finite dates only. */
export function printStyledDate(days: number, style: DateStyle): string {
  const { date, era } = dateText(days, style);
  return date + era;
}

/** A finite timestamp; `zone` is printed after the time (`+02`, ` UTC`), or empty. */
export function printStyledTimestamp(micros: bigint, style: DateStyle, zone: string): string {
  const { days, time } = splitTimestamp(micros);
  if (style.format !== "Postgres") {
    const { date, era } = dateText(days, style);
    return `${date} ${printTime(time)}${zone}${era}`;
  }
  const { year, month, day } = civilFromDays(days);
  // 2000-01-01 was a Saturday.
  const weekday = DAY_NAMES[((days % 7) + 7) % 7]!;
  const monthName = MONTH_NAMES[month - 1]!;
  const monthDay = style.dayFirst ? `${two(day)} ${monthName}` : `${monthName} ${two(day)}`;
  const shown = String(year > 0 ? year : 1 - year).padStart(4, "0");
  return `${weekday} ${monthDay} ${printTime(time)} ${shown}${zone}${year > 0 ? "" : " BC"}`;
}

/** `+02`, `-04:56:02`: seconds east of UTC as EncodeTimezone prints them. */
export function printZoneOffset(offset: number): string {
  const seconds = Math.abs(offset);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = seconds % 60;
  let text = `${offset < 0 ? "-" : "+"}${two(Math.floor(seconds / 3600))}`;
  if (rest !== 0) text += `:${two(minutes)}:${two(rest)}`;
  else if (minutes !== 0) text += `:${two(minutes)}`;
  return text;
}
