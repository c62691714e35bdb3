import type { RequestId } from "@freshet/rpc";

/**
 * Requests of one kind waiting for the server's answer. When the link ends, all get the answer
 * `lost` gives, so nobody waits for ever.
 */
export class PendingRequests<Answer> {
  readonly #waiting = new Map<RequestId, (answer: Answer) => void>();
  readonly #lost: () => Answer;

  constructor(lost: () => Answer) {
    this.#lost = lost;
  }

  get size(): number {
    return this.#waiting.size;
  }

  wait(request: RequestId): Promise<Answer> {
    return new Promise((resolve) => this.#waiting.set(request, resolve));
  }

  answer(request: RequestId, answer: Answer): void {
    const resolve = this.#waiting.get(request);
    this.#waiting.delete(request);
    resolve?.(answer);
  }

  lose(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const resolve of waiting) resolve(this.#lost());
  }
}
