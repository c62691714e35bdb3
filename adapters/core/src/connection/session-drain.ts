/** A client that pauses for so long after a transaction is told in the pause. */
const PAUSE_MS = 200;
const TICK_MS = 50;
/** So long clients between transactions are served on, but for no more than this part of the limit. */
const SERVED_MS = 2_000;
const SERVED_SHARE = 4;

/** What a session says of itself, and does, while its adapter ends. */
export interface Drainable {
  readonly closed: boolean;
  /** No transaction, nothing outstanding, nothing half sent or held back in either direction. */
  readonly quiet: boolean;
  /** Of the client, so far: an upstream may talk on to one that pauses. */
  readonly receivedBytes: number;
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
  #timer: NodeJS.Timeout | null = null;

  constructor(session: Drainable, limits: SessionDrainLimits) {
    this.#session = session;
    this.#limits = limits;
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
    const session = this.#session;
    const begunMs = performance.now();
    const servedMs = Math.min(SERVED_MS, limitMs / SERVED_SHARE);
    let worked = !session.quiet;
    let bytes = session.receivedBytes;
    let quietSinceMs = begunMs;
    const tick = () => {
      if (session.closed) return this.#stopTimer();
      const nowMs = performance.now();
      if (nowMs - begunMs >= servedMs) this.#stage = "refusing";
      if (session.quiet && session.receivedBytes === bytes) {
        const paused = nowMs - quietSinceMs >= Math.min(PAUSE_MS, servedMs);
        if (paused && (worked || this.refusing)) this.#dismiss();
        return;
      }
      worked = true;
      bytes = session.receivedBytes;
      quietSinceMs = nowMs;
    };
    this.#timer = setInterval(tick, Math.min(TICK_MS, servedMs)).unref();
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
    this.#stopTimer();
    this.#session.dismiss();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
  }
}
