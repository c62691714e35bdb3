/** Decimal exponents between which the server prints a double without `e` (`my_gcvt`). */
const SMALLEST_PLAIN = -14;
const LARGEST_PLAIN = 15;

/** A finite double as MySQL prints it: the shortest digits that read back as the same number. */
export function printDouble(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa, exponent] = Math.abs(value).toExponential().split("e") as [string, string];
  const digits = mantissa.replace(".", "");
  /** Place of the point: 0.DIGITS * 10^point. */
  const point = Number(exponent) + 1;
  const sign = value < 0 ? "-" : "";
  if (point < SMALLEST_PLAIN || (point > LARGEST_PLAIN && digits.length <= point)) {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits.slice(0, 1)}${rest}e${point - 1}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (digits.length <= point) return `${sign}${digits}${"0".repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
