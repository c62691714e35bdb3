import type { Entry } from "@freshet/adapter-core";
import {
  CLIENT,
  compileRendering,
  CHARSET,
  packet,
  resultEnd,
  resultHead,
  type WireColumn,
} from "@freshet/mysql-wire";
import type { CacheDefinition, ColumnDefinition } from "@freshet/rpc";
import type { EncodedRows } from "@freshet/types";
import type { Session } from "./session.ts";

/** How one cache's answers look to sessions like this, in one of the two formats. */
export interface ResultPlan {
  readonly binary: boolean;
  readonly settingsKey: number;
  readonly status: number;
  readonly capabilities: number;
  /** Column count, definitions and what ends them. */
  readonly head: Buffer;
  /** Null: cannot be rendered this way, `refusal` says why; forward. */
  readonly variantKey: string | null;
  readonly refusal: string;
  /** Rows and what ends them. */
  readonly render: (rows: EncodedRows) => Buffer;
}

const plansByCache = new WeakMap<CacheDefinition, Map<string, ResultPlan>>();
const PLANS_LIMIT = 256;
const SECONDS_PER_MINUTE = 60;

/** What of the client's capabilities shapes a result. */
const SHAPING = CLIENT.deprecateEof | CLIENT.sessionTrack;

/** The plan asked for last: a busy thread asks for the same one again and again. */
let lastCache: CacheDefinition | null = null;
let lastPlan: ResultPlan | null = null;

export function resultPlan(cache: CacheDefinition, binary: boolean, session: Session): ResultPlan {
  const { settings, status } = session;
  const capabilities = session.capabilities & SHAPING;
  if (
    lastPlan === null ||
    cache !== lastCache ||
    lastPlan.binary !== binary ||
    lastPlan.settingsKey !== settings.key ||
    lastPlan.status !== status ||
    lastPlan.capabilities !== capabilities
  ) {
    lastPlan = findPlan(cache, binary, session, capabilities);
    lastCache = cache;
  }
  return lastPlan;
}

function findPlan(
  cache: CacheDefinition,
  binary: boolean,
  session: Session,
  capabilities: number,
): ResultPlan {
  let plans = plansByCache.get(cache);
  if (plans === undefined) plansByCache.set(cache, (plans = new Map<string, ResultPlan>()));
  const key = `${binary ? "b" : "t"} ${session.settings.key} ${session.status} ${capabilities}`;
  const known = plans.get(key);
  if (known !== undefined) return known;
  if (plans.size >= PLANS_LIMIT) plans.clear();
  const plan = compile(cache, binary, session, capabilities);
  plans.set(key, plan);
  return plan;
}

function compile(
  { columns: definitions, readsInstants }: CacheDefinition,
  binary: boolean,
  session: Session,
  capabilities: number,
): ResultPlan {
  const { settings, status } = session;
  const columns = definitions.map((column) => wireColumn(column, settings.resultCharset));
  const rendered = definitions.map(({ type }, index) => ({
    kind: type.kind,
    ...(columns[index] as WireColumn),
  }));
  const instants = readsInstants === true || rendered.some((c) => c.kind === "timestamptz");
  const zoned = settings.offsetMinutes === null && instants;
  const rendering = zoned
    ? ({ kind: "refused", reason: "the session's time zone is not a fixed offset" } as const)
    : settings.blanksInNames && columns.some(mayEndInBlanks)
      ? ({ kind: "refused", reason: "IGNORE_SPACE keeps blanks in a column's name" } as const)
      : compileRendering(rendered, binary ? "binary" : "text", {
          timeZoneOffsetSeconds: (settings.offsetMinutes ?? 0) * SECONDS_PER_MINUTE,
        });
  const ok = rendering.kind === "ok";
  const head = resultHead(columns, capabilities, status, 1);
  const end = resultEnd({ status }, capabilities);
  return {
    binary,
    settingsKey: settings.key,
    status,
    capabilities,
    head: head.bytes,
    variantKey: ok ? `my ${rendering.variantKey} ${status} ${capabilities}` : null,
    refusal: ok ? "" : rendering.reason,
    render: (rows) => {
      if (!ok) return Buffer.alloc(0);
      const { bytes, nextSequence } = rendering.render(rows, head.nextSequence);
      return Buffer.concat([bytes, packet(nextSequence, end)]);
    },
  };
}

/**
 * Under IGNORE_SPACE MySQL looks behind a word for a parenthesis, and names an expression that
 * ends with a word after the blanks it has passed. A single word is an alias or a literal.
 */
function mayEndInBlanks({ originalName, name }: WireColumn): boolean {
  return originalName === "" && !/^\w*$/.test(name) && /[\w$\x80-\xff]$/.test(name);
}

/** Texts come in the session's own collation, whatever the column's is. */
function wireColumn({ name, wire }: ColumnDefinition, resultCharset: number): WireColumn {
  const text = (key: string) => byteText(String(wire[key] ?? ""));
  const number = (key: string) => Number(wire[key] ?? 0);
  const charset = number("charset");
  return {
    catalog: "def",
    schema: text("schema"),
    table: text("table"),
    originalTable: text("originalTable"),
    name: byteText(name),
    originalName: text("originalName"),
    charset: charset === CHARSET.binary ? charset : resultCharset,
    length: number("length"),
    columnType: number("columnType"),
    flags: number("flags"),
    decimals: number("decimals"),
  };
}

/** Definitions are Unicode; the wire has bytes of utf8mb4. */
function byteText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Rows and end of an entry in this plan's form; rendered once per variant. */
export function variantBytes(plan: ResultPlan, entry: Entry): Buffer {
  const key = plan.variantKey as string;
  const known = entry.variant(key);
  if (known !== undefined) return known;
  const bytes = plan.render(entry.rows);
  entry.addVariant(key, bytes);
  return bytes;
}
