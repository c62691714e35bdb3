/** A client that pauses for so long after a transaction is told in the pause. */
const PAUSE_MS = 200;
/** So long clients between transactions are served on, but for no more than this part of the limit. */
const SERVED_MS = 2_000;
const SERVED_SHARE = 4;

/** What a session says of itself, and does, while its adapter ends. */
export interface Drainable {
  readonly closed: boolean;
  /** No transaction, nothing outstanding, nothing half sent in either direction. */
  readonly quiet: boolean;
  /** The upstream may do for good something whose answer has not come yet. */
  readonly outcomeDue: boolean;
  /** The client has all of the message that was sent to it last. */
  readonly betweenMessages: boolean;
  /** Tells the client that the adapter ends, and ends the session; its transaction is undone. */
  dismiss(): void;
  /** Asks the upstream to give up what it does for this client. */
  interrupt(): void;
  /** Ends the session so that the client cannot take its last statement for undone. */
  abandon(): void;
}

export interface SessionDrainLimits {
  /** After the drain's limit, the answer to what may be committed is waited for. */
  readonly lastAnswerMs: number;
  /** The answer to what was then interrupted. */
  readonly interruptedMs: number;
}

/**
 * One session's part in a drain. Every statement is either carried out and answered, or told to
 * be refused without having been sent on; a transaction is either ended by its client or undone.
 * A statement that crosses the word that tells its client is refused by it, so a client is told
 * when it is not expected to send one: shortly after its last transaction, or when it has sent
 * nothing for long. One that never pauses is told with a statement. What is said is the dialect's.
 */
export class SessionDrain {
  readonly #session: Drainable;
  readonly #limits: SessionDrainLimits;
  #stage: "serving" | "draining" | "refusing" | "cutting" = "serving";
  #looking = false;
  #timer: NodeJS.Timeout | null = null;
  #served: NodeJS.Timeout | null = null;

  constructor(session: Drainable, limits: SessionDrainLimits) {
    this.#session = session;
    this.#limits = limits;
  }

  /** The session ends at its next opportunity. */
  get active(): boolean {
    return this.#stage !== "serving";
  }

  /** No statement may begin between transactions any more. */
  get refusing(): boolean {
    return this.#stage === "refusing" || this.#stage === "cutting";
  }

  /** The limit is reached. */
  get cutting(): boolean {
    return this.#stage === "cutting";
  }

  /** The session ends when its client is between transactions, at the latest after `limitMs`. */
  begin(limitMs: number): void {
    if (this.#stage !== "serving") return;
    this.#stage = "draining";
    this.#served = setTimeout(
      () => this.#refuse(),
      Math.min(SERVED_MS, limitMs / SERVED_SHARE),
    ).unref();
  }

  /** Something has ended: this may be the moment. To be called whenever `active`. */
  check(): void {
    if (this.#stage === "serving" || this.#looking) return;
    this.#looking = true;
    // After this turn: what was received with the end of the last statement has been looked at.
    setImmediate(() => {
      this.#looking = false;
      this.#look();
    });
  }

  #look(): void {
    const session = this.#session;
    if (session.closed) return this.#stopTimer();
    if (this.#stage === "cutting") return this.messageEnded();
    if (!session.quiet) return this.#stopTimer();
    this.#stopTimer();
    this.#timer = setTimeout(() => {
      if (!session.closed && session.quiet) this.#dismiss();
    }, PAUSE_MS).unref();
  }

  #refuse(): void {
    if (this.#stage !== "draining") return;
    this.#stage = "refusing";
    // Nothing has ended since the drain began.
    if (this.#timer === null && !this.#session.closed && this.#session.quiet) this.#dismiss();
  }

  /** To be called whenever `cutting`: a large result may have no other moment than this. */
  messageEnded(): void {
    const session = this.#session;
    if (!session.closed && !session.outcomeDue && session.betweenMessages) this.#dismiss();
  }

  /** The limit is reached: ends the session, as soon as its client can know what was done. */
  cut(): void {
    if (this.#stage === "cutting" || this.#session.closed) return;
    this.#stage = "cutting";
    this.#stopTimer();
    const session = this.#session;
    this.messageEnded();
    if (session.closed) return;
    const { lastAnswerMs, interruptedMs } = this.#limits;
    this.#timer = setTimeout(() => {
      if (session.closed) return;
      session.interrupt();
      this.#timer = setTimeout(() => {
        if (!session.closed) session.abandon();
      }, interruptedMs);
    }, lastAnswerMs);
  }

  #dismiss(): void {
    clearTimeout(this.#served ?? undefined);
    this.#stopTimer();
    this.#session.dismiss();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
  }
}
