import { UnitScratch } from "./unit-scratch.ts";

/**
 * PAD SPACE: texts compare as if all went on with spaces for ever, so a text that ends lies
 * between those that go on with less than a space and those that go on with more. In a key that
 * is compared by unit the end therefore has a unit of its own, and so has a space according to
 * what comes after its run of spaces:
 *
 *     0 w     a weight w below that of a space
 *     1       a space of a run that something below a space follows
 *     2       the end; spaces before it are left out
 *     weight  a space of a run that something above a space follows
 *     w       a weight above that of a space
 */
const BELOW = 0;
const SPACE_THEN_BELOW = 1;
export const PAD_SPACE_END = 2;
const END = PAD_SPACE_END;

const padded = new UnitScratch();

/** Turns the weights in `weights` into such a key; `space` is the weight of a space, above 2. */
export function padSpaceKey(weights: UnitScratch, space: number): string {
  const { units } = weights;
  let { length } = weights;
  while (length > 0 && units[length - 1] === space) length--;
  weights.length = length;
  for (let at = 0; at < length; at++) {
    if ((units[at] as number) < space) return keyWithLowWeights(weights, space);
  }
  weights.append(END);
  return weights.text();
}

function keyWithLowWeights(weights: UnitScratch, space: number): string {
  const { units, length } = weights;
  padded.length = 0;
  padded.reserve(2 * length + 1);
  const out = padded.units;
  let to = 0;
  let at = 0;
  while (at < length) {
    const unit = units[at] as number;
    if (unit === space) {
      let end = at + 1;
      while (units[end] === space) end++;
      const mark = (units[end] as number) < space ? SPACE_THEN_BELOW : space;
      while (at < end) {
        out[to++] = mark;
        at++;
      }
      continue;
    }
    if (unit < space) out[to++] = BELOW;
    out[to++] = unit;
    at++;
  }
  out[to++] = END;
  padded.length = to;
  return padded.text();
}
