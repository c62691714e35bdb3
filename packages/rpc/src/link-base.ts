import { setImmediate } from "node:timers";
import type { Link } from "./messages.ts";
import { messageCost } from "./packed-batch.ts";

export interface LinkOptions {
  /** Unacknowledged and unsent bytes above which the link overflows. */
  readonly limitBytes?: number;
  /** Told once, before the link is closed: the peer does not keep up. */
  readonly onOverflow?: () => void;
}

export const DEFAULT_LINK_LIMIT_BYTES = 256 * 1024 * 1024;

/**
 * What transports share: messages of one turn leave as one batch, bytes are counted until the
 * peer acknowledges that it has handled them, and a link over its bound ends. It must end: the
 * messages are differences, so leaving one out would make the peer answer wrongly for ever.
 *
 * A transport implements `deliver` and `disconnect`, and calls `received`, `acknowledged` and
 * `ended`. Handlers of `onClose` run once, whichever side ended the link.
 */
export abstract class LinkBase<Out, In> implements Link<Out, In> {
  readonly #options: LinkOptions;
  readonly #closeHandlers: (() => void)[] = [];
  readonly #messageHandlers: ((message: In) => void)[] = [];
  #queue: Out[] = [];
  #queueCost = 0;
  #outstanding = 0;
  #scheduled = false;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  protected abstract deliver(messages: readonly Out[], cost: number): void;
  protected abstract disconnect(): void;

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes sent or about to be and not yet handled by the peer. */
  get outstandingBytes(): number {
    return this.#outstanding;
  }

  protected get overflowing(): boolean {
    return this.#outstanding > (this.#options.limitBytes ?? DEFAULT_LINK_LIMIT_BYTES);
  }

  send(message: Out): void {
    if (this.#closed) return;
    const cost = messageCost(message);
    this.#queue.push(message);
    this.#queueCost += cost;
    this.#outstanding += cost;
    if (this.overflowing) {
      this.#queue = [];
      this.#options.onOverflow?.();
      this.close();
      return;
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  onMessage(handler: (message: In) => void): void {
    this.#messageHandlers.push(handler);
  }

  onClose(handler: () => void): void {
    if (this.#closed) setImmediate(handler);
    else this.#closeHandlers.push(handler);
  }

  vouchedUntilMs(): number {
    return Infinity;
  }

  /** What was sent before still leaves. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.disconnect();
    this.ended();
  }

  protected received(messages: readonly unknown[]): void {
    for (const message of messages) {
      for (const handler of this.#messageHandlers) {
        // Also when a handler ended the link: nothing is delivered after its close handlers ran.
        if (this.#closed) return;
        handler(message as In);
      }
    }
  }

  protected acknowledged(cost: number): void {
    this.#outstanding -= cost;
  }

  protected ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    for (const handler of this.#closeHandlers) handler();
  }

  /** Hands over what was sent in this turn, at once. */
  protected flush(): void {
    this.#scheduled = false;
    if (this.#queue.length === 0 || this.#closed) return;
    const messages = this.#queue;
    const cost = this.#queueCost;
    this.#queue = [];
    this.#queueCost = 0;
    this.deliver(messages, cost);
  }
}
