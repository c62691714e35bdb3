import {
  parseDate,
  parseInterval,
  parseTimestamp,
  parseTimestamptz,
  PG_OID,
  postgresArrayElement,
  postgresTypeName,
  printFloatDigits,
} from "@freshet/types";
import type { ValueKind } from "@freshet/types";
import type { ByteBuilder } from "./byte-builder.ts";
import { printStyledDate, printStyledTimestamp, printZoneOffset } from "./date-styles.ts";
import { printStyledInterval } from "./interval-styles.ts";
import { RenderingRefused } from "./rendering-refused.ts";
import { parseDateStyle } from "./rendering-settings.ts";
import type { DateStyle, RenderingSettings } from "./rendering-settings.ts";
import { fixedZone, isUtc } from "./time-zones.ts";
import type { Zone, ZoneLookup } from "./time-zones.ts";

/** Writes one non-null value, given as canonical text, without its length. */
export type CellRenderer = (source: Buffer, start: number, end: number, out: ByteBuilder) => void;

/** How a column is written; `render` null means the canonical text as it is. */
export type CellPlan =
  | { readonly kind: "ok"; readonly render: CellRenderer | null; readonly variant: string }
  | { readonly kind: "refused"; readonly reason: string };

const COPY: CellPlan = { kind: "ok", render: null, variant: "" };

function refused(reason: string): CellPlan {
  return { kind: "refused", reason };
}

/** The settings a type's text depends on. */
type Dependency = "zone" | "date" | "interval" | "float" | "bytea";

const DEPENDENCIES: Readonly<Record<string, readonly Dependency[]>> = {
  float4: ["float"],
  float8: ["float"],
  bytea: ["bytea"],
  date: ["date"],
  timestamp: ["date"],
  timestamptz: ["date", "zone"],
  interval: ["interval"],
  point: ["float"],
  lseg: ["float"],
  path: ["float"],
  box: ["float"],
  polygon: ["float"],
  line: ["float"],
  circle: ["float"],
  daterange: ["date"],
  datemultirange: ["date"],
  tsrange: ["date"],
  tsmultirange: ["date"],
  tstzrange: ["date", "zone"],
  tstzmultirange: ["date", "zone"],
};

/** Types whose text depends on what a session cannot be asked for cheaply, or on the catalog. */
const UNSTABLE: Readonly<Record<string, string>> = {
  money: "lc_monetary",
  regproc: "the search path",
  regprocedure: "the search path",
  regoper: "the search path",
  regoperator: "the search path",
  regclass: "the search path",
  regtype: "the search path",
  regconfig: "the search path",
  regdictionary: "the search path",
  regcollation: "the search path",
  regnamespace: "the catalog",
  regrole: "the catalog",
  aclitem: "the catalog",
};

const EVERYTHING: readonly Dependency[] = ["zone", "date", "interval", "float", "bytea"];
const NOTHING: readonly Dependency[] = [];

/** How a column's text is written under these settings. */
export function textPlan(
  typeId: number,
  kind: ValueKind,
  settings: RenderingSettings,
  zones: ZoneLookup,
): CellPlan {
  const element = postgresArrayElement(typeId);
  const name = postgresTypeName(element ?? typeId);
  const unstable = name === null ? undefined : UNSTABLE[name];
  if (unstable !== undefined) return refused(`the text of ${name} depends on ${unstable}`);
  if (name === null && kind === "enum") return COPY;
  // A user-defined type may hold anything.
  const dependencies = name === null ? EVERYTHING : (DEPENDENCIES[name] ?? NOTHING);
  const changed = dependencies.find((dependency) => !isCanonical(dependency, settings));
  if (changed === undefined) return COPY;
  if (element !== null || name === null || kind === "opaque") {
    return refused(`type ${name ?? typeId} is not rendered under ${describe(changed, settings)}`);
  }
  return scalarPlan(typeId, settings, zones);
}

function isCanonical(dependency: Dependency, settings: RenderingSettings): boolean {
  switch (dependency) {
    case "zone":
      return isUtc(settings.timeZone);
    case "date":
      return parseDateStyle(settings.dateStyle)?.format === "ISO";
    case "interval":
      return settings.intervalStyle === "postgres";
    case "float":
      return settings.extraFloatDigits >= 1;
    case "bytea":
      return settings.byteaOutput === "hex";
  }
}

function describe(dependency: Dependency, settings: RenderingSettings): string {
  switch (dependency) {
    case "zone":
      return `TimeZone ${settings.timeZone}`;
    case "date":
      return `DateStyle ${settings.dateStyle}`;
    case "interval":
      return `IntervalStyle ${settings.intervalStyle}`;
    case "float":
      return `extra_float_digits ${settings.extraFloatDigits}`;
    case "bytea":
      return `bytea_output ${settings.byteaOutput}`;
  }
}

function scalarPlan(typeId: number, settings: RenderingSettings, zones: ZoneLookup): CellPlan {
  switch (typeId) {
    case PG_OID.float4:
    case PG_OID.float8:
      return floatPlan(typeId === PG_OID.float4 ? 6 : 15, settings.extraFloatDigits);
    case PG_OID.bytea:
      if (settings.byteaOutput !== "escape") break;
      return { kind: "ok", render: renderByteaEscape, variant: "bytea=escape" };
    case PG_OID.interval:
      return intervalPlan(settings.intervalStyle);
    case PG_OID.date:
    case PG_OID.timestamp: {
      const style = parseDateStyle(settings.dateStyle);
      if (style === null) return refused(`DateStyle ${settings.dateStyle} is not known`);
      const print =
        typeId === PG_OID.date
          ? (text: string) => printStyledDate(parseDate(text), style)
          : (text: string) => printStyledTimestamp(parseTimestamp(text), style, "");
      return { kind: "ok", render: finite(print), variant: `date=${settings.dateStyle}` };
    }
    case PG_OID.timestamptz:
      return timestamptzPlan(settings, zones);
  }
  return refused(`type ${postgresTypeName(typeId)} is not rendered under these settings`);
}

/** Infinite values print alike in every style. */
function finite(print: (text: string) => string): CellRenderer {
  return (source, start, end, out) => {
    const text = source.toString("latin1", start, end);
    out.latin1(text.endsWith("infinity") ? text : print(text));
  };
}

function floatPlan(base: number, extraFloatDigits: number): CellPlan {
  const digits = Math.max(1, base + extraFloatDigits);
  return {
    kind: "ok",
    render: (source, start, end, out) => {
      const value = Number(source.toString("latin1", start, end));
      out.latin1(printFloatDigits(base === 6 ? Math.fround(value) : value, digits));
    },
    variant: `float=${extraFloatDigits}`,
  };
}

function intervalPlan(style: string): CellPlan {
  if (style !== "sql_standard" && style !== "iso_8601" && style !== "postgres_verbose") {
    return refused(`IntervalStyle ${style} is not known`);
  }
  const render = finite((text) => printStyledInterval(parseInterval(text), style));
  return { kind: "ok", render, variant: `interval=${style}` };
}

function timestamptzPlan(settings: RenderingSettings, zones: ZoneLookup): CellPlan {
  const style = parseDateStyle(settings.dateStyle);
  const zone = fixedZone(settings.timeZone) ?? zones(settings.timeZone);
  if (style === null) return refused(`DateStyle ${settings.dateStyle} is not known`);
  if (zone === null) return refused(`the offsets of TimeZone ${settings.timeZone} are not known`);
  if (style.format !== "ISO" && zone.abbreviation === null) {
    return refused(`the abbreviations of TimeZone ${settings.timeZone} are not known`);
  }
  return {
    kind: "ok",
    render: finite((text) => inZone(parseTimestamptz(text), style, zone)),
    variant: `zone=${settings.timeZone};date=${style.format === "ISO" ? "ISO" : settings.dateStyle}`,
  };
}

const EPOCH_SHIFT_SECONDS = 946_684_800;

function inZone(micros: bigint, style: DateStyle, zone: Zone): string {
  let seconds = micros / 1_000_000n;
  if (seconds * 1_000_000n > micros) seconds -= 1n;
  const offset = zone.offsetAt(Number(seconds) + EPOCH_SHIFT_SECONDS);
  if (offset === null) throw new RenderingRefused("an instant is outside the zone's known range");
  const local = micros + BigInt(offset) * 1_000_000n;
  const suffix = style.format === "ISO" ? printZoneOffset(offset) : ` ${zone.abbreviation}`;
  return printStyledTimestamp(local, style, suffix);
}

const BACKSLASH = 0x5c;

/** From `\x...` to bytea_output escape. */
function renderByteaEscape(source: Buffer, start: number, end: number, out: ByteBuilder): void {
  const bytes = Buffer.from(source.toString("latin1", start + 2, end), "hex");
  for (const byte of bytes) {
    if (byte === BACKSLASH) out.latin1("\\\\");
    else if (byte >= 0x20 && byte <= 0x7e) out.uint8(byte);
    else out.latin1(`\\${byte.toString(8).padStart(3, "0")}`);
  }
}
