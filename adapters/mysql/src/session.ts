import type { Socket } from "node:net";
import {
  type Greeting,
  type InputOwner,
  Outbox,
  readReusing,
  type RoutingSession,
  StatementAccount,
} from "@freshet/adapter-core";
import {
  CLIENT,
  ERROR,
  errPacket,
  okPacket,
  packet,
  PacketScanner,
  ProtocolViolation,
  SERVER_STATUS,
} from "@freshet/mysql-wire";
import type { SessionScope } from "@freshet/rpc";
import type { LexerSettings, StatementTraits } from "@freshet/sql";
import { messageOf } from "@freshet/util";
import type { Killable, KillScope } from "./cancel.ts";
import { handleCommand } from "./commands.ts";
import type { AdapterContext } from "./context.ts";
import { LastHit } from "./diagnostics.ts";
import { prepareAhead } from "./prepared/forward.ts";
import { StatementTable } from "./prepared/statement.ts";
import { Probing } from "./probing.ts";
import { onReply } from "./replies.ts";
import { SessionSettings } from "./settings.ts";
import type { StartupTemplate } from "./template.ts";
import { rescopes, TransactionMemory } from "./transaction.ts";
import { killUpstream } from "./upstream/cancel.ts";
import {
  type UpstreamConnection,
  type UpstreamLogin,
  UpstreamRefused,
} from "./upstream/connect.ts";
import { type LinkOwner, UpstreamLink } from "./upstream/link.ts";
import { UpstreamUnit } from "./upstream/reply-queue.ts";

/** While a statement waits, this much more of the client's input is taken in. */
const INPUT_BUFFER_BYTES = 65_536;

/**
 * What backslashes and double quotes mean depends on sql_mode, and in some character sets (GBK,
 * Shift JIS, Big5) the second byte of a character may look like a backslash or a backtick.
 */
const MISREADABLE = /[\\"]|[\x80-\xff]`/;

/** What is written then is not in the binlog. */
const UNLOGGED = /\bsql_log_bin\b/i;
/** SET GLOBAL and SET PERSIST: sessions begin with these settings. */
const GLOBALLY = /\b(?:global|persist)\b/i;

/** The current packet of the client; a command's first, unless something was asked of it. */
export type CommandPacket = Pick<
  CommandScanner,
  "buffer" | "start" | "payloadAt" | "end" | "whole"
>;

class CommandScanner extends PacketScanner {
  /** All of the command is in the current range. */
  get whole(): boolean {
    return this.last && !this.continues;
  }
}

export interface SessionOptions {
  readonly context: AdapterContext;
  readonly socket: Socket;
  readonly threadId: number;
  /** Scramble of the greeting: COM_CHANGE_USER answers it. */
  readonly scramble: Buffer;
  readonly encrypted: boolean;
  readonly login: UpstreamLogin;
  /** Unicode. */
  readonly user: string;
  readonly template: StartupTemplate;
  readonly connection: UpstreamConnection | null;
  /** How the upstream would receive this client now. */
  readonly greet: (login: UpstreamLogin) => Promise<Greeting<StartupTemplate, UpstreamConnection>>;
  readonly onClose: (session: Session) => void;
}

/**
 * One client after its login. Its input is handled strictly in order: a handler that has to wait
 * (for a fill, a probe, a connection) returns a promise, and nothing further is looked at until
 * it is done. A local answer is only given when nothing is outstanding upstream, so replies leave
 * in order. The rest is forwarded as it is, chunk by chunk.
 */
export class Session implements LinkOwner, InputOwner, Killable, RoutingSession {
  readonly context: AdapterContext;
  /** Perhaps another than the one given, which then is not to be used any more. */
  readonly socket: Socket;
  readonly out: Outbox;
  readonly settings: SessionSettings;
  readonly account: StatementAccount;
  readonly statements = new StatementTable();
  readonly transaction: TransactionMemory;
  readonly probing: Probing;
  readonly hits = new LastHit();
  readonly threadId: number;
  readonly capabilities: number;
  readonly options: SessionOptions;
  login: UpstreamLogin;
  /** Unicode. */
  user: string;
  /** `SERVER_STATUS` flags the upstream sent last. */
  status: number;
  link: UpstreamLink | null = null;
  /** The upstream's last words are on their way to the client: nothing more to say. */
  farewellForwarded = false;
  /** A KILL QUERY came while the client's statement waited here. */
  killed = false;
  closed = false;
  /** A text may hold several statements. */
  multiStatements: boolean;

  readonly #reader: CommandScanner;
  readonly #moved: Socket | null;
  #waiting = false;
  /** A dialog wants the next packet (COM_CHANGE_USER). */
  #packetWaiter: ((payload: Buffer) => void) | null = null;
  /** The next physical packet belongs to the command before it. */
  #continuing = false;
  #discardParts = false;
  /** Of the next packet we send. */
  #sequence = 1;
  #pumping = false;
  #paused = false;
  #draining = false;
  /** The connection broke, rather than ended. */
  #vanished = false;

  constructor(options: SessionOptions) {
    const { context, socket, template, connection, login } = options;
    this.options = options;
    this.context = context;
    this.account = new StatementAccount(context);
    this.login = login;
    this.user = options.user;
    this.threadId = options.threadId;
    this.capabilities = login.capabilities;
    this.multiStatements = (login.capabilities & CLIENT.multiStatements) !== 0;
    this.#moved = readReusing(socket, this);
    this.socket = this.#moved ?? socket;
    this.out = new Outbox(this.socket);
    this.settings = new SessionSettings(template.hidden);
    this.status = template.status;
    this.transaction = new TransactionMemory(template.hidden !== null);
    this.probing = new Probing(this, template);
    this.#reader = new CommandScanner(context.limits.batchLimitBytes);
    if (connection !== null) this.attach(connection);
  }

  /** Takes over the socket; `rest` was read with the login. */
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

  /** Packets wait to be handled, or have not left for the upstream. */
  get holdsInput(): boolean {
    if (this.#waiting || !this.#reader.holdsNoChunk) return true;
    const { link } = this;
    return link !== null && (link.out.length > 0 || link.socket.writableLength > 0);
  }

  /** Replies of the upstream have not left for the client. */
  get holdsReplies(): boolean {
    return this.out.length > 0 || this.socket.writableLength > 0;
  }

  /** Null while the hidden settings are not known: the router then says whether to probe. */
  get scope(): SessionScope | null {
    return this.probing.scopeKnown ? this.settings.scope : null;
  }

  get lexer(): LexerSettings {
    return this.settings.lexer;
  }

  /**
   * The traits of a text; null (it may do anything) where it may have been cut into tokens by
   * other rules than the upstream's.
   */
  believed(traits: StatementTraits | null, text: string | null): StatementTraits | null {
    const doubtful = this.scope === null && text !== null && MISREADABLE.test(text);
    return doubtful ? null : traits;
  }

  get transactionOpen(): boolean {
    return (this.status & SERVER_STATUS.inTransaction) !== 0;
  }

  /** With autocommit off every statement is in one, also the first. */
  get inTransaction(): boolean {
    const { inTransaction, autocommit } = SERVER_STATUS;
    return (this.status & (inTransaction | autocommit)) !== autocommit;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (
        !this.closed &&
        (!this.#waiting || this.#packetWaiter !== null) &&
        this.#reader.next()
      ) {
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
      if (this.killed) {
        this.killed = false;
        // What was answered meanwhile is past killing; what was forwarded is not.
        this.flush();
        this.kill("query");
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
    const { buffer, start, end } = reader;
    if (!reader.first) {
      if (!this.#discardParts) this.link?.out.add(buffer, start, end);
      return undefined;
    }
    const continued = this.#continuing;
    this.#continuing = reader.continues;
    this.#sequence = (reader.sequence + 1) & 0xff;
    if (continued) {
      if (!this.#discardParts) this.link?.out.add(buffer, start, end);
      return undefined;
    }
    const waiter = this.#packetWaiter;
    if (waiter !== null) {
      this.#packetWaiter = null;
      this.#discardParts = true;
      waiter(Buffer.from(buffer.subarray(reader.payloadAt, end)));
      return undefined;
    }
    this.#discardParts = false;
    const { link } = this;
    if (link?.queue.unsettled === true && !link.tracker.awaitsClient) {
      return link.queue.settled().then(() => (this.closed ? undefined : this.#command()));
    }
    return this.#command();
  }

  /** A command, or what the upstream has asked for. */
  #command(): void | Promise<void> {
    const reader = this.#reader;
    const { link } = this;
    if (link?.tracker.awaitsClient === true) {
      // The file's data ends with an empty packet.
      if (reader.length === 0) link.tracker.clientAnswered();
      link.out.add(reader.buffer, reader.start, reader.end);
      return undefined;
    }
    if (reader.sequence !== 0) {
      throw new ProtocolViolation("Got packets out of order", ERROR.netPacketsOutOfOrder);
    }
    if (reader.length === 0) return this.discard(() => this.unknownCommand());
    return handleCommand(this, reader);
  }

  /** Answers here; further parts of a long command are dropped. */
  discard<Result>(answer: () => Result): Result {
    this.#discardParts = true;
    return answer();
  }

  unknownCommand(): void | Promise<void> {
    const { queue } = this.link ?? {};
    if (queue?.busy === true) {
      return queue.idle().then(() => (this.closed ? undefined : this.unknownCommand()));
    }
    this.error(ERROR.unknownCommand, "08S01", "Unknown command");
  }

  /** The payload of the client's next packet, for a dialog within a command. */
  nextPacket(): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#packetWaiter = resolve;
      queueMicrotask(() => this.#pump());
    });
  }

  /** Runs with the upstream connection, opening it first when there is none. */
  withLink(run: (link: UpstreamLink) => void | Promise<void>): void | Promise<void> {
    if (this.link !== null) return run(this.link);
    return this.openLink().then((link) => (link === null ? undefined : run(link)));
  }

  /** Null: refused or gone; the client has been told and the session is closed. */
  async openLink(): Promise<UpstreamLink | null> {
    if (this.link !== null) return this.link;
    try {
      const connection = await this.context.connect(this.login);
      if (this.closed) {
        connection.socket.destroy();
        return null;
      }
      // Between the greeting and now the defaults may have changed.
      this.transaction.hiddenKnown = false;
      return this.attach(connection);
    } catch (error) {
      if (this.closed) return null;
      if (error instanceof UpstreamRefused) {
        this.fatal(error.code, error.sqlState, error.text);
      } else {
        this.context.logger.warn({ error: messageOf(error) }, "no upstream connection");
        const reason = `Lost connection to the upstream: ${messageOf(error)}`;
        this.fatal(ERROR.clientServerLost, "HY000", reason);
      }
      return null;
    }
  }

  attach(connection: UpstreamConnection): UpstreamLink {
    this.account.upstreamOpened();
    this.status = connection.status;
    const link = new UpstreamLink(connection, this);
    this.link = link;
    return link;
  }

  /** Goes on as another login (COM_CHANGE_USER), with this connection. */
  changeTo(login: UpstreamLogin, user: string, connection: UpstreamConnection): void {
    const before = this.link;
    this.link = null;
    this.login = login;
    this.user = user;
    before?.finish();
    this.attach(connection);
    this.reset(false);
  }

  /** Everything is as at login. */
  reset(hiddenKnown: boolean): void {
    this.statements.clear();
    this.hits.forget();
    this.transaction.reset(hiddenKnown);
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
    const { busy } = link.queue;
    const hidden = link.queue.head?.kind === "hidden";
    link.queue.abandon();
    if (this.closed || link !== this.link) return;
    if (error !== null) this.context.logger.info({ error: messageOf(error) }, "upstream lost");
    // A client that waits is told; one that does not finds the connection closed, as it would.
    if (this.farewellForwarded || (!busy && !this.#waiting)) return this.end();
    if (!hidden && link.tracker.done === false && this.#replyBegun(link)) return this.end();
    this.fatal(ERROR.clientServerLost, "HY000", "Lost connection to the upstream during query");
  }

  /** Part of a reply has gone to the client: an ERR would be read as a row. */
  #replyBegun(link: UpstreamLink): boolean {
    return link.reader.total > 0 && link.reader.sequence >= this.#sequence;
  }

  /** Registers a command about to be sent; null traits: anything may happen. */
  beginUnit(
    link: UpstreamLink,
    kind: UpstreamUnit["kind"],
    command: number,
    traits: StatementTraits | null,
    text: string | null,
  ): UpstreamUnit {
    const changes = kind === "client" && (traits === null || traits.mayChangeSession);
    if (changes && traits?.readsDiagnostics !== true && rescopes(traits, text)) {
      prepareAhead(this, link);
    }
    const unit = new UpstreamUnit(kind, command);
    link.queue.push(unit);
    if (kind === "client") {
      this.transaction.sent(unit, traits, text);
      if (changes && (text === null || GLOBALLY.test(text))) {
        unit.onDone = () => this.context.templates.clear();
      }
      if (changes && text !== null && UNLOGGED.test(text)) {
        this.context.logger.warn({}, "a client sets sql_log_bin: writes without it reach no cache");
      }
      this.hits.forget();
    }
    return unit;
  }

  /** A command without a statement, which changes nothing we keep. */
  beginPlain(link: UpstreamLink, command: number): UpstreamUnit {
    const unit = new UpstreamUnit("client", command);
    link.queue.push(unit);
    return unit;
  }

  /** Sends the client's current packet on; its parts follow by themselves. */
  forward(link: UpstreamLink, { buffer, start, end }: CommandPacket): void {
    link.out.add(buffer, start, end);
  }

  /** Writes one packet of our own as the next of the reply. */
  send(payload: Buffer): void {
    this.out.add(packet(this.#sequence, payload));
    this.#sequence = (this.#sequence + 1) & 0xff;
  }

  /** `info` is a byte string. */
  ok(info = ""): void {
    this.send(okPacket({ status: this.status, info }, this.capabilities));
  }

  /** `message` is a byte string. */
  error(code: number, sqlState: string, message: string): void {
    this.send(errPacket({ code, sqlState, message }));
  }

  /** The statement was killed while it waited here. */
  interrupted(): void {
    this.killed = false;
    this.error(ERROR.queryInterrupted, "70100", "Query execution was interrupted");
  }

  fatal(code: number, sqlState: string, message: string): void {
    this.error(code, sqlState, message);
    this.end();
  }

  #failed(error: unknown): void {
    if (this.closed) return;
    if (error instanceof ProtocolViolation) {
      return this.fatal(error.code, error.sqlState, error.message);
    }
    this.context.logger.error({ error: messageOf(error) }, "session failed");
    this.fatal(ERROR.unknown, "HY000", "internal error of the proxy");
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
   * broke off was running is killed.
   */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    const { link } = this;
    if (link !== null && !link.closed) {
      link.out.flush();
      if (this.#vanished && link.queue.busy) {
        this.#killUpstream(link, "connection");
        link.abort();
      } else {
        link.finish();
      }
    }
    if (!this.socket.writableEnded) this.socket.destroy();
    this.options.onClose(this);
  }

  /** A KILL with this client's id arrived. */
  kill(scope: KillScope): void {
    const { link } = this;
    const head = link?.queue.head ?? null;
    if (scope === "connection") {
      if (link?.queue.busy === true) this.#killUpstream(link, scope);
      else this.end();
      return;
    }
    if (this.#waiting && (head === null || head.kind === "hidden")) this.killed = true;
    else if (link !== null && head?.kind === "client") this.#killUpstream(link, scope);
  }

  #killUpstream(link: UpstreamLink, scope: KillScope): void {
    void killUpstream(() => this.context.connect(this.login), link.threadId, scope);
  }

  /** No transaction, nothing outstanding, nothing half sent. */
  get quiet(): boolean {
    return !this.#waiting && this.link?.queue.busy !== true && !this.transactionOpen;
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
      this.#sequence = 0;
      this.fatal(ERROR.serverShutdown, "08S01", "Server shutdown in progress");
    });
  }
}
