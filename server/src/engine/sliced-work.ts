/**
 * Work that must not keep others waiting: past a budget of time within one turn of the event
 * loop the rest waits, in order, for the next turns.
 */
export class SlicedWork {
  readonly #budgetMs: number;
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  #spentMs = 0;
  #scheduled = false;

  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** `work` must not throw. */
  do(work: () => void): void {
    if (this.#next === this.#waiting.length && this.#spentMs < this.#budgetMs) this.#run(work);
    else this.#waiting.push(work);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#spentMs = 0;
    this.#scheduled = false;
    while (this.#next < this.#waiting.length && this.#spentMs < this.#budgetMs) {
      const work = this.#waiting[this.#next]!;
      this.#next += 1;
      this.#run(work);
    }
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#next = 0;
      return;
    }
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #run(work: () => void): void {
    const startedMs = performance.now();
    work();
    this.#spentMs += performance.now() - startedMs;
  }
}
