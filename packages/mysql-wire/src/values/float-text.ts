/**
 * Texts of FLOAT and DOUBLE as the servers print them (`my_gcvt` and `my_fcvt`): the shortest
 * digits that read back as the value, at most six for FLOAT, ties to even.
 */

/** The servers' FLT_DIG. */
const FLOAT_DIGITS = 6;
/** Decimal points further right or left than this are written with an exponent. */
const MAX_FIXED_POINT = 15;
const MIN_FIXED_POINT = -14;
/** What follows a digit that is cut off decides a tie; a dyadic tie shows within so many. */
const TIE_DIGITS = 40;

interface Digits {
  readonly negative: boolean;
  /** Without leading and trailing zeros; "0" for zero. */
  readonly digits: string;
  /** Place of the decimal point: value = 0.digits * 10^point. */
  readonly point: number;
}

function decompose(text: string): Digits {
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) throw new RangeError(`not a number: ${text}`);
  const [, sign, whole, fraction = "", exponent] = match;
  const digits = `${whole}${fraction}`.replace(/0+$/, "");
  if (digits === "") return { negative: sign === "-", digits: "0", point: 1 };
  return { negative: sign === "-", digits, point: Number(exponent) + 1 };
}

function signed(negative: boolean, text: string): string {
  return negative ? `-${text}` : text;
}

function general({ negative, digits, point }: Digits): string {
  if (point < MIN_FIXED_POINT || point > MAX_FIXED_POINT) {
    const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
    return signed(negative, `${mantissa}e${point - 1}`);
  }
  if (point <= 0) return signed(negative, `0.${"0".repeat(-point)}${digits}`);
  if (point >= digits.length) return signed(negative, digits.padEnd(point, "0"));
  return signed(negative, `${digits.slice(0, point)}.${digits.slice(point)}`);
}

/** A DOUBLE without a number of decimals. */
export function printDouble(value: number): string {
  const text = general(decompose(value.toExponential()));
  return Object.is(value, -0) ? `-${text}` : text;
}

/** A FLOAT without a number of decimals; `value` is a single-precision number. */
export function printFloat(value: number): string {
  const text = general(decompose(sixDigits(value)));
  return Object.is(value, -0) ? `-${text}` : text;
}

function sixDigits(value: number): string {
  const shortest = value.toExponential();
  if (decompose(shortest).digits.length <= FLOAT_DIGITS) return shortest;
  const rounded = value.toExponential(FLOAT_DIGITS - 1);
  const exact = value.toExponential(FLOAT_DIGITS - 1 + TIE_DIGITS);
  const kept = exact.indexOf(".") + FLOAT_DIGITS;
  if (!/^50*e/.test(exact.slice(kept))) return rounded;
  // A tie, which JavaScript rounds up: to even is down when the last digit kept is even.
  const isEven = Number(exact[kept - 1]) % 2 === 0;
  return isEven ? exact.slice(0, kept) + exact.slice(exact.indexOf("e")) : rounded;
}

/** FLOAT(M,D) or DOUBLE(M,D): always `decimals` digits after the point. */
export function printFixed(value: number, decimals: number): string {
  const { negative, digits, point } = decompose(value.toExponential());
  const isNegative = negative || Object.is(value, -0);
  if (digits.length - point <= decimals) {
    const whole = point <= 0 ? "0" : digits.slice(0, point).padEnd(point, "0");
    const fraction = point <= 0 ? "0".repeat(-point) + digits : digits.slice(point);
    const places = value === 0 ? "" : fraction;
    const text = decimals === 0 ? whole : `${whole}.${places.padEnd(decimals, "0")}`;
    return signed(isNegative, text);
  }
  const rounded = value.toFixed(decimals);
  const exact = value.toFixed(Math.min(100, decimals + TIE_DIGITS));
  const kept = exact.indexOf(".") + decimals + 1;
  if (!/^50*$/.test(exact.slice(kept))) return rounded;
  const down = exact.slice(0, decimals === 0 ? kept - 1 : kept);
  return Number(down.at(-1)) % 2 === 0 ? down : rounded;
}
