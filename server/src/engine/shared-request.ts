/**
 * One request at a time for many who ask. An answer is given only to those who asked before it was
 * begun, since it must tell of everything before they asked: who comes meanwhile shares the next.
 */
export class SharedRequest<Answer> {
  readonly #request: () => Promise<Answer>;
  #running: Promise<unknown> | null = null;
  #next: Promise<Answer> | null = null;

  constructor(request: () => Promise<Answer>) {
    this.#request = request;
  }

  /** An answer of a request that begins after this call. Rejects as the request does. */
  next(): Promise<Answer> {
    if (this.#running === null) return this.#begin();
    this.#next ??= this.#running.then(() => this.#begin());
    return this.#next;
  }

  #begin(): Promise<Answer> {
    this.#next = null;
    const answer = this.#request();
    const ended = answer.then(
      () => undefined,
      () => undefined,
    );
    const running: Promise<unknown> = ended.then(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return answer;
  }
}
