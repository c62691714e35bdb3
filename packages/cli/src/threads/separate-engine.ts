import { type TcpListener, listenTcp } from "@freshet/rpc";
import type { Engine, EngineOptions, MembersView } from "@freshet/server";
import { type Metrics, listenError } from "@freshet/telemetry";
import { type Logger, messageOf, systemClock } from "@freshet/util";
import type { DocumentPorts } from "./document-ports.ts";
import { MeasuredLinks } from "./measured-links.ts";
import type { FromEngine, SeparateEngineData, ToEngine } from "./messages.ts";

/** How often the leader looks whose slots there are upstream. */
const REPLICAS_INTERVAL_MS = 30_000;

/**
 * What an engine has besides in separate mode: adapters that dial it while it leads, documents
 * that it shares, and other servers of which it knows through the main thread.
 */
export class SeparateEngine {
  readonly documents: DocumentPorts;
  readonly #data: SeparateEngineData;
  readonly #logger: Logger;
  readonly #closed = new AbortController();
  readonly #post: (message: FromEngine) => void;
  readonly #metrics: Metrics;
  readonly #measured: MeasuredLinks;
  #engine: Engine | null = null;
  #listener: TcpListener | null = null;
  #term: number | null = null;
  #members: MembersView = { servers: [], adapters: [], leaders: [] };

  constructor(options: {
    readonly data: SeparateEngineData;
    readonly documents: DocumentPorts;
    readonly post: (message: FromEngine) => void;
    readonly metrics: Metrics;
    readonly logger: Logger;
  }) {
    this.#data = options.data;
    this.#logger = options.logger;
    this.#post = options.post;
    this.#metrics = options.metrics;
    this.#measured = new MeasuredLinks(options.metrics, "server");
    this.documents = options.documents;
  }

  get engineOptions(): Partial<EngineOptions> {
    const { replica, ownerToken, backup } = this.#data;
    const definitions = this.documents.port("caches");
    const settings = this.documents.port("settings");
    return {
      replica,
      ownerToken,
      backup,
      documents: { definitions, settings },
      members: () => this.#members,
    };
  }

  /** Adapters that are linked now. */
  get links(): number {
    return this.#listener?.links.size ?? 0;
  }

  /** Throws ConfigurationError when the address cannot be listened on. */
  async listen(engine: Engine): Promise<void> {
    const { address, rpc } = this.#data;
    this.#engine = engine;
    try {
      this.#listener = await listenTcp({
        ...rpc,
        address,
        logger: this.#logger,
        clock: systemClock,
        leading: () => this.#term,
        refused: (reason) => this.#measured.refused(reason),
        accept: (link, peer) => {
          engine.attach(link, peer.member);
          this.#measured.add(link);
        },
      });
    } catch (error) {
      throw listenError("--rpc-address", address, error as NodeJS.ErrnoException);
    }
    void this.#watchReplicas(engine);
  }

  tell(message: ToEngine): void {
    switch (message.kind) {
      case "lead": {
        if (message.term === this.#term) return;
        // Adapters of another term must look for their leader again.
        if (this.#term !== null) this.#listener?.closeLinks("this server no longer leads");
        this.#term = message.term;
        // What the authority has lost only a leader can give it again.
        if (this.#term !== null) this.documents.repeat();
        return;
      }
      case "members": {
        const { servers, adapters, leaders } = message;
        this.#members = { servers, adapters, leaders };
        return;
      }
      case "remove-replica":
        return this.#removeReplica(message.replica);
      case "document":
      case "document-read":
      case "document-written":
        return this.documents.handle(message);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#listener?.close();
  }

  #removeReplica(replica: string): void {
    this.#engine?.removeReplica(replica).then(
      (removed) => {
        this.#metrics.leadership.replicasRemoved.inc();
        this.#logger.warn({ replica, removed }, "removed what a gone server had left");
      },
      (error: unknown) => {
        this.#logger.warn(
          { replica, error: messageOf(error) },
          "what a gone server left stays for now",
        );
      },
    );
  }

  async #watchReplicas(engine: Engine): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await systemClock.wait(REPLICAS_INTERVAL_MS, signal);
      if (this.#term === null || signal.aborted) continue;
      try {
        const replicas = await engine.replicas();
        this.#post({ kind: "replicas", replicas: replicas.map(({ replica }) => replica) });
      } catch (error) {
        this.#logger.debug({ error: messageOf(error) }, "the upstream's slots could not be read");
      }
    }
  }
}
