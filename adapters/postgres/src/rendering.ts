import type { EncodedRows } from "@freshet/types";
import type { CacheDefinition, ColumnDefinition } from "@freshet/rpc";
import type { Entry } from "@freshet/adapter-core";
import {
  commandComplete,
  compileRendering,
  RenderingRefused,
  rowDescription,
  type WireField,
} from "@freshet/pg-wire";
import type { SessionSettings } from "./settings.ts";
import type { KnownZone, ZoneBook } from "./zones.ts";

/** How one cache's answers look to sessions with these settings, in these result formats. */
export interface ResultPlan {
  readonly settingsKey: string;
  readonly formatsKey: string | number;
  /** `ZoneBook.state` it was made at: zones may have become known since, or have changed. */
  readonly zonesState: number;
  readonly rowDescription: Buffer;
  /** Null: cannot be rendered this way, `refusal` says why; forward. */
  readonly variantKey: string | null;
  readonly refusal: string;
  readonly render: (rows: EncodedRows) => Buffer;
}

const plansByCache = new WeakMap<CacheDefinition, Map<string, ResultPlan>>();
const PLANS_LIMIT = 256;

/** All text: what simple queries and Describe of a statement use. */
export const TEXT_FORMATS: readonly number[] = [];

/** The plan asked for last: a busy thread asks for the same one again and again. */
let lastCache: CacheDefinition | null = null;
let lastPlan: ResultPlan | null = null;

/**
 * `formats` as in Bind (none, one for all, one a column); `formatsKey` names them.
 */
export function resultPlan(
  cache: CacheDefinition,
  formats: readonly number[],
  formatsKey: string | number,
  settings: SessionSettings,
  zones: ZoneBook,
): ResultPlan {
  if (
    lastPlan === null ||
    cache !== lastCache ||
    lastPlan.formatsKey !== formatsKey ||
    lastPlan.settingsKey !== settings.key ||
    lastPlan.zonesState !== zones.state
  ) {
    lastPlan = findPlan(cache, formats, formatsKey, settings, zones);
    lastCache = cache;
  }
  return lastPlan;
}

function findPlan(
  cache: CacheDefinition,
  formats: readonly number[],
  formatsKey: string | number,
  settings: SessionSettings,
  zones: ZoneBook,
): ResultPlan {
  let plans = plansByCache.get(cache);
  if (plans === undefined) plansByCache.set(cache, (plans = new Map<string, ResultPlan>()));
  const key = `${typeof formatsKey}${formatsKey}\0${settings.key}`;
  const known = plans.get(key);
  if (known?.zonesState === zones.state) return known;
  if (plans.size >= PLANS_LIMIT) plans.clear();
  const plan = compile(cache.columns, formats, formatsKey, settings, zones);
  plans.set(key, plan);
  return plan;
}

function compile(
  columns: readonly ColumnDefinition[],
  formats: readonly number[],
  formatsKey: string | number,
  settings: SessionSettings,
  zones: ZoneBook,
): ResultPlan {
  const fields = columns.map(({ name, wire }) => ({ name, ...(wire as WireField) }));
  const rendered = columns.map(({ type }, index) => ({
    typeId: fields[index]!.typeId,
    kind: type.kind,
  }));
  const zonesState = zones.state;
  let used: KnownZone | undefined;
  const rendering = compileRendering(rendered, formats, settings.rendering(), (name) => {
    used = zones.lookup(name);
    return used?.zone ?? null;
  });
  const ok = rendering.kind === "ok";
  const edition = used === undefined ? "" : ` ${used.edition}`;
  return {
    settingsKey: settings.key,
    formatsKey,
    zonesState,
    rowDescription: rowDescription(fields, formats),
    variantKey: ok ? `pg ${rendering.variantKey}${edition}` : null,
    refusal: ok ? "" : rendering.reason,
    render: (rows) => (ok ? rendering.render(rows) : Buffer.alloc(0)),
  };
}

/**
 * DataRows and CommandComplete of an entry in this plan's form; rendered once per variant. Null:
 * one of these rows cannot be rendered exactly, forward.
 */
export function variantBytes(plan: ResultPlan, entry: Entry): Buffer | null {
  const key = plan.variantKey as string;
  const known = entry.variant(key);
  if (known !== undefined) return known;
  let rows: Buffer;
  try {
    rows = plan.render(entry.rows);
  } catch (error) {
    if (error instanceof RenderingRefused) return null;
    throw error;
  }
  const bytes = Buffer.concat([rows, commandComplete(`SELECT ${entry.rows.count}`)]);
  entry.addVariant(key, bytes);
  return bytes;
}
