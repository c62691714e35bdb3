import { type CachedRoute, routeOf } from "@freshet/adapter-core";
import { CLIENT, ReplyTracker, COMMAND, StatementParams, PacketScanner } from "@freshet/mysql-wire";
import type { CacheDefinition } from "@freshet/rpc";
import type { Session } from "../session.ts";
import type { Statement } from "./statement.ts";

/** A reply to COM_STMT_PREPARE as the upstream gave it, with the id still to be set. */
interface LearnedReply {
  readonly bytes: Buffer;
  readonly paramCount: number;
  readonly columnCount: number;
}

const LEARNED_LIMIT = 1000;
const REPLY_LIMIT_BYTES = 65_536;
/** Where the statement id stands in the reply: behind a header and a zero. */
const ID_AT = 5;
const SHORT_LIMIT_BYTES = 36;

/**
 * Replies to the preparation of cached statements, by text and what of a session shapes them.
 * The upstream alone knows what it says of parameters, so each is asked for once.
 */
const repliesByCache = new WeakMap<CacheDefinition, Map<string, LearnedReply>>();

function keyOf(session: Session, text: string): string {
  const shaping = session.capabilities & CLIENT.deprecateEof;
  return `${shaping} ${session.settings.key} ${session.status} ${text}`;
}

/** True when the reply to this statement's preparation should be kept. */
export function wantsLearning(session: Session, statement: Statement): boolean {
  const route = routeOf(session, statement);
  return route?.kind === "cached" && session.probing.scopeKnown;
}

/** Prepares it here, as the upstream did before for others; false when it never did. */
export function answerFromLearned(
  session: Session,
  route: CachedRoute,
  statement: Statement,
): boolean {
  if (statement.text === null) return false;
  const learned = repliesByCache.get(route.cache)?.get(keyOf(session, statement.text));
  if (learned === undefined) return false;
  statement.params = new StatementParams(learned.paramCount);
  statement.columnCount = learned.columnCount;
  statement.local = true;
  const bytes = Buffer.from(learned.bytes);
  bytes.writeUInt32LE(statement.id, ID_AT);
  session.out.add(bytes);
  return true;
}

/** The whole reply has passed. */
export function learnedDone(
  session: Session,
  statement: Statement,
  parts: readonly Buffer[],
): void {
  const route = routeOf(session, statement);
  if (route?.kind !== "cached" || statement.text === null || !session.probing.scopeKnown) return;
  const bytes = Buffer.concat(parts);
  if (bytes.length > REPLY_LIMIT_BYTES || warns(bytes, session.capabilities)) return;
  let replies = repliesByCache.get(route.cache);
  if (replies === undefined) repliesByCache.set(route.cache, (replies = new Map()));
  if (replies.size >= LEARNED_LIMIT) replies.clear();
  const { columnCount } = statement;
  const paramCount = statement.params.count;
  replies.set(keyOf(session, statement.text), { bytes, columnCount, paramCount });
}

/** Warnings of one preparation are not those of another. */
function warns(bytes: Buffer, capabilities: number): boolean {
  const scanner = new PacketScanner(SHORT_LIMIT_BYTES);
  scanner.push(bytes);
  const tracker = new ReplyTracker(capabilities);
  tracker.begin(COMMAND.stmtPrepare);
  while (scanner.next()) {
    if (scanner.first) tracker.packet(scanner.buffer, scanner.payloadAt, scanner.length);
  }
  return tracker.warnings > 0;
}
