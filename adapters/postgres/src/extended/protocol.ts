import { type ForwardReason, type Route, routeOf } from "@freshet/adapter-core";
import {
  type FrameReader,
  FRONTEND,
  parseBind,
  parseExecute,
  parseParse,
  parseQuery,
  parseTarget,
  ProtocolViolation,
  STATUS,
  TARGET_PORTAL,
  TARGET_STATEMENT,
} from "@freshet/pg-wire";
import type { Session } from "../session.ts";
import { touchesStatements } from "../simple-query.ts";
import { begins } from "../transaction.ts";
import type { UpstreamLink } from "../upstream/link.ts";
import { type BatchItem, Portal } from "./items.ts";
import { answerBatch } from "./local-batch.ts";
import { Statement } from "./statement.ts";
import { UpstreamBatch } from "./upstream-batch.ts";

interface Frame {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * The extended protocol's batches (up to Sync). A batch is collected until Sync or Flush and
 * then answered locally as a whole, or goes upstream as a whole: as soon as one message needs
 * the upstream, everything collected is sent there and the rest of the batch follows as it
 * comes. After a local error the rest is skipped to Sync.
 */
export class ExtendedProtocol {
  readonly #session: Session;
  #state: "idle" | "collecting" | "upstream" | "skipping" = "idle";
  #items: BatchItem[] = [];
  #frames: Frame[] = [];
  #bytes = 0;
  #portals: Map<string, Portal> | null = null;
  /** Statements parsed or closed (null) by the collected messages. */
  #overlay: Map<string, Statement | null> | null = null;
  #upstream: UpstreamBatch | null = null;
  /** A simple Query ran within a batch upstream: its implicit transaction lasts until Sync. */
  #syncDue = false;

  constructor(session: Session) {
    this.#session = session;
  }

  /** A batch has begun and its Sync has not come. */
  get open(): boolean {
    return this.#state !== "idle";
  }

  /** No message of a batch waits here, and none has to follow. */
  get resting(): boolean {
    if (this.#syncDue) return false;
    return this.#state === "idle" || (this.#state === "upstream" && this.#upstream?.ended === true);
  }

  get syncDue(): boolean {
    return this.#syncDue;
  }

  get skipping(): boolean {
    return this.#state === "skipping";
  }

  handle(reader: FrameReader): void | Promise<void> {
    if (this.#state === "upstream" && this.#upstream?.ended === true) this.#reset();
    if (this.#state === "idle") {
      // What is outstanding ends in a flush of its own.
      if (reader.type === FRONTEND.flush && this.#nothingOpen) return undefined;
      const queue = this.#session.link?.queue;
      if (queue?.unsettled === true) {
        return queue.settled().then(() => (this.#session.closed ? undefined : this.handle(reader)));
      }
      this.#begin();
    }
    const { type, buffer, start, end, last } = reader;
    if (this.#state === "skipping") {
      if (type !== FRONTEND.sync) return undefined;
      this.#reset();
      this.#session.ready();
      return undefined;
    }
    if (this.#state === "upstream") return this.#send(type, buffer, start, end, last);
    if (type === FRONTEND.sync) return this.#settle(true, { buffer, start, end });
    this.#frames.push({ buffer, start, end });
    this.#bytes += end - start;
    if (!last || this.#bytes > this.#session.context.limits.batchLimitBytes) {
      return this.#forward(null, "mixed-batch", last ? null : reader);
    }
    if (type === FRONTEND.flush) return this.#settle(false, null);
    const refused = this.#collect(type, buffer, start, end);
    return refused === null ? undefined : this.#forward(refused.route, refused.reason, null);
  }

  get #nothingOpen(): boolean {
    return !this.#syncDue && (this.#session.link?.queue.open ?? null) === null;
  }

  /** A simple Query or a function call (or its first part) arrived within the batch. */
  interrupt(frame: Frame): void | Promise<void> {
    if (this.#state === "skipping") return undefined;
    if (this.#state === "idle") this.#begin();
    if (this.#state === "collecting") {
      const pending = this.#forward(null, "mixed-batch", null);
      if (pending !== undefined) return pending.then(() => this.#interrupt(frame));
    } else if (this.#upstream?.ended === true) {
      this.#startUpstream(this.#session.link as UpstreamLink, null, "mixed-batch");
    }
    this.#interrupt(frame);
    return undefined;
  }

  #interrupt(frame: Frame): void {
    this.#upstream?.interrupt(frame, this.#usesStatements(frame));
    this.#reset();
    this.#syncDue = true;
  }

  #usesStatements({ buffer, start, end }: Frame): boolean {
    if (buffer[start] !== FRONTEND.query || end - start !== buffer.readInt32BE(start + 1) + 1) {
      return false;
    }
    const route = this.#session.context.router.route(parseQuery(buffer, start, end), this.#session);
    return route.kind === "forward" && touchesStatements(route.traits);
  }

  #begin(): void {
    const { link, status } = this.#session;
    const unit = link?.queue.open ?? null;
    if (link !== null && unit !== null) {
      // A COPY FROM is running, or has just ended: the server waits for this batch's Sync.
      this.#upstream = new UpstreamBatch(this.#session, link, unit);
      this.#state = "upstream";
      return;
    }
    this.#state = "collecting";
    const failed = status === STATUS.failed && link?.queue.busy === false;
    if (link !== null && (failed || this.#syncDue)) {
      this.#startUpstream(link, null, failed ? "in-transaction" : "mixed-batch");
    }
  }

  #collect(type: number, buffer: Buffer, start: number, end: number): Refusal | null {
    switch (type) {
      case FRONTEND.parse:
        return this.#collectParse(buffer, start, end);
      case FRONTEND.bind:
        return this.#collectBind(buffer, start, end);
      case FRONTEND.execute:
        return this.#collectExecute(buffer, start, end);
      case FRONTEND.describe:
      case FRONTEND.close:
        return this.#collectTarget(type, buffer, start, end);
      default:
        throw new ProtocolViolation(`invalid frontend message type ${type}`);
    }
  }

  #collectParse(buffer: Buffer, start: number, end: number): Refusal | null {
    const { name, text, typeIds } = parseParse(buffer, start, end);
    const statement = new Statement(name, text, typeIds);
    this.#items.push({ kind: "parse", statement });
    const taken = name !== "" && this.#lookup(name) !== null;
    this.#overlay ??= new Map<string, Statement | null>();
    if (!taken) this.#overlay.set(name, statement);
    if (taken || (name !== "" && this.#session.statements.namesUncertain)) return MIXED;
    return this.#refusal(statement);
  }

  #collectBind(buffer: Buffer, start: number, end: number): Refusal | null {
    const header = parseBind(buffer, start, end);
    const statement = this.#lookup(header.statement);
    if (statement === null || statement.uncertain) return MIXED;
    const own = this.#overlay?.has(header.statement) === true;
    const portal = new Portal(header.portal, statement, own, header);
    this.#items.push({ kind: "bind", portal });
    if (header.portal !== "" && this.#portals?.has(header.portal) === true) return MIXED;
    this.#portals ??= new Map<string, Portal>();
    this.#portals.set(header.portal, portal);
    return this.#refusal(statement);
  }

  #collectExecute(buffer: Buffer, start: number, end: number): Refusal | null {
    const { portal: name, maxRows } = parseExecute(buffer, start, end);
    const portal = this.#portals?.get(name);
    if (portal === undefined) return MIXED;
    this.#items.push({ kind: "execute", portal, maxRows });
    portal.executions += 1;
    return portal.executions > 1 ? MIXED : null;
  }

  #collectTarget(type: number, buffer: Buffer, start: number, end: number): Refusal | null {
    const { kind, name } = parseTarget(buffer, start, end);
    if (kind === TARGET_PORTAL) {
      const portal = this.#portals?.get(name);
      if (portal === undefined) return MIXED;
      if (type === FRONTEND.describe) {
        portal.described = true;
        this.#items.push({ kind: "describe-portal", portal });
      } else {
        this.#portals?.delete(name);
        this.#items.push({ kind: "close-portal", name });
      }
      return null;
    }
    if (kind !== TARGET_STATEMENT) return MIXED;
    const statement = this.#lookup(name);
    if (type === FRONTEND.describe) {
      if (statement === null || statement.uncertain) return MIXED;
      const own = this.#overlay?.has(name) === true;
      this.#items.push({ kind: "describe-statement", statement, own, result: null });
      return this.#refusal(statement);
    }
    this.#items.push({ kind: "close-statement", statement, name });
    this.#overlay ??= new Map<string, Statement | null>();
    this.#overlay.set(name, null);
    if (statement === null) return this.#session.statements.namesUncertain ? MIXED : null;
    return statement.upstream || statement.uncertain ? MIXED : null;
  }

  #lookup(name: string): Statement | null {
    const changed = this.#overlay?.get(name);
    return changed === undefined ? (this.#session.statements.get(name) ?? null) : changed;
  }

  /** Why the upstream is needed for this statement whatever comes; null: perhaps not. */
  #refusal(statement: Statement): Refusal | null {
    const route = routeOf(this.#session, statement);
    if (route === null) return MIXED;
    if (route.kind !== "forward") return null;
    const session = this.#session;
    const mayProbe = session.status === STATUS.idle && !session.scopeKnown;
    return route.reason === "unknown-scope" && mayProbe ? null : { route, reason: route.reason };
  }

  /** Sync (with its frame) or Flush: the collected messages are answered, here or upstream. */
  #settle(final: boolean, sync: Frame | null): void | Promise<void> {
    const answer = answerBatch(this.#session, this.#items, final);
    return answer instanceof Promise
      ? answer.then((outcome) => this.#settled(outcome, final, sync))
      : this.#settled(answer, final, sync);
  }

  #settled(
    outcome: ForwardReason | "answered" | "failed",
    final: boolean,
    sync: Frame | null,
  ): void | Promise<void> {
    if (this.#session.closed) return undefined;
    if (outcome === "answered" || outcome === "failed") {
      this.#reset();
      if (final) this.#session.ready();
      else this.#state = outcome === "failed" ? "skipping" : "collecting";
      return undefined;
    }
    const route = this.#items.find((item) => item.kind === "bind")?.portal.statement.route ?? null;
    const pending = this.#forward(route, outcome, null);
    if (sync === null) return pending;
    if (pending === undefined) return this.#sync(sync);
    return pending.then(() => this.#sync(sync));
  }

  #sync({ buffer, start, end }: Frame): void {
    this.#upstream?.send(FRONTEND.sync, buffer, start, end);
    this.#reset();
  }

  /** Everything collected goes upstream, and the rest of the batch will follow. */
  #forward(
    route: Route | null,
    reason: ForwardReason,
    partial: FrameReader | null,
  ): void | Promise<void> {
    const partialType = partial?.type ?? null;
    return this.#session.withLink((link) => {
      this.#startUpstream(link, route, reason);
      const upstream = this.#upstream as UpstreamBatch;
      upstream.replay(this.#items, this.#frames, partialType);
      this.#items = [];
      this.#frames = [];
      this.#portals = this.#overlay = null;
    });
  }

  #startUpstream(link: UpstreamLink, route: Route | null, reason: ForwardReason): void {
    if (route?.kind === "forward" && begins(route.traits)) this.#session.probeAhead(link);
    const unit = this.#session.beginUnit(link, "batch", null, null);
    this.#upstream = new UpstreamBatch(this.#session, link, unit);
    this.#state = "upstream";
    this.#session.account.forwarded(route, reason);
  }

  #send(type: number, buffer: Buffer, start: number, end: number, last: boolean): void {
    if (type === FRONTEND.sync) this.#syncDue = false;
    if (last) this.#upstream?.send(type, buffer, start, end);
    else this.#upstream?.sendLarge(type, buffer, start, end);
    if (type === FRONTEND.sync && this.#upstream?.copying !== true) this.#reset();
  }

  #reset(): void {
    this.#state = "idle";
    this.#items = [];
    this.#frames = [];
    this.#bytes = 0;
    this.#portals = null;
    this.#overlay = null;
    this.#upstream = null;
  }
}

interface Refusal {
  readonly route: Route | null;
  readonly reason: ForwardReason;
}

const MIXED: Refusal = { route: null, reason: "mixed-batch" };
