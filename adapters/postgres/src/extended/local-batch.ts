import {
  type CachedRoute,
  fillWithin,
  type ForwardReason,
  isControlError,
  routeOf,
} from "@freshet/adapter-core";
import {
  BIND_COMPLETE,
  byteString,
  CLOSE_COMPLETE,
  commandComplete,
  dataRow,
  NO_DATA,
  PARSE_COMPLETE,
  parameterDescription,
  rowDescription,
  STATUS,
} from "@freshet/pg-wire";
import type { ControlError, ControlResult } from "@freshet/rpc";
import { columnsAhead, controlColumns, onlyShows, runControl, writeNotices } from "../control.ts";
import { countHit, textPlan } from "../hit.ts";
import { boundKey, boundParams } from "../param-key.ts";
import { prepare, readiness } from "../readiness.ts";
import { resultPlan, type ResultPlan, variantBytes } from "../rendering.ts";
import type { Session } from "../session.ts";
import type { BatchItem, Portal } from "./items.ts";
import { declaredTypesFit, parameterTypes } from "./parameter-types.ts";
import type { Statement } from "./statement.ts";

/** `failed`: answered with an error of ours; skip to Sync. A reason: forward the whole batch. */
export type BatchOutcome = "answered" | "failed" | ForwardReason;

type Check =
  | "ready"
  | { readonly wait: CachedRoute | null }
  | { readonly miss: Portal; readonly route: CachedRoute }
  | { readonly run: BatchItem }
  | ForwardReason;

const ATTEMPT_LIMIT = 4;

/**
 * Answers the collected messages of a batch if all of them can be answered here; writes nothing
 * otherwise. Synchronous when everything is at hand.
 */
export function answerBatch(
  session: Session,
  items: readonly BatchItem[],
  final: boolean,
): BatchOutcome | Promise<BatchOutcome> {
  const check = checkItems(session, items, final);
  if (check === "ready") return write(session, items);
  if (typeof check === "string") return check;
  return answerLater(session, items, final, check);
}

async function answerLater(
  session: Session,
  items: readonly BatchItem[],
  final: boolean,
  first: Check,
): Promise<BatchOutcome> {
  let check = first;
  // Each run of a statement of ours and each fill is progress; waits are counted.
  for (let waits = 0; waits < ATTEMPT_LIMIT;) {
    if (session.closed) return "not-serving";
    if (check === "ready") return write(session, items);
    if (typeof check === "string") return check;
    if ("wait" in check) {
      waits += 1;
      const refused = await prepare(session, check.wait);
      if (refused !== null) return refused;
    } else if ("miss" in check) {
      const refused = await fillPortal(session, check.miss, check.route);
      if (refused !== null) return refused;
    } else {
      await runItem(session, check.run);
    }
    check = checkItems(session, items, final);
  }
  return "not-serving";
}

function checkItems(session: Session, items: readonly BatchItem[], final: boolean): Check {
  const queue = session.link?.queue;
  if (queue?.busy === true) return queue.endsByItself ? { wait: null } : "mixed-batch";
  if (session.status === STATUS.failed) return "in-transaction";
  for (const item of items) {
    const check = checkItem(session, item, final);
    if (check === "error") return "ready";
    if (check !== "ready") return check;
  }
  return "ready";
}

function checkItem(session: Session, item: BatchItem, final: boolean): Check | "error" {
  switch (item.kind) {
    case "close-portal":
    case "close-statement":
    case "describe-portal":
      return "ready";
    case "execute":
      return checkExecute(item.portal, item.maxRows);
    case "bind":
      // A portal that is not run by now may be run later, in parts: the upstream's business.
      if (item.portal.executions === 0 && (!final || session.status === STATUS.transaction)) {
        return "mixed-batch";
      }
      break;
    default:
      break;
  }
  const { statement, own } = item.kind === "bind" ? item.portal : { own: true, ...item };
  // A Parse that was outstanding when this was collected has failed.
  if (!own && session.statements.get(statement.name) !== statement) return "mixed-batch";
  const route = routeOf(session, statement);
  if (route === null) return "unparsed";
  switch (route.kind) {
    case "forward":
      return route.reason === "unknown-scope" && !session.scopeKnown
        ? { wait: null }
        : route.reason;
    case "control-error":
      return "error";
    case "control": {
      const holder = item.kind === "bind" ? item.portal : item.kind === "parse" ? null : item;
      if (holder === null || holder.result !== null) return "ready";
      const needed =
        item.kind === "bind"
          ? item.portal.executions > 0 || onlyShows(route.statement)
          : onlyShows(route.statement);
      return needed ? { run: item } : "ready";
    }
    case "cached":
      if (item.kind === "parse") {
        return declaredTypesFit(route, statement.typeIds) ? "ready" : "parameter-type";
      }
      if (!keepsShape(session, statement, route)) {
        return statement.upstream ? "mixed-batch" : "error";
      }
      if (item.kind === "bind") return checkPortal(session, item.portal, route);
      return parameterTypes(route, statement.typeIds) === null ? "parameter-type" : "ready";
  }
}

/** False once DDL has changed the columns a client knows. */
function keepsShape(session: Session, statement: Statement, route: CachedRoute): boolean {
  const now = textPlan(session, route).rowDescription;
  if (statement.shape === now) return true;
  if (statement.shape === null && statement.upstream && !statement.validated) return false;
  if (statement.shape === null || statement.shape.equals(now)) {
    statement.shape = now;
    return true;
  }
  statement.shapeChanged = true;
  return false;
}

function checkExecute(portal: Portal, maxRows: number): Check {
  if (maxRows <= 0) return "ready";
  const rows = portal.entry?.rows.count ?? Infinity;
  return rows < maxRows ? "ready" : "mixed-batch";
}

function checkPortal(session: Session, portal: Portal, route: CachedRoute): Check {
  const ready = readiness(session, route);
  if (ready === "async") return { wait: route };
  if (ready !== "ready") return ready;
  const { header, statement } = portal;
  const plan = portalPlan(session, portal, route);
  if (plan.variantKey === null) return "result-format";
  if (portal.entry === null || portal.route !== route) {
    const key = boundKey(route, statement.typeIds, header);
    if (key === null) return "parameter-type";
    portal.entry = session.context.router.lookup(route, key);
    if (portal.entry === null) return { miss: portal, route };
  }
  portal.route = route;
  portal.plan = plan;
  portal.bytes = variantBytes(plan, portal.entry);
  return portal.bytes === null ? "result-format" : "ready";
}

/** The statement's last plan serves again while formats and settings are the same. */
function portalPlan(session: Session, portal: Portal, route: CachedRoute): ResultPlan {
  const { header, statement } = portal;
  const { buffer, resultFormatCount: count, resultFormatsAt: at } = header;
  const formatsKey =
    count === 0 ? 0 : count === 1 ? buffer.readInt16BE(at) : byteString(buffer, at, at + count * 2);
  const { settings } = session;
  const { zones } = session.context;
  const last = statement.plan;
  if (
    last?.formatsKey === formatsKey &&
    last.settingsKey === settings.key &&
    last.zonesState === zones.state
  ) {
    return last;
  }
  const formats: number[] = [];
  for (let i = 0; i < count; i += 1) formats.push(buffer.readInt16BE(at + i * 2));
  const plan = resultPlan(route.cache, formats, formatsKey, settings, zones);
  statement.plan = plan;
  return plan;
}

async function fillPortal(
  session: Session,
  portal: Portal,
  route: CachedRoute,
): Promise<ForwardReason | null> {
  const { header, statement } = portal;
  const key = boundKey(route, statement.typeIds, header);
  const params = boundParams(route, statement.typeIds, header);
  if (key === null || params === null) return "parameter-type";
  const filled = await fillWithin(session.context, { route, key, params });
  if (typeof filled === "string") return filled;
  portal.entry = filled;
  portal.filled = true;
  portal.route = route;
  return null;
}

async function runItem(session: Session, item: BatchItem): Promise<void> {
  const holder =
    item.kind === "bind" ? item.portal : item.kind === "describe-statement" ? item : null;
  const statement =
    item.kind === "bind"
      ? item.portal.statement
      : item.kind === "describe-statement"
        ? item.statement
        : null;
  if (holder === null || statement?.route?.kind !== "control") return;
  holder.result = await runControl(session, statement.route.statement);
}

/** All is at hand: writes the replies in order, up to an error of ours. */
function write(session: Session, items: readonly BatchItem[]): "answered" | "failed" {
  for (const item of items) if (!writeItem(session, item)) return "failed";
  return "answered";
}

/** False after an error. */
function writeItem(session: Session, item: BatchItem): boolean {
  const { out, statements } = session;
  switch (item.kind) {
    case "parse": {
      const { route } = item.statement;
      if (route?.kind === "control-error") {
        session.error({ code: "42601", message: route.message, position: route.position });
        return false;
      }
      if (route?.kind === "cached") item.statement.shape = textPlan(session, route).rowDescription;
      statements.set(item.statement);
      out.add(PARSE_COMPLETE);
      return true;
    }
    case "bind":
      if (item.portal.statement.shapeChanged) return writeShapeError(session);
      out.add(BIND_COMPLETE);
      return true;
    case "close-statement":
      statements.delete(item.name);
      out.add(CLOSE_COMPLETE);
      return true;
    case "close-portal":
      out.add(CLOSE_COMPLETE);
      return true;
    case "describe-statement": {
      const { statement, result } = item;
      if (statement.shapeChanged) return writeShapeError(session);
      if (statement.route?.kind !== "cached") {
        out.add(parameterDescription([]));
        const ahead = statement.route?.kind === "control" ? statement.route.statement : null;
        const columns = result ?? { columns: ahead === null ? [] : columnsAhead(ahead) };
        if ("columns" in columns) statement.describedColumns = columns.columns.length;
        return writeControlColumns(session, columns, 0);
      }
      out.add(parameterDescription(parameterTypes(statement.route, statement.typeIds) ?? []));
      out.add(textPlan(session, statement.route).rowDescription);
      return true;
    }
    case "describe-portal": {
      const { portal } = item;
      if (portal.plan !== null) out.add(portal.plan.rowDescription);
      else return writeControlColumns(session, portal.result, resultFormat(portal));
      return true;
    }
    case "execute":
      return writeExecute(session, item.portal);
  }
}

function writeShapeError(session: Session): false {
  session.error({ code: "0A000", message: "cached plan must not change result type" });
  return false;
}

function writeExecute(session: Session, portal: Portal): boolean {
  const { out } = session;
  if (portal.bytes !== null && portal.route !== null) {
    out.add(portal.bytes);
    countHit(session, portal.route, portal.filled);
    return true;
  }
  const { result } = portal;
  if (result === null) return true;
  if (isControlError(result)) {
    session.error(result);
    return false;
  }
  writeNotices(session, result);
  const { describedColumns } = portal.statement;
  if (describedColumns === null || describedColumns === result.columns.length) {
    for (const row of result.rows) out.add(dataRow(row));
  }
  out.add(commandComplete(result.tag));
  return true;
}

/** `text` looks the same in both formats; only the description tells them apart. */
function resultFormat({ header }: Portal): number {
  return header.resultFormatCount === 0 ? 0 : header.buffer.readInt16BE(header.resultFormatsAt);
}

function writeControlColumns(
  session: Session,
  result: Pick<ControlResult, "columns"> | ControlError | null,
  format: number,
): boolean {
  if (result !== null && "code" in result) {
    session.error(result);
    return false;
  }
  if (result === null || result.columns.length === 0) session.out.add(NO_DATA);
  else session.out.add(rowDescription(controlColumns(result.columns), [format]));
  return true;
}
