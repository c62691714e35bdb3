/** What of a session's settings changes how values are printed. */
export interface RenderingSettings {
  /** Offset of the session's time_zone from UTC; named zones have none and are not rendered. */
  readonly timeZoneOffsetSeconds: number;
}

/** `+05:30`, `-08:00`, `UTC` (any case) in seconds; null when it is not a fixed offset. */
export function parseTimeZoneOffset(zone: string): number | null {
  if (/^utc$/i.test(zone)) return 0;
  const match = /^([+-])(\d{1,2}):(\d\d)$/.exec(zone);
  if (match === null) return null;
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60;
  return match[1] === "-" ? 0 - seconds : seconds;
}
