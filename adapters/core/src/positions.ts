import type { RequestId } from "@freshet/rpc";
import type { Clock } from "@freshet/util";
import { PendingRequests } from "./pending-requests.ts";
import type { ServerConnection } from "./server-connection.ts";

const REMEMBERED = 1_000;
/** How much longer than the server we wait before giving up ourselves. */
const GRACE_MS = 50;

/**
 * Which upstream positions are visible here. Only the server can order them; we know those
 * that were published or asked for on this link, and ask for the others. The answer comes on
 * the ordered link after the publication that made the position visible.
 */
export class Positions {
  readonly #connection: ServerConnection;
  readonly #clock: Clock;
  readonly #pending = new PendingRequests<boolean>(() => false);
  readonly #asked = new Map<RequestId, string>();
  #reached = new Set<string>();
  #reachedBefore = new Set<string>();
  visible = "";

  constructor(connection: ServerConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  reset(position: string): void {
    this.forget();
    this.advance(position);
  }

  advance(position: string): void {
    this.visible = position;
    this.#remember(position);
  }

  isVisible(position: string): boolean {
    return this.#reached.has(position) || this.#reachedBefore.has(position);
  }

  async wait(position: string, limitMs: number): Promise<boolean> {
    if (this.isVisible(position)) return true;
    if (!this.#connection.connected) return false;
    const request = this.#connection.nextRequest();
    const answer = this.#pending.wait(request);
    this.#asked.set(request, position);
    this.#connection.send({ kind: "await-position", request, position, limitMs });
    const done = new AbortController();
    const timeout = this.#clock
      .wait(limitMs + GRACE_MS, done.signal)
      .then(() => this.answered(request, false));
    const reached = await answer;
    done.abort();
    await timeout;
    return reached;
  }

  answered(request: RequestId, reached: boolean): void {
    const position = this.#asked.get(request);
    this.#asked.delete(request);
    if (reached && position !== undefined) this.#remember(position);
    this.#pending.answer(request, reached);
  }

  /** The stream broke: what follows may be another history. Questions still wait. */
  forget(): void {
    this.#reached.clear();
    this.#reachedBefore.clear();
  }

  lose(): void {
    this.forget();
    this.#asked.clear();
    this.#pending.lose();
  }

  #remember(position: string): void {
    if (position === "") return;
    if (this.#reached.size >= REMEMBERED) {
      this.#reachedBefore = this.#reached;
      this.#reached = new Set();
    }
    this.#reached.add(position);
  }
}
