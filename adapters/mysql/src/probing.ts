import { COMMAND, packet, queryCommand } from "@freshet/mysql-wire";
import { messageOf } from "@freshet/util";
import { hasNoTraces, parseProbe, PROBE_COLUMNS, TRACES_COLUMNS, TRACES_TEXT } from "./probe.ts";
import type { Session } from "./session.ts";
import type { StartupTemplate } from "./template.ts";
import type { UpstreamLink } from "./upstream/link.ts";

/** When one session's hidden settings were read, and how they are read again. */
export class Probing {
  readonly #session: Session;
  #probedAtMs: number;
  /** `Router.accessGeneration` that the hidden settings were read at. */
  #probedAccess: number;

  constructor(session: Session, { learnedAtMs, accessGeneration }: StartupTemplate) {
    this.#session = session;
    this.#probedAtMs = learnedAtMs;
    this.#probedAccess = accessGeneration;
  }

  /**
   * False when a statement may have changed the hidden settings, or when schemas or privileges
   * changed upstream since they were read.
   */
  get scopeKnown(): boolean {
    const { transaction, context } = this.#session;
    return transaction.hiddenKnown && this.#probedAccess === context.router.accessGeneration;
  }

  /** Only sessions with a connection expire by time; others live by their template. */
  get expired(): boolean {
    const { link, context } = this.#session;
    if (link === null) return false;
    return performance.now() - this.#probedAtMs > context.limits.probeTtlMs;
  }

  /** Reads the hidden settings; false when that failed (the session then forwards). */
  async probe(): Promise<boolean> {
    const session = this.#session;
    if (session.link === null && session.transaction.hiddenKnown) return this.#greetAgain();
    const link = await session.openLink();
    if (link === null || link.closed) return false;
    const probed = this.#send(link);
    link.out.flush();
    return probed;
  }

  /** Ahead of a BEGIN, so that the level of its transaction is known. Costs no round trip. */
  probeAhead(link: UpstreamLink): void {
    if (!link.queue.busy && !this.scopeKnown) void this.#send(link);
  }

  #send(link: UpstreamLink): Promise<boolean> {
    const session = this.#session;
    const { changes } = session.transaction;
    const { greetings, router } = session.context;
    const { accessGeneration } = router;
    const unit = session.beginUnit(link, "hidden", COMMAND.query, null, null);
    unit.wantedColumns = PROBE_COLUMNS;
    link.out.add(packet(0, queryCommand(greetings.probe, session.capabilities)));
    return new Promise((resolve) => {
      unit.onDone = () => {
        const hidden = unit.failed || link.closed ? null : parseProbe(unit);
        this.#probedAtMs = performance.now();
        this.#probedAccess = accessGeneration;
        session.settings.probed(hidden);
        if (hidden !== null) session.transaction.probed(changes);
        resolve(hidden !== null);
      };
    });
  }

  /** Asks whether what the session called has made temporary tables or locks; true if not. */
  async checkTables(): Promise<boolean> {
    const session = this.#session;
    const { transaction, capabilities } = session;
    const link = await session.openLink();
    if (link === null || link.closed) return false;
    const { doubts } = transaction;
    const unit = session.beginUnit(link, "hidden", COMMAND.query, null, null);
    unit.wantedColumns = TRACES_COLUMNS;
    const rows: (string | null)[][] = (unit.rows = []);
    const done = new Promise<void>((resolve) => (unit.onDone = () => resolve()));
    link.out.add(packet(0, queryCommand(TRACES_TEXT, capabilities)));
    link.out.flush();
    await done;
    if (unit.failed || link.closed || session.link !== link) return false;
    transaction.tablesChecked(doubts, hasNoTraces(rows, link.queries, transaction.traced));
    return transaction.tableDoubt === "none";
  }

  /**
   * A client without a connection is what a new client would be. Their common template is
   * learned again, by one connection for all of them.
   */
  async #greetAgain(): Promise<boolean> {
    const session = this.#session;
    try {
      const { template, connection } = await session.options.greet(session.login);
      if (session.closed || session.link !== null) {
        connection?.socket.destroy();
        return false;
      }
      if (connection !== null) session.attach(connection);
      this.#probedAtMs = template.learnedAtMs;
      this.#probedAccess = template.accessGeneration;
      session.settings.probed(template.hidden);
      return template.hidden !== null;
    } catch (error) {
      const { logger } = session.context;
      logger.info({ error: messageOf(error) }, "a greeting could not be learned");
      return false;
    }
  }
}
