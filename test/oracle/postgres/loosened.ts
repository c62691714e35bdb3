const NUMBER = /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i;

/** One text for numbers that are equal; intervals by their length. */
export function loosened(value: string): string {
  if (NUMBER.test(value)) {
    if (/^-0(\.0*)?$/.test(value)) return "0";
    return value.includes(".") && !/e/i.test(value) ? value.replace(/\.?0+$/, "") : value;
  }
  return /^(1 mon|30 days|P1M|P30D)$/.test(value)
    ? "30 days"
    : /^(1 day|24:00:00|P1D|PT24H)$/.test(value)
      ? "1 day"
      : value;
}
