import type { HiddenSettings } from "./probe.ts";
import type { UpstreamConnection } from "./upstream/connect.ts";

/** What a server says to a client that starts with these parameters. */
export interface StartupTemplate {
  readonly parameters: ReadonlyMap<string, string>;
  readonly hidden: HiddenSettings | null;
  /** Monotonic clock. */
  readonly learnedAtMs: number;
  /** `Router.accessGeneration` before it was learned. */
  readonly accessGeneration: number;
}

export interface Learned {
  readonly template: StartupTemplate;
  readonly connection: UpstreamConnection;
}

const TEMPLATES_LIMIT = 1000;

/**
 * Start-up answers by user, database and start-up parameters, so that most clients need no
 * upstream connection to be greeted. Each is learned from a real connection, which its first
 * client keeps. Clients that arrive while one is being learned wait for it.
 */
export class StartupTemplates {
  readonly #ttlMs: number;
  readonly #known = new Map<string, StartupTemplate>();
  readonly #learning = new Map<string, Promise<StartupTemplate>>();

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  /** Rejects as `learn` does. */
  async get(
    key: string,
    accessGeneration: number,
    learn: () => Promise<Learned>,
  ): Promise<{
    readonly template: StartupTemplate;
    readonly connection: UpstreamConnection | null;
  }> {
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
      this.#known.set(key, result.template);
      return result;
    } finally {
      this.#learning.delete(key);
    }
  }
}

/** Parameters that make no difference to the template. */
export function templateKey(parameters: readonly (readonly [string, string])[]): string {
  return parameters
    .filter(([name]) => name !== "application_name")
    .map(([name, value]) => `${name}\0${value}`)
    .join("\0\0");
}
