import type { Socket } from "node:net";
import {
  type InputOwner,
  Outbox,
  readReusing,
  type RoutingSession,
  StatementAccount,
} from "@freshet/adapter-core";
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

/** While a statement waits, this much more of the client's input is taken in. */
const INPUT_BUFFER_BYTES = 65_536;
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

/**
 * One client after its start-up. Its input is handled strictly in order: a handler that has to
 * wait (for a fill, a probe, a connection) returns a promise, and nothing further is looked at
 * until it is done. A local answer is only given when nothing is outstanding upstream, so bytes
 * leave in slot order. The rest is forwarded as it is, chunk by chunk.
 */
export class Session implements LinkOwner, InputOwner, Cancellable, RoutingSession {
  readonly context: AdapterContext;
  /** Perhaps another than the one given, which then is not to be used any more. */
  readonly socket: Socket;
  readonly out: Outbox;
  readonly settings: SessionSettings;
  readonly account: StatementAccount;
  readonly statements = new StatementTable();
  readonly transaction: TransactionMemory;
  readonly extended: ExtendedProtocol;
  /** The last status byte the upstream sent; idle without one. */
  status: number = STATUS.idle;
  link: UpstreamLink | null = null;
  /** A FATAL of the upstream is on its way to the client: nothing more to say. */
  fatalForwarded = false;
  closed = false;

  readonly #options: SessionOptions;
  readonly #reader: FrameReader;
  readonly #moved: Socket | null;
  #waiting = false;
  /** A cancel came while the client's statement waited, for a fill or for a probe. */
  #cancelDue = false;
  #pumping = false;
  #paused = false;
  #draining = false;
  #discardParts = false;
  /** The connection broke, rather than ended. */
  #vanished = false;
  #probedAtMs: number;
  /** `Router.accessGeneration` that the hidden settings were read at. */
  #probedAccess: number;

  constructor(options: SessionOptions) {
    const { context, socket, template, connection } = options;
    this.#options = options;
    this.context = context;
    this.account = new StatementAccount(context);
    this.#moved = readReusing(socket, this);
    this.socket = this.#moved ?? socket;
    this.out = new Outbox(this.socket);
    this.settings = new SessionSettings(template.parameters, template.hidden);
    this.transaction = new TransactionMemory(template.hidden !== null);
    this.extended = new ExtendedProtocol(this);
    this.#probedAtMs = template.learnedAtMs;
    this.#probedAccess = template.accessGeneration;
    const { batchLimitBytes } = context.limits;
    this.#reader = new FrameReader({
      assembleLimit: (type) => (type === FRONTEND.copyData ? COPY_HEADER_BYTES : batchLimitBytes),
    });
    if (connection !== null) this.#attach(connection);
  }

  /** Takes over the socket; `rest` was read with the start-up packet. */
  start(rest: Buffer): void {
    if (this.#moved === null) {
      this.socket.on("data", (chunk: Buffer) => this.take(chunk, chunk.length));
    }
    this.socket.on("drain", () => {
      this.out.writable = true;
      this.link?.socket.resume();
      this.#pump();
    });
    this.socket.on("error", () => (this.#vanished = true));
    this.socket.on("end", () => this.close());
    this.socket.on("close", () => this.close());
    if (this.socket.destroyed) return this.close();
    if (rest.length > 0) this.#reader.push(rest);
    this.socket.resume();
    this.#pump();
  }

  /** Bytes of the client arrived. */
  take(chunk: Buffer, end: number): void {
    if (this.closed) return;
    this.account.received(end);
    this.#reader.push(chunk, end);
    this.#pump();
  }

  /** Frames wait to be handled, or have not left for the upstream. */
  get holdsInput(): boolean {
    if (this.#waiting || this.extended.open || !this.#reader.holdsNoChunk) return true;
    const { link } = this;
    return link !== null && (link.out.length > 0 || link.socket.writableLength > 0);
  }

  /** Replies of the upstream have not left for the client. */
  get holdsReplies(): boolean {
    return this.out.length > 0 || this.socket.writableLength > 0;
  }

  /** Null while the hidden settings are not known: the router then says whether to probe. */
  get scope(): SessionScope | null {
    return this.scopeKnown ? this.settings.scope : null;
  }

  get lexer(): LexerSettings {
    return this.settings.lexer;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.closed && !this.#waiting && this.#reader.next()) {
        const pending = this.#handle();
        if (pending !== undefined) this.#wait(pending);
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#pumping = false;
    }
    this.flush();
    this.#regulate();
  }

  #wait(pending: Promise<void>): void {
    this.#waiting = true;
    const done = () => {
      this.#waiting = false;
      if (this.#cancelDue) {
        this.#cancelDue = false;
        // What was answered meanwhile is past cancelling; what was forwarded is not.
        this.flush();
        this.cancel();
      }
      this.#pump();
    };
    pending.then(done, (error: unknown) => {
      this.#failed(error);
      done();
    });
  }

  /** Stops or goes on reading the client: a bound on what we hold for it. */
  #regulate(): void {
    const full =
      !this.out.writable ||
      this.link?.out.writable === false ||
      (this.#waiting && this.#reader.bufferedBytes > INPUT_BUFFER_BYTES);
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.socket.pause();
    else this.socket.resume();
  }

  flush(): void {
    const bytes = this.out.flush();
    if (bytes > 0) this.context.metrics.bytesToClient(bytes);
    if (this.link !== null) {
      this.link.out.flush();
      if (!this.out.writable && !this.closed) this.link.socket.pause();
    }
  }

  #handle(): void | Promise<void> {
    const reader = this.#reader;
    const { type, buffer, start, end } = reader;
    if (!reader.first) {
      if (!this.#discardParts) this.link?.out.add(buffer, start, end);
      return undefined;
    }
    this.#discardParts = false;
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
    onReply(this, link);
  }

  onRepliesEnd(): void {
    this.flush();
    this.#regulate();
  }

  onLinkDrain(): void {
    this.#pump();
  }

  onLinkClosed(link: UpstreamLink, error: Error | null): void {
    this.account.upstreamClosed();
    link.queue.abandon();
    if (this.closed) return;
    if (error !== null) this.context.logger.info({ error: messageOf(error) }, "upstream lost");
    if (this.fatalForwarded) this.end();
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

  #failed(error: unknown): void {
    if (this.closed) return;
    if (error instanceof ProtocolViolation) return this.fatal(error.code, error.message);
    this.context.logger.error({ error: messageOf(error) }, "session failed");
    this.fatal("XX000", "internal error of the proxy");
  }

  /** What was written still leaves, then both sides are closed. */
  end(): void {
    this.flush();
    if (!this.socket.destroyed) {
      this.socket.end();
      const { socket } = this;
      setTimeout(() => socket.destroy(), 2000).unref();
      socket.resume();
    }
    this.close();
  }

  /**
   * The client is gone or done; its upstream connection ends with it and is never reused. What a
   * client sent before it said goodbye still runs, as it would without us; what a client that
   * broke off was running is cancelled.
   */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const { link } = this;
    if (link !== null && !link.closed) {
      link.out.flush();
      if (this.#vanished && link.queue.busy) {
        if (link.cancelKey !== null) void cancelUpstream(this.context.upstream, link.cancelKey);
        link.abort();
      } else {
        link.finish();
      }
    }
    if (!this.socket.writableEnded) this.socket.destroy();
    this.#options.onClose(this);
  }

  /** A CancelRequest with this client's key arrived. */
  cancel(): void {
    const { link } = this;
    const head = link?.queue.head ?? null;
    if (this.#waiting && (head === null || head.kind === "hidden")) {
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

  /** No transaction, nothing outstanding, nothing half sent. */
  get quiet(): boolean {
    if (this.#waiting || this.extended.open || this.extended.syncDue) return false;
    if (this.link?.queue.busy === true) return false;
    return this.status === STATUS.idle;
  }

  /** Shuts down as soon as the client is between transactions. */
  drain(): void {
    this.#draining = true;
    this.onIdle();
  }

  onIdle(): void {
    if (!this.#draining) return;
    setImmediate(() => {
      if (this.closed || !this.quiet) return;
      this.fatal("57P01", "terminating connection due to administrator command");
    });
  }
}
