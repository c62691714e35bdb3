import {
  parseDate,
  parseInterval,
  parseTime,
  parseTimestamp,
  parseTimestamptz,
  postgresArrayElement,
  postgresTypeName,
} from "@freshet/types";
import type { ValueKind } from "@freshet/types";
import { parseArrayText } from "./array-text.ts";
import { encodeInet } from "./binary-inet.ts";
import { encodeNumeric } from "./binary-numeric.ts";
import type { ByteBuilder } from "./byte-builder.ts";
import type { CellPlan, CellRenderer } from "./text-renderers.ts";
import { RenderingRefused } from "./rendering-refused.ts";

/** Days and microseconds of the infinities in binary dates and timestamps. */
const DATE_INFINITY = 0x7fff_ffff;
const DATE_NEGATIVE_INFINITY = -0x8000_0000;
const JSONB_VERSION = 1;

/** An encoder whose input is the text as a (byte) string. */
function fromText(encode: (text: string, out: ByteBuilder) => void): CellRenderer {
  return (source, start, end, out) => encode(source.toString("latin1", start, end), out);
}

const copyText: CellRenderer = (source, start, end, out) => out.copy(source, start, end);

const ENCODERS: Readonly<Record<string, CellRenderer>> = {
  bool: (source, start, _end, out) => out.uint8(source[start] === 0x74 ? 1 : 0),
  int2: fromText((text, out) => out.uint16(Number(text))),
  int4: fromText((text, out) => out.int32(Number(text))),
  oid: fromText((text, out) => out.int32(Number(text))),
  xid: fromText((text, out) => out.int32(Number(text))),
  cid: fromText((text, out) => out.int32(Number(text))),
  int8: fromText((text, out) => out.int64(BigInt(text))),
  xid8: fromText((text, out) => out.int64(BigInt(text))),
  float4: fromText((text, out) => out.float32(Number(text))),
  float8: fromText((text, out) => out.float64(Number(text))),
  numeric: fromText(encodeNumeric),
  text: copyText,
  varchar: copyText,
  bpchar: copyText,
  name: copyText,
  json: copyText,
  unknown: copyText,
  char: fromText(encodeChar),
  jsonb: (source, start, end, out) => {
    out.uint8(JSONB_VERSION);
    out.copy(source, start, end);
  },
  uuid: fromText((text, out) =>
    out.latin1(Buffer.from(text.replaceAll("-", ""), "hex").toString("latin1")),
  ),
  bytea: fromText((text, out) => out.latin1(Buffer.from(text.slice(2), "hex").toString("latin1"))),
  date: fromText(encodeDate),
  time: fromText((text, out) => out.int64(BigInt(parseTime(text)))),
  timetz: fromText(encodeTimetz),
  timestamp: fromText((text, out) => out.int64(parseTimestamp(text))),
  timestamptz: fromText((text, out) => out.int64(parseTimestamptz(text))),
  interval: fromText(encodeInterval),
  inet: fromText((text, out) => encodeInet(text, false, out)),
  cidr: fromText((text, out) => encodeInet(text, true, out)),
};

/** `"char"`: one byte; high bytes are text like `\377`, the zero byte is the empty text. */
function encodeChar(text: string, out: ByteBuilder): void {
  if (text.length === 4 && text.startsWith("\\")) out.uint8(Number.parseInt(text.slice(1), 8));
  else out.uint8(text === "" ? 0 : text.charCodeAt(0));
}

function encodeDate(text: string, out: ByteBuilder): void {
  const days = parseDate(text);
  if (Number.isFinite(days)) out.int32(days);
  else out.int32(days > 0 ? DATE_INFINITY : DATE_NEGATIVE_INFINITY);
}

/** Time of day, then seconds west of UTC. */
function encodeTimetz(text: string, out: ByteBuilder): void {
  const match = /^(.*)([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(text);
  if (match === null) throw new SyntaxError(`not a time with time zone: ${JSON.stringify(text)}`);
  const [, time = "", sign, hours, minutes = "0", seconds = "0"] = match;
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  out.int64(BigInt(parseTime(time)));
  out.int32(sign === "+" ? -offset : offset);
}

function encodeInterval(text: string, out: ByteBuilder): void {
  const { months, days, micros } = parseInterval(text);
  out.int64(micros);
  out.int32(days);
  out.int32(months);
}

/** How a column's binary form is written; the type of an enum is told by its kind. */
export function binaryPlan(typeId: number, kind: ValueKind): CellPlan {
  const render = binaryEncoder(typeId, kind);
  if (render !== null)
    return { kind: "ok", render: render === copyText ? null : render, variant: "" };
  const name = postgresTypeName(typeId) ?? `type ${typeId}`;
  return { kind: "refused", reason: `the binary form of ${name} is not rendered` };
}

function binaryEncoder(typeId: number, kind: ValueKind): CellRenderer | null {
  const name = postgresTypeName(typeId);
  if (name === null) return kind === "enum" ? copyText : null;
  const element = postgresArrayElement(typeId);
  if (element === null) return ENCODERS[name] ?? null;
  const encode = ENCODERS[postgresTypeName(element) ?? ""];
  return encode === undefined ? null : arrayEncoder(element, encode);
}

/** array_send: dimensions, null flag, element type, bounds, elements with their lengths. */
function arrayEncoder(element: number, encode: CellRenderer): CellRenderer {
  return fromText((text, out) => {
    const array = parseArrayText(text);
    if (array === null) throw new RenderingRefused("an array's text is not understood");
    out.int32(array.dimensions.length);
    out.int32(array.elements.includes(null) ? 1 : 0);
    out.int32(element);
    for (const { length, lowerBound } of array.dimensions) {
      out.int32(length);
      out.int32(lowerBound);
    }
    for (const value of array.elements) {
      if (value === null) {
        out.int32(-1);
        continue;
      }
      const at = out.skip(4);
      const source = Buffer.from(value, "latin1");
      encode(source, 0, source.length, out);
      out.patchInt32(at, out.length - at - 4);
    }
  });
}
