import type { Socket } from "node:net";
import type { Router } from "../contract.ts";

/** What every dialect's template of a start-up answer has. */
export interface Learnable {
  /** Monotonic clock. */
  readonly learnedAtMs: number;
  /** `Router.accessGeneration` before it was learned. */
  readonly accessGeneration: number;
}

export interface Learned<Template extends Learnable, Connection> {
  readonly template: Template;
  /** The connection it was learned from, to be kept by the client that had it learned. */
  readonly connection: Connection;
}

export interface Greeting<Template extends Learnable, Connection> {
  readonly template: Template;
  /** Null: the template was known. */
  readonly connection: Connection | null;
}

const TEMPLATES_LIMIT = 1000;

/**
 * Start-up answers by user, database and start-up parameters, so that most clients need no
 * upstream connection to be greeted. Each is learned from a real connection, which its first
 * client keeps. Clients that arrive while one is being learned wait for it.
 */
export class StartupTemplates<Template extends Learnable, Connection> {
  readonly #ttlMs: number;
  readonly #known = new Map<string, Template>();
  readonly #learning = new Map<string, Promise<Template>>();

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  /** The upstream may receive clients otherwise from now on. */
  clear(): void {
    this.#known.clear();
    this.#learning.clear();
  }

  /** Rejects as `learn` does. */
  async get(
    key: string,
    accessGeneration: number,
    learn: () => Promise<Learned<Template, Connection>>,
  ): Promise<Greeting<Template, Connection>> {
    const known = this.#known.get(key);
    if (
      known?.accessGeneration === accessGeneration &&
      performance.now() - known.learnedAtMs < this.#ttlMs
    ) {
      return { template: known, connection: null };
    }
    const running = this.#learning.get(key);
    if (running !== undefined) return { template: await running, connection: null };
    const learned = learn();
    const template = learned.then((result) => result.template);
    this.#learning.set(key, template);
    // The learner gets the rejection below; a waiter through its own await.
    template.catch(() => undefined);
    try {
      const result = await learned;
      if (this.#known.size >= TEMPLATES_LIMIT) this.#known.clear();
      // Not when all was cleared meanwhile.
      if (this.#learning.get(key) === template) this.#known.set(key, result.template);
      return result;
    } finally {
      if (this.#learning.get(key) === template) this.#learning.delete(key);
    }
  }
}

/** What was learned by the probe of a new connection. */
export interface LearnedSettings<Hidden> extends Learnable {
  /** Null: the probe failed. */
  readonly hidden: Hidden | null;
}

export interface Probed<Hidden> {
  readonly hidden: Hidden | null;
  /** Bytes that came behind the probe's reply. */
  readonly rest: Buffer;
}

/** Connects as a client would and probes; the connection is destroyed when that fails. */
export async function learnSettings<Connection extends { readonly socket: Socket }, Hidden>(
  router: Pick<Router, "accessGeneration">,
  connect: () => Promise<Connection>,
  probe: (connection: Connection) => Promise<Probed<Hidden>>,
): Promise<{ readonly settings: LearnedSettings<Hidden>; readonly connection: Connection }> {
  const { accessGeneration } = router;
  const connection = await connect();
  try {
    const { hidden, rest } = await probe(connection);
    return {
      settings: { hidden, learnedAtMs: performance.now(), accessGeneration },
      connection: { ...connection, rest },
    };
  } catch (error) {
    connection.socket.destroy();
    throw error;
  }
}
