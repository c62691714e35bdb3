import { setTimeout as delay } from "node:timers/promises";
import { Session } from "../load/session.ts";
import type { Tally } from "../load/tally.ts";

const PAUSE_MS = 400;

/**
 * Clients that are between transactions nearly all the time, as a pool's connections are: what
 * ends their connection then must not cost them a statement.
 */
export class IdleClients {
  readonly #loops: readonly Promise<void>[];
  readonly #sessions: readonly Session[];
  #stopped = false;

  constructor(urls: readonly string[], each: number, tally: Tally) {
    this.#sessions = urls.flatMap((url) =>
      Array.from({ length: each }, (_, index) => {
        const protocol = new URL(url).protocol.slice(0, -1);
        return new Session(`idle ${protocol} ${index + 1}`, url, tally);
      }),
    );
    this.#loops = this.#sessions.map((session) => this.#run(session));
  }

  async #run(session: Session): Promise<void> {
    while (!this.#stopped) {
      try {
        await session.transaction(["SELECT 1"], () => undefined);
      } catch (error) {
        await session.failed(error);
      }
      await delay(PAUSE_MS);
    }
    session.leave();
  }

  /** How often they connected again. */
  get reconnects(): number {
    return this.#sessions.reduce((sum, { connection }) => sum + Math.max(0, connection - 1), 0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }
}
