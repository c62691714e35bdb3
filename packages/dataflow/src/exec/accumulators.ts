import {
  averageDecimal,
  comparatorOf,
  DECIMAL_INFINITY,
  DECIMAL_NAN,
  DECIMAL_NEGATIVE_INFINITY,
  decimalOf,
  groupKey,
  powerOfTen,
} from "@freshet/types";
import type { Decimal, SqlType, Value } from "@freshet/types";
import { Poisoned } from "../contract.ts";
import type { Aggregate } from "../plan/block.ts";
import { hasSpellings } from "../plan/one-form.ts";

type Known = NonNullable<Value>;
type Average = (sum: Decimal, count: number) => Value;

/** The running value of one aggregate over one group; removal undoes an earlier `add`. */
export interface Accumulator {
  add(value: Known): void;
  remove(value: Known): void;
  result(): Value;
}

/** `removable`: whether `remove` will be called; MIN and MAX need more memory then. */
export function accumulatorOf(aggregate: Aggregate, removable: boolean): Accumulator {
  const inner = plainAccumulator(aggregate, removable);
  const { call, arg } = aggregate;
  const matters = aggregate.distinct && arg !== null && call !== "min" && call !== "max";
  return matters ? new DistinctAccumulator(inner, arg.type) : inner;
}

function plainAccumulator(aggregate: Aggregate, removable: boolean): Accumulator {
  switch (aggregate.call) {
    case "count":
      return new Count();
    case "sum-int":
      return new IntegerSum("sum");
    case "avg-int":
      return new IntegerSum("avg", aggregate.average);
    case "sum-bigint":
      return new IntegerSum("numeric");
    case "sum-decimal":
      return new DecimalSum(null);
    case "avg-decimal":
      return new DecimalSum(aggregate.average ?? averageDecimal);
    case "only":
      return new OnlySpelling();
    case "min":
    case "max":
      if (hasSpellings(aggregate.type)) {
        return new SpelledExtremum(aggregate.type, aggregate.call === "max");
      }
      return removable
        ? new CountedExtremum(aggregate.arg!.type, aggregate.call === "max")
        : new Extremum(aggregate.arg!.type, aggregate.call === "max");
    case "bool-and":
      return new Truth(false);
    case "bool-or":
      return new Truth(true);
  }
}

class Count implements Accumulator {
  #count = 0;
  add(): void {
    this.#count += 1;
  }
  remove(): void {
    this.#count -= 1;
  }
  result(): Value {
    return BigInt(this.#count);
  }
}

/** Exact sums of 2-, 4- and 8-byte integers: a double while that is exact, then a BigInt. */
class IntegerSum implements Accumulator {
  readonly #form: "sum" | "avg" | "numeric";
  readonly #average: Average;
  #small = 0;
  #big = 0n;
  #count = 0;

  constructor(form: "sum" | "avg" | "numeric", average: Average = averageDecimal) {
    this.#form = form;
    this.#average = average;
  }

  add(value: Known): void {
    this.#count += 1;
    if (typeof value === "number") this.#shift(value);
    else this.#big += value as bigint;
  }

  remove(value: Known): void {
    this.#count -= 1;
    if (typeof value === "number") this.#shift(-value);
    else this.#big -= value as bigint;
  }

  #shift(value: number): void {
    this.#small += value;
    if (this.#small > 4503599627370496 || this.#small < -4503599627370496) {
      this.#big += BigInt(this.#small);
      this.#small = 0;
    }
  }

  result(): Value {
    if (this.#count === 0) return null;
    const sum = this.#big + BigInt(this.#small);
    if (this.#form === "avg") return this.#average(decimalOf(sum), this.#count);
    if (this.#form === "numeric") return decimalOf(sum);
    if (BigInt.asIntN(64, sum) !== sum) throw new Poisoned("bigint out of range");
    return sum;
  }
}

/** The display scale of a sum is the largest among the values present, so scales are counted. */
class DecimalSum implements Accumulator {
  readonly #average: Average | null;
  readonly #byScale = new Map<number, { count: number; sum: bigint }>();
  #count = 0;
  #nan = 0;
  #positive = 0;
  #negative = 0;

  constructor(average: Average | null) {
    this.#average = average;
  }

  add(value: Known): void {
    this.#change(value as Decimal, 1);
  }

  remove(value: Known): void {
    this.#change(value as Decimal, -1);
  }

  #change(value: Decimal, weight: 1 | -1): void {
    this.#count += weight;
    if (value.special === "NaN") this.#nan += weight;
    else if (value.special === "Infinity") this.#positive += weight;
    else if (value.special === "-Infinity") this.#negative += weight;
    else {
      let part = this.#byScale.get(value.scale);
      if (part === undefined) this.#byScale.set(value.scale, (part = { count: 0, sum: 0n }));
      part.count += weight;
      part.sum += weight === 1 ? value.unscaled : -value.unscaled;
      if (part.count === 0) this.#byScale.delete(value.scale);
    }
  }

  result(): Value {
    if (this.#count === 0) return null;
    const sum = this.#sum();
    return this.#average === null ? sum : this.#average(sum, this.#count);
  }

  #sum(): Decimal {
    if (this.#nan > 0 || (this.#positive > 0 && this.#negative > 0)) return DECIMAL_NAN;
    if (this.#positive > 0) return DECIMAL_INFINITY;
    if (this.#negative > 0) return DECIMAL_NEGATIVE_INFINITY;
    let scale = 0;
    for (const candidate of this.#byScale.keys()) if (candidate > scale) scale = candidate;
    let unscaled = 0n;
    for (const [partScale, part] of this.#byScale) {
      unscaled += part.sum * powerOfTen(scale - partScale);
    }
    return { unscaled, scale };
  }
}

class Extremum implements Accumulator {
  readonly #compare: (a: Known, b: Known) => number;
  readonly #sign: 1 | -1;
  #best: Value = null;

  constructor(type: SqlType, greatest: boolean) {
    this.#compare = comparatorOf(type);
    this.#sign = greatest ? 1 : -1;
  }

  add(value: Known): void {
    if (this.#best === null || this.#compare(value, this.#best) * this.#sign > 0)
      this.#best = value;
  }

  remove(): void {
    throw new TypeError("this accumulator only grows");
  }

  result(): Value {
    return this.#best;
  }
}

/** All values with their counts; the extremum is found again only after it has left. */
class CountedExtremum implements Accumulator {
  readonly #types: readonly SqlType[];
  readonly #compare: (a: Known, b: Known) => number;
  readonly #sign: 1 | -1;
  readonly #values = new Map<string, { readonly value: Known; count: number }>();
  #best: Value = null;
  #stale = false;

  constructor(type: SqlType, greatest: boolean) {
    this.#types = [type];
    this.#compare = comparatorOf(type);
    this.#sign = greatest ? 1 : -1;
  }

  add(value: Known): void {
    const key = groupKey(this.#types, [value]);
    const held = this.#values.get(key);
    if (held !== undefined) {
      held.count += 1;
      return;
    }
    this.#values.set(key, { value, count: 1 });
    if (!this.#stale && this.#beats(value)) this.#best = value;
  }

  remove(value: Known): void {
    const key = groupKey(this.#types, [value]);
    const held = this.#values.get(key);
    if (held === undefined) throw new RangeError("removal of a value that is not there");
    held.count -= 1;
    if (held.count > 0) return;
    this.#values.delete(key);
    if (this.#best !== null && this.#compare(value, this.#best) === 0) this.#stale = true;
  }

  #beats(value: Known): boolean {
    return this.#best === null || this.#compare(value, this.#best) * this.#sign > 0;
  }

  result(): Value {
    if (this.#stale) {
      this.#best = null;
      for (const { value } of this.#values.values()) if (this.#beats(value)) this.#best = value;
      this.#stale = false;
    }
    return this.#best;
  }
}

/** How often each spelling occurs, for values of which equal ones may be spelled otherwise. */
class Spellings {
  readonly #counts = new Map<Known, number>();

  add(value: Known): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  remove(value: Known): void {
    const count = this.#counts.get(value);
    if (count === undefined) throw new RangeError("removal of a value that is not there");
    if (count === 1) this.#counts.delete(value);
    else this.#counts.set(value, count - 1);
  }

  all(): Iterable<Known> {
    return this.#counts.keys();
  }

  get size(): number {
    return this.#counts.size;
  }
}

const OPEN = "equal texts of different spelling: which one is shown is left open";

/** The one spelling of a group's key. */
class OnlySpelling implements Accumulator {
  readonly #spellings = new Spellings();
  add(value: Known): void {
    this.#spellings.add(value);
  }
  remove(value: Known): void {
    this.#spellings.remove(value);
  }
  result(): Value {
    if (this.#spellings.size > 1) throw new Poisoned(OPEN);
    const [only] = this.#spellings.all();
    return only ?? null;
  }
}

/** MIN and MAX where several spellings may be the extremum. */
class SpelledExtremum implements Accumulator {
  readonly #spellings = new Spellings();
  readonly #compare: (a: Known, b: Known) => number;
  readonly #sign: 1 | -1;

  constructor(type: SqlType, greatest: boolean) {
    this.#compare = comparatorOf(type);
    this.#sign = greatest ? 1 : -1;
  }
  add(value: Known): void {
    this.#spellings.add(value);
  }
  remove(value: Known): void {
    this.#spellings.remove(value);
  }
  result(): Value {
    let best: Value = null;
    let tied = false;
    for (const value of this.#spellings.all()) {
      const order = best === null ? 1 : this.#compare(value, best) * this.#sign;
      if (order > 0) best = value;
      if (order >= 0) tied = order === 0;
    }
    if (tied) throw new Poisoned(OPEN);
    return best;
  }
}

class Truth implements Accumulator {
  /** The value that decides: true for OR, false for AND. */
  readonly #deciding: boolean;
  #count = 0;
  #decided = 0;

  constructor(deciding: boolean) {
    this.#deciding = deciding;
  }

  add(value: Known): void {
    this.#count += 1;
    if (value === this.#deciding) this.#decided += 1;
  }

  remove(value: Known): void {
    this.#count -= 1;
    if (value === this.#deciding) this.#decided -= 1;
  }

  result(): Value {
    if (this.#count === 0) return null;
    return this.#decided > 0 ? this.#deciding : !this.#deciding;
  }
}

class DistinctAccumulator implements Accumulator {
  readonly #inner: Accumulator;
  readonly #types: readonly SqlType[];
  readonly #counts = new Map<string, number>();

  constructor(inner: Accumulator, type: SqlType) {
    this.#inner = inner;
    this.#types = [type];
  }

  add(value: Known): void {
    const key = groupKey(this.#types, [value]);
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    if (count === 0) this.#inner.add(value);
  }

  remove(value: Known): void {
    const key = groupKey(this.#types, [value]);
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else {
      this.#counts.delete(key);
      this.#inner.remove(value);
    }
  }

  result(): Value {
    return this.#inner.result();
  }
}
