import { routeOf } from "@freshet/adapter-core";
import {
  byteString,
  FRONTEND,
  parse,
  parseExecute,
  parseParse,
  parseTarget,
  stringEnd,
  TARGET_PORTAL,
} from "@freshet/pg-wire";
import type { Session } from "../session.ts";
import { touchesStatements } from "../simple-query.ts";
import type { UpstreamLink } from "../upstream/link.ts";
import type { UpstreamUnit } from "../upstream/reply-queue.ts";
import { textPlan } from "../hit.ts";
import type { BatchItem } from "./items.ts";
import { Statement } from "./statement.ts";

interface Frame {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * A batch on its way upstream. Messages leave as they came; we only keep account of the prepared
 * statements they change, and parse upstream first what was parsed only here.
 */
export class UpstreamBatch {
  readonly #session: Session;
  readonly #link: UpstreamLink;
  readonly #unit: UpstreamUnit;
  readonly #portals = new Map<string, Statement | null>();

  constructor(session: Session, link: UpstreamLink, unit: UpstreamUnit) {
    this.#session = session;
    this.#link = link;
    this.#unit = unit;
  }

  /** Its ReadyForQuery has come although no Sync was sent (COPY, or a simple Query within). */
  get ended(): boolean {
    return this.#link.queue.open !== this.#unit;
  }

  /** A Sync is ignored by the server now. */
  get copying(): boolean {
    return this.#unit.copyIn;
  }

  /** What was collected; the last frame may be the first part of a large one. */
  replay(items: readonly BatchItem[], frames: readonly Frame[], partialType: number | null): void {
    // Before the batch begins, so that its replies keep their order.
    const own = new Set<Statement>();
    for (const item of items) {
      if (item.kind === "parse") own.add(item.statement);
      const used =
        item.kind === "bind" || item.kind === "execute" || item.kind === "describe-portal"
          ? item.portal.statement
          : item.kind === "describe-statement"
            ? item.statement
            : null;
      if (used !== null && !own.has(used) && this.#isCurrent(used)) this.#catchUp(used);
      if (item.kind === "parse") this.#catchUpTaken(item.statement.name);
    }
    frames.forEach(({ buffer, start, end }, index) => {
      const type = buffer[start] as number;
      if (partialType !== null && index === frames.length - 1) {
        this.sendLarge(partialType, buffer, start, end);
      } else {
        this.send(type, buffer, start, end);
      }
    });
  }

  send(type: number, buffer: Buffer, start: number, end: number): void {
    if (type !== FRONTEND.sync && type !== FRONTEND.flush) this.#unit.steps += 1;
    switch (type) {
      case FRONTEND.parse: {
        const { name, text, typeIds } = parseParse(buffer, start, end);
        this.#parse(new Statement(name, text, typeIds));
        break;
      }
      case FRONTEND.bind:
        this.#bind(buffer, start, end);
        break;
      case FRONTEND.describe: {
        const { kind, name } = parseTarget(buffer, start, end);
        if (kind !== TARGET_PORTAL) this.#catchUpNamed(name);
        break;
      }
      case FRONTEND.close: {
        const { kind, name } = parseTarget(buffer, start, end);
        this.#close(kind, name);
        break;
      }
      case FRONTEND.execute:
        this.#execute(parseExecute(buffer, start, end).portal);
        break;
      case FRONTEND.sync:
        if (!this.#unit.copyIn && !this.#unit.endsWithQuery) {
          this.#unit.complete = this.#unit.synced = true;
        }
        break;
      default:
        break;
    }
    this.#link.out.add(buffer, start, end);
  }

  /** A simple Query or function call follows within the batch: it ends the unit, if it runs. */
  interrupt({ buffer, start, end }: Frame, usesStatements: boolean): void {
    const { statements, transaction } = this.#session;
    const unit = this.#unit;
    // No Sync of ours may come before the client's, so these are parsed within its batch.
    if (usesStatements) for (const statement of statements.virtual()) this.#catchUp(statement);
    // One that has failed already skips it: its Sync still ends it.
    if (unit.kind === "batch" && !unit.failed) {
      unit.interruptedAfter = unit.steps;
      unit.complete = true;
    }
    statements.distrust();
    statements.distrustUnnamed();
    statements.namesUncertain = true;
    transaction.sent(unit, null, null);
    this.#link.out.add(buffer, start, end);
  }

  /** The first part of a message too large to look at as a whole. */
  sendLarge(type: number, buffer: Buffer, start: number, end: number): void {
    this.#unit.steps += 1;
    if (type === FRONTEND.parse) {
      const name = byteString(buffer, start + 5, stringEnd(buffer, start + 5, end));
      this.#parse(new Statement(name, null, []));
    } else if (type === FRONTEND.bind) {
      this.#bind(buffer, start, end);
    }
    this.#link.out.add(buffer, start, end);
  }

  #parse(statement: Statement): void {
    const { statements } = this.#session;
    const { name } = statement;
    this.#catchUpTaken(name);
    const previous = statements.get(name) ?? null;
    statement.upstream = true;
    const route = routeOf(this.#session, statement);
    if (route?.kind === "cached") {
      statement.shape = textPlan(this.#session, route).rowDescription;
    }
    if (previous?.upstream === false) this.#unit.unsettled = true;
    this.#unit.operations.push({ kind: "parse", statement, previous, swallow: false });
    if (name === "" || previous === null) statements.set(statement);
  }

  #bind(buffer: Buffer, start: number, end: number): void {
    const portalEnd = stringEnd(buffer, start + 5, end);
    const nameEnd = stringEnd(buffer, portalEnd + 1, end);
    const portal = byteString(buffer, start + 5, portalEnd);
    const name = byteString(buffer, portalEnd + 1, nameEnd);
    this.#catchUpNamed(name);
    const statement = this.#session.statements.get(name) ?? null;
    this.#portals.set(portal, statement);
    if (statement === null || statement.shape !== null || statement.validated) return;
    if (routeOf(this.#session, statement)?.kind === "cached") this.#unit.validates.push(statement);
  }

  #close(kind: number, name: string): void {
    const { statements } = this.#session;
    if (kind === TARGET_PORTAL) {
      this.#unit.operations.push({ kind: "close-portal" });
      return;
    }
    const previous = statements.get(name) ?? null;
    if (previous?.upstream === false) this.#unit.unsettled = true;
    this.#unit.operations.push({ kind: "close", name, previous });
    statements.delete(name);
  }

  #execute(portal: string): void {
    const { statements, transaction } = this.#session;
    const statement = this.#portals.get(portal) ?? null;
    if (statement === null || statement.text === null) {
      return transaction.sent(this.#unit, null, null);
    }
    const route = routeOf(this.#session, statement);
    const traits = route?.kind === "cached" || route?.kind === "forward" ? route.traits : null;
    if (traits === null || touchesStatements(traits)) {
      for (const virtual of statements.virtual()) this.#catchUp(virtual);
      if (traits?.verb !== "execute" && traits?.verb !== "explain") statements.distrust();
      if (traits === null || traits.verb === "prepare") statements.namesUncertain = true;
    }
    transaction.sent(this.#unit, traits, statement.text);
  }

  #isCurrent(statement: Statement): boolean {
    return this.#session.statements.get(statement.name) === statement;
  }

  #catchUpNamed(name: string): void {
    const statement = this.#session.statements.get(name);
    if (statement !== undefined) this.#catchUp(statement);
  }

  /** A name that is taken must be taken upstream too, for its error. */
  #catchUpTaken(name: string): void {
    if (name !== "") this.#catchUpNamed(name);
  }

  /** Parses upstream a statement that only we know; its ParseComplete is dropped. */
  #catchUp(statement: Statement): void {
    if (statement.upstream || statement.text === null) return;
    statement.upstream = true;
    this.#unit.unsettled = true;
    this.#unit.steps += 1;
    this.#unit.operations.push({ kind: "parse", statement, previous: null, swallow: true });
    this.#link.out.add(parse(statement.name, statement.text, statement.typeIds));
  }
}
