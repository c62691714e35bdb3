/** Dates and times in the one form that every setting of the upstream reads alike. */

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function daysOf(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && leap ? 29 : DAYS[month - 1]!;
}

/** `YYYY-MM-DD` of a real day; null for anything else. */
export function civilDateOf(text: string): number | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return null;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  if (year === 0 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return null;
  return year * 512 + month * 32 + day;
}

/** The digits after the point as microseconds; null when there are more than the type has. */
function microsOf(fraction: string | undefined, digits: number): number | null {
  if (fraction === undefined) return 0;
  return fraction.length > Math.max(digits, 0) ? null : Number(fraction.padEnd(6, "0"));
}

/** `YYYY-MM-DD[ hh:mm:ss[.f]]` with at most as many digits as the type, packed. */
export function civilDatetimeOf(text: string, digits: number): bigint | null {
  const match = /^(\d{4}-\d\d-\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/.exec(text);
  if (match === null) return null;
  const date = civilDateOf(match[1]!);
  const [hour, minute, second] = [match[2], match[3], match[4]].map((part) => Number(part ?? 0));
  const micros = microsOf(match[5], digits);
  if (date === null || micros === null || hour! > 23 || minute! > 59 || second! > 59) return null;
  const days = (((date >> 9) * 13 + ((date >> 5) & 15)) << 5) | (date & 31);
  const time = (hour! << 12) | (minute! << 6) | second!;
  return (((BigInt(days) << 17n) | BigInt(time)) << 24n) | BigInt(micros);
}

/** `[-]hh[h]:mm:ss[.f]` up to 838:59:59, in microseconds. */
export function timeOf(text: string, digits: number): number | null {
  const match = /^(-?)(\d{2,3}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null) return null;
  const micros = microsOf(match[5], digits);
  const hour = Number(match[2]);
  if (micros === null || hour > 838) return null;
  const seconds = hour * 3600 + Number(match[3]) * 60 + Number(match[4]);
  const value = seconds * 1_000_000 + micros;
  return match[1] === "-" && value !== 0 ? -value : value;
}
