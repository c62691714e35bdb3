import {
  type SqlType,
  TIMESTAMP_NEGATIVE_INFINITY,
  type Decimal,
  type Value,
} from "@freshet/types";

const pad = (value: number | bigint, width: number): string => String(value).padStart(width, "0");

/** What the server prints for the value, by the representation's definition alone. */
export function printValue(type: SqlType, value: Exclude<Value, null>): string {
  const fraction = (micros: number | bigint): string =>
    type.modifier > 0 ? `.${pad(micros, 6).slice(0, type.modifier)}` : "";
  switch (type.kind) {
    case "decimal": {
      const { unscaled, scale } = value as Decimal;
      const digits = pad(unscaled < 0n ? -unscaled : unscaled, scale + 1);
      const whole = digits.slice(0, digits.length - scale);
      const sign = unscaled < 0n ? "-" : "";
      return scale === 0 ? sign + digits : `${sign}${whole}.${digits.slice(-scale)}`;
    }
    case "civildate": {
      const days = value as number;
      return `${pad(days >> 9, 4)}-${pad((days >> 5) & 15, 2)}-${pad(days & 31, 2)}`;
    }
    case "civildatetime": {
      const packed = value as bigint;
      const month = packed >> 46n;
      const date = [pad(month / 13n, 4), pad(month % 13n, 2), pad((packed >> 41n) & 31n, 2)];
      const clock = [36n, 30n, 24n].map((shift, index) =>
        pad((packed >> shift) & (index === 0 ? 31n : 63n), 2),
      );
      return `${date.join("-")} ${clock.join(":")}${fraction(packed & 0xffffffn)}`;
    }
    case "timestamptz": {
      const micros = value as bigint;
      if (micros === TIMESTAMP_NEGATIVE_INFINITY) return `0000-00-00 00:00:00${fraction(0)}`;
      const whole = micros + 946_684_800_000_000n;
      const iso = new Date(Number(whole / 1_000_000n) * 1000).toISOString();
      return `${iso.slice(0, 19).replace("T", " ")}${fraction(whole % 1_000_000n)}`;
    }
    case "time": {
      const size = Math.abs(value as number);
      const seconds = Math.floor(size / 1_000_000);
      const sign = (value as number) < 0 ? "-" : "";
      const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
      return `${sign}${clock.map((part) => pad(part, 2)).join(":")}${fraction(size % 1_000_000)}`;
    }
    default:
      return type.name === "year" ? pad(value as number, 4) : String(value as string);
  }
}
