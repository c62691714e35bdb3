import type { Socket } from "node:net";
import { ClientSession, type Greeting, type RoutingSession } from "@freshet/adapter-core";
import {
  CLIENT,
  COMMAND,
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
import { type Statement, StatementTable } from "./prepared/statement.ts";
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
 * One client after its login. A local answer is only given when nothing is outstanding upstream,
 * so replies leave in order. The rest is forwarded as it is, chunk by chunk.
 */
export class Session
  extends ClientSession<CommandScanner, UpstreamLink>
  implements LinkOwner, Killable, RoutingSession
{
  readonly context: AdapterContext;
  readonly settings: SessionSettings;
  readonly statements = new StatementTable();
  readonly transaction: TransactionMemory;
  readonly probing: Probing;
  readonly hits = new LastHit();
  /** Statements whose rows the client has not fetched all. */
  readonly cursors = new Set<Statement>();
  readonly threadId: number;
  readonly capabilities: number;
  readonly options: SessionOptions;
  login: UpstreamLogin;
  /** Unicode. */
  user: string;
  /** `SERVER_STATUS` flags the upstream sent last. */
  status: number;
  /** The upstream's last words are on their way to the client: nothing more to say. */
  farewellForwarded = false;
  /** A KILL QUERY came while the client's statement waited here. */
  killed = false;
  /** A text may hold several statements. */
  multiStatements: boolean;

  /** A dialog wants the next packet (COM_CHANGE_USER). */
  #packetWaiter: ((payload: Buffer) => void) | null = null;
  /** The next physical packet belongs to the command before it. */
  #continuing = false;
  #discardParts = false;
  /** Of the next packet we send. */
  #sequence = 1;

  constructor(options: SessionOptions) {
    const { context, socket, template, connection, login } = options;
    const reader = new CommandScanner(context.limits.batchLimitBytes);
    super({ context, socket, reader });
    this.options = options;
    this.context = context;
    this.login = login;
    this.user = options.user;
    this.threadId = options.threadId;
    this.capabilities = login.capabilities;
    this.multiStatements = (login.capabilities & CLIENT.multiStatements) !== 0;
    this.settings = new SessionSettings(template.hidden);
    this.status = template.status;
    this.transaction = new TransactionMemory(template.hidden !== null);
    this.probing = new Probing(this, template);
    if (connection !== null) this.attach(connection);
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

  protected override get held(): boolean {
    return this.waiting && this.#packetWaiter === null;
  }

  protected override waited(): void {
    if (!this.killed) return;
    this.killed = false;
    // What was answered meanwhile is past killing; what was forwarded is not.
    this.flush();
    this.kill("query");
  }

  protected override handle(): void | Promise<void> {
    const { reader } = this;
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
    const { reader, link } = this;
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
    if (this.draining.refusing && isAnswered(reader)) {
      // The end of one says whether the next is within a transaction.
      if (link?.queue.busy === true) {
        return link.queue.idle().then(() => (this.closed ? undefined : this.#command()));
      }
      const fetches = reader.buffer[reader.payloadAt] === COMMAND.stmtFetch;
      const goesOn = this.#inTransaction || (fetches && this.cursors.size > 0);
      if (!goesOn) return this.discard(() => this.dismiss());
    }
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
      queueMicrotask(() => this.pump());
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
    this.cursors.clear();
    this.hits.forget();
    this.transaction.reset(hiddenKnown);
  }

  onReply(link: UpstreamLink): void {
    // What was read with the last message before a cut.
    if (this.closed) return;
    onReply(this, link);
    if (this.draining.cutting) this.draining.messageEnded();
  }

  onLinkClosed(link: UpstreamLink, error: Error | null): void {
    this.account.upstreamClosed();
    const { busy } = link.queue;
    const hidden = link.queue.head?.kind === "hidden";
    link.queue.abandon();
    if (this.closed || link !== this.link) return;
    if (error !== null) this.context.logger.info({ error: messageOf(error) }, "upstream lost");
    // A client that waits is told; one that does not finds the connection closed, as it would.
    if (this.farewellForwarded || (!busy && !this.waiting)) return this.end();
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
      this.account.sent(unit);
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

  protected override failed(error: unknown): void {
    if (error instanceof ProtocolViolation) {
      return this.fatal(error.code, error.sqlState, error.message);
    }
    this.context.logger.error({ error: messageOf(error) }, "session failed");
    this.fatal(ERROR.unknown, "HY000", "internal error of the proxy");
  }

  protected override killRunning(link: UpstreamLink): void {
    this.#killUpstream(link, "connection");
  }

  protected override left(): void {
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
    if (this.waiting && (head === null || head.kind === "hidden")) this.killed = true;
    else if (link !== null && head?.kind === "client") this.#killUpstream(link, scope);
  }

  #killUpstream(link: UpstreamLink, scope: KillScope): void {
    void killUpstream(() => this.context.connect(this.login), link.threadId, scope);
  }

  override get quiet(): boolean {
    if (this.waiting || this.link?.queue.busy === true || this.holdsReplies) return false;
    return !this.#inTransaction && this.cursors.size === 0 && this.betweenMessages;
  }

  /** LOCK TABLES is what a transaction is to other engines. */
  get #inTransaction(): boolean {
    return this.transactionOpen || this.transaction.locked;
  }

  override get outcomeDue(): boolean {
    return this.link?.queue.outcomeDue(this.transactionOpen) === true;
  }

  override get betweenMessages(): boolean {
    return this.link === null || (this.link.reader.last && !this.link.reader.continues);
  }

  override dismiss(): void {
    this.breakOff();
    if (this.#continueReply()) {
      this.fatal(ERROR.serverShutdown, "08S01", "Server shutdown in progress");
    }
  }

  override interrupt(): void {
    if (this.link !== null) this.#killUpstream(this.link, "query");
  }

  override abandon(): void {
    this.breakOff();
    if (this.betweenMessages && this.#continueReply()) {
      this.fatal(ERROR.clientServerLost, "HY000", "Lost connection to the upstream during query");
    }
  }

  /** Ends the session and is false where an ERR could not be told from the reply it stands in. */
  #continueReply(): boolean {
    const { link } = this;
    const head = link?.queue.head ?? null;
    // Numbered as the answer to the next command: that is when a client reads it.
    if (link === null || head === null) this.#sequence = 1;
    else if (head.kind === "client" && head.begun) {
      if (!link.tracker.inRows) {
        this.end();
        return false;
      }
      this.#sequence = (link.reader.sequence + 1) & 0xff;
    }
    return true;
  }
}

function isAnswered({ buffer, payloadAt }: CommandPacket): boolean {
  switch (buffer[payloadAt]) {
    case COMMAND.quit:
    case COMMAND.stmtClose:
    case COMMAND.stmtSendLongData:
      return false;
    default:
      return true;
  }
}
