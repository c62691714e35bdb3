import type { Socket } from "node:net";
import { ClientSession, type RoutingSession } from "@freshet/adapter-core";
import type { SessionScope } from "@freshet/rpc";
import type { LexerSettings, StatementTraits } from "@freshet/sql";
import {
  errorResponse,
  type ErrorFields,
  FrameReader,
  FRONTEND,
  parameterStatus,
  ProtocolViolation,
  readyForQuery,
  STATUS,
} from "@freshet/pg-wire";
import { messageOf } from "@freshet/util";
import type { Cancellable } from "./cancel.ts";
import type { AdapterContext } from "./context.ts";
import { handleCopyMessage } from "./copy.ts";
import { ExtendedProtocol } from "./extended/protocol.ts";
import { StatementTable } from "./extended/statement.ts";
import { parseProbe, PROBE_REQUEST } from "./probe.ts";
import { onReply } from "./replies.ts";
import { SessionSettings } from "./settings.ts";
import { handleQuery } from "./simple-query.ts";
import type { StartupTemplate } from "./template.ts";
import { TransactionMemory } from "./transaction.ts";
import { cancelUpstream } from "./upstream/cancel.ts";
import { type UpstreamConnection, UpstreamRefused } from "./upstream/connect.ts";
import { type LinkOwner, UpstreamLink } from "./upstream/link.ts";
import { UpstreamUnit } from "./upstream/reply-queue.ts";

const COPY_HEADER_BYTES = 5;

const READY = new Map(
  Object.values(STATUS).map((status) => [status as number, readyForQuery(status)]),
);

export interface SessionOptions {
  readonly context: AdapterContext;
  readonly socket: Socket;
  /** Byte strings, as they go upstream. */
  readonly parameters: readonly (readonly [string, string])[];
  /** Unicode. */
  readonly user: string;
  readonly template: StartupTemplate;
  readonly connection: UpstreamConnection | null;
  /** How the upstream would greet this client now. */
  readonly greet: () => Promise<{
    readonly template: StartupTemplate;
    readonly connection: UpstreamConnection | null;
  }>;
  readonly onClose: (session: Session) => void;
}

/** transaction_resolution_unknown */
const UNKNOWN_OUTCOME = "08007";

/**
 * One client after its start-up. A local answer is only given when nothing is outstanding
 * upstream, so bytes leave in slot order. The rest is forwarded as it is, chunk by chunk.
 */
export class Session
  extends ClientSession<FrameReader, UpstreamLink>
  implements LinkOwner, Cancellable, RoutingSession
{
  readonly context: AdapterContext;
  readonly settings: SessionSettings;
  readonly statements = new StatementTable();
  readonly transaction: TransactionMemory;
  readonly extended: ExtendedProtocol;
  /** The last status byte the upstream sent; idle without one. */
  status: number = STATUS.idle;
  /** A FATAL of the upstream is on its way to the client: nothing more to say. */
  fatalForwarded = false;

  readonly #options: SessionOptions;
  /** A cancel came while the client's statement waited, for a fill or for a probe. */
  #cancelDue = false;
  #discardParts = false;
  #probedAtMs: number;
  /** `Router.accessGeneration` that the hidden settings were read at. */
  #probedAccess: number;

  constructor(options: SessionOptions) {
    const { context, socket, template, connection } = options;
    const { batchLimitBytes } = context.limits;
    const reader = new FrameReader({
      assembleLimit: (type) => (type === FRONTEND.copyData ? COPY_HEADER_BYTES : batchLimitBytes),
    });
    super({ context, socket, reader });
    this.#options = options;
    this.context = context;
    this.settings = new SessionSettings(template.parameters, template.hidden);
    this.transaction = new TransactionMemory(template.hidden !== null);
    this.extended = new ExtendedProtocol(this);
    this.#probedAtMs = template.learnedAtMs;
    this.#probedAccess = template.accessGeneration;
    if (connection !== null) this.#attach(connection);
  }

  /** Also messages of a batch that are collected. */
  override get holdsInput(): boolean {
    return this.extended.open || super.holdsInput;
  }

  /** Null while the hidden settings are not known: the router then says whether to probe. */
  get scope(): SessionScope | null {
    return this.scopeKnown ? this.settings.scope : null;
  }

  get lexer(): LexerSettings {
    return this.settings.lexer;
  }

  protected override waited(): void {
    if (!this.#cancelDue) return;
    this.#cancelDue = false;
    // What was answered meanwhile is past cancelling; what was forwarded is not.
    this.flush();
    this.cancel();
  }

  protected override handle(): void | Promise<void> {
    const { reader } = this;
    const { type, buffer, start, end } = reader;
    if (!reader.first) {
      if (!this.#discardParts) this.link?.out.add(buffer, start, end);
      return undefined;
    }
    this.#discardParts = false;
    if (this.draining.refusing && mayBeginUnit(type)) {
      const held = this.#holdBack();
      if (held !== false) return held === true ? undefined : held;
    }
    switch (type) {
      case FRONTEND.query:
        return this.#discards() ? undefined : handleQuery(this, reader);
      case FRONTEND.parse:
      case FRONTEND.bind:
      case FRONTEND.describe:
      case FRONTEND.execute:
      case FRONTEND.close:
      case FRONTEND.flush:
      case FRONTEND.sync:
        this.#discardParts = this.extended.skipping;
        return this.extended.handle(reader);
      case FRONTEND.copyData:
      case FRONTEND.copyDone:
      case FRONTEND.copyFail:
        return this.#discards() ? undefined : handleCopyMessage(this, reader);
      case FRONTEND.functionCall:
        if (this.#discards()) return undefined;
        if (this.extended.open || this.extended.syncDue) return this.extended.interrupt(reader);
        return this.withLink((link) => {
          const unit = this.beginUnit(link, "function", null, null);
          unit.complete = true;
          this.account.forwarded(null, "unparsed");
          link.out.add(buffer, start, end);
        });
      case FRONTEND.terminate:
        this.close();
        return undefined;
      default:
        throw new ProtocolViolation(`invalid frontend message type ${type}`);
    }
  }

  /**
   * While the adapter ends, units go one by one, because the end of one says whether the next is
   * within a transaction; none begins between transactions: true, and the client is told.
   */
  #holdBack(): Promise<void> | boolean {
    if (!this.extended.resting) return false;
    const { queue = null } = this.link ?? {};
    // A COPY FROM is running, or its Sync has to come.
    if ((queue?.open ?? null) !== null) return false;
    if (queue?.busy === true) {
      return queue.settled().then(() => (this.closed ? undefined : this.handle()));
    }
    if (this.status !== STATUS.idle) return false;
    this.dismiss();
    return true;
  }

  /** After a local error the rest of the batch is skipped, large messages part by part. */
  #discards(): boolean {
    if (!this.extended.skipping) return false;
    this.#discardParts = true;
    return true;
  }

  /** Runs with the upstream connection, opening it first when there is none. */
  withLink(run: (link: UpstreamLink) => void): void | Promise<void> {
    if (this.link !== null) return run(this.link);
    return this.openLink().then((link) => {
      if (link !== null) run(link);
    });
  }

  /** Null: refused or gone; the client has been told and the session is closed. */
  async openLink(): Promise<UpstreamLink | null> {
    if (this.link !== null) return this.link;
    try {
      const connection = await this.context.connect(this.#options.parameters, this.#options.user);
      if (this.closed) {
        connection.socket.destroy();
        return null;
      }
      // Between the greeting and now the defaults may have changed.
      this.transaction.hiddenKnown = false;
      return this.#attach(connection);
    } catch (error) {
      if (this.closed) return null;
      if (error instanceof UpstreamRefused) {
        this.out.add(error.frame);
        this.end();
      } else {
        this.context.logger.warn({ error: messageOf(error) }, "no upstream connection");
        this.fatal("08006", `could not connect to the upstream: ${messageOf(error)}`);
      }
      return null;
    }
  }

  #attach(connection: UpstreamConnection): UpstreamLink {
    for (const [name, value] of connection.parameters) {
      if (this.settings.reported.get(name) === value) continue;
      this.settings.report(name, value);
      this.out.add(parameterStatus(name, value));
    }
    this.account.upstreamOpened();
    const link = new UpstreamLink(connection, this);
    this.link = link;
    return link;
  }

  onReply(link: UpstreamLink): void {
    // What was read with the last message before a cut.
    if (this.closed) return;
    onReply(this, link);
    if (this.draining.cutting) this.draining.messageEnded();
  }

  onLinkClosed(link: UpstreamLink, error: Error | null): void {
    this.account.upstreamClosed();
    const { outcomeDue } = this;
    link.queue.abandon();
    if (this.closed) return;
    if (error !== null) this.context.logger.info({ error: messageOf(error) }, "upstream lost");
    // 57P01 says that nothing was done: whoever repeats it then must not do it twice.
    if (this.fatalForwarded) this.end();
    else if (outcomeDue)
      this.fatal(
        UNKNOWN_OUTCOME,
        "the upstream closed the connection; the outcome of the last statement is not known",
      );
    else this.fatal("57P01", "terminating connection because the upstream closed it");
  }

  /** Registers a unit about to be sent; null traits: anything may happen. */
  beginUnit(
    link: UpstreamLink,
    kind: UpstreamUnit["kind"],
    traits: StatementTraits | null,
    text: string | null,
  ): UpstreamUnit {
    const unit = new UpstreamUnit(kind);
    if (kind !== "hidden") this.account.sent(unit);
    link.queue.push(unit);
    if (kind !== "hidden" && kind !== "batch") this.transaction.sent(unit, traits, text);
    return unit;
  }

  /** Reads the hidden settings; false when that failed (the session then forwards). */
  async probe(): Promise<boolean> {
    if (this.link === null && this.transaction.hiddenKnown) return this.#greetAgain();
    const link = await this.openLink();
    if (link === null || link.closed) return false;
    const probed = this.#sendProbe(link);
    link.out.flush();
    return probed;
  }

  /** Ahead of a BEGIN: within the transaction nothing can be asked. Costs no round trip. */
  probeAhead(link: UpstreamLink): void {
    const idle = this.status === STATUS.idle && link.queue.open === null;
    if (idle && (this.transaction.wantsProbe || !this.scopeKnown)) void this.#sendProbe(link);
  }

  #sendProbe(link: UpstreamLink): Promise<boolean> {
    const { changes } = this.transaction;
    const { accessGeneration } = this.context.router;
    const unit = this.beginUnit(link, "hidden", null, null);
    unit.complete = true;
    link.out.add(PROBE_REQUEST);
    return new Promise((resolve) => {
      unit.onReady = () => {
        const hidden = unit.failed || link.closed ? null : parseProbe(unit.row);
        this.#probedAtMs = performance.now();
        this.#probedAccess = accessGeneration;
        this.settings.probed(hidden);
        if (hidden !== null) this.transaction.probed(changes);
        resolve(hidden !== null);
      };
    });
  }

  /**
   * A client without a connection is what a new client would be. Their common template is
   * learned again, by one connection for all of them.
   */
  async #greetAgain(): Promise<boolean> {
    try {
      const { template, connection } = await this.#options.greet();
      if (this.closed || this.link !== null) {
        connection?.socket.destroy();
        return false;
      }
      if (connection !== null) this.#attach(connection);
      this.#probedAtMs = template.learnedAtMs;
      this.#probedAccess = template.accessGeneration;
      this.settings.probed(template.hidden);
      return template.hidden !== null;
    } catch (error) {
      this.context.logger.info({ error: messageOf(error) }, "a greeting could not be learned");
      return false;
    }
  }

  /**
   * False when a statement may have changed the hidden settings, or when schemas or privileges
   * changed upstream since the search path was resolved.
   */
  get scopeKnown(): boolean {
    return (
      this.transaction.hiddenKnown && this.#probedAccess === this.context.router.accessGeneration
    );
  }

  /** Only sessions with a connection expire by time; others live by their template. */
  probeExpired(): boolean {
    if (this.link === null) return false;
    return performance.now() - this.#probedAtMs > this.context.limits.probeTtlMs;
  }

  ready(): void {
    this.out.add(READY.get(this.status) as Buffer);
  }

  error(fields: Omit<ErrorFields, "severity">): void {
    this.out.add(errorResponse({ severity: "ERROR", ...fields }));
  }

  fatal(code: string, message: string): void {
    this.out.add(errorResponse({ severity: "FATAL", code, message }));
    this.end();
  }

  protected override failed(error: unknown): void {
    if (error instanceof ProtocolViolation) return this.fatal(error.code, error.message);
    this.context.logger.error({ error: messageOf(error) }, "session failed");
    this.fatal("XX000", "internal error of the proxy");
  }

  protected override killRunning(link: UpstreamLink): void {
    if (link.cancelKey !== null) void cancelUpstream(this.context.upstream, link.cancelKey);
  }

  protected override left(): void {
    this.#options.onClose(this);
  }

  /** A CancelRequest with this client's key arrived. */
  cancel(): void {
    const { link } = this;
    const head = link?.queue.head ?? null;
    if (this.waiting && (head === null || head.kind === "hidden")) {
      this.#cancelDue = true;
      return;
    }
    if (link === null || link.cancelKey === null || !link.queue.busy) return;
    if (head?.kind === "hidden") return;
    void cancelUpstream(this.context.upstream, link.cancelKey);
  }

  get user(): string {
    return this.#options.user;
  }

  override get quiet(): boolean {
    if (this.waiting || !this.extended.resting || this.link?.queue.busy === true) return false;
    return this.status === STATUS.idle && this.betweenMessages && !this.holdsReplies;
  }

  override get outcomeDue(): boolean {
    return this.link?.queue.outcomeDue(this.status !== STATUS.idle) === true;
  }

  override get betweenMessages(): boolean {
    return this.link?.reader.last !== false;
  }

  override dismiss(): void {
    this.breakOff();
    this.fatal("57P01", "terminating connection due to administrator command");
  }

  override interrupt(): void {
    if (this.link !== null) this.killRunning(this.link);
  }

  override abandon(): void {
    this.breakOff();
    if (!this.betweenMessages) return this.end();
    this.fatal(
      UNKNOWN_OUTCOME,
      "terminating connection, the outcome of the last statement is not known",
    );
  }
}

/** Neither the end of the session nor a message within a COPY. */
function mayBeginUnit(type: number): boolean {
  switch (type) {
    case FRONTEND.copyData:
    case FRONTEND.copyDone:
    case FRONTEND.copyFail:
    case FRONTEND.terminate:
      return false;
    default:
      return true;
  }
}
