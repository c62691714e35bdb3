import { SeededRandom } from "@freshet/util";

/** What the film generator draws from. */
export class Random extends SeededRandom {
  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  /** About normally distributed around 0 with deviation 1. */
  normal(): number {
    return (this.next() + this.next() + this.next() - 1.5) * 2;
  }
}
