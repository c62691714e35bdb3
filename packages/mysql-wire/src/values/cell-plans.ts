import { byteString } from "@freshet/util";
import { printMysqlDouble, printMysqlFixed, printMysqlFloat } from "@freshet/types";
import type { ValueKind } from "@freshet/types";
import { COLUMN_FLAG, TYPE } from "../column-types.ts";
import type { PacketBuilder } from "../packet-builder.ts";
import type { WireColumn } from "../replies/column-definition.ts";
import type { RenderingSettings } from "./rendering-settings.ts";
import { shiftTimestamp, writeBinaryDateTime, writeBinaryTime } from "./temporal-text.ts";

/** Writes one non-null value, given as canonical text, with its length where it has one. */
export type CellRenderer = (source: Buffer, start: number, end: number, out: PacketBuilder) => void;

export type CellPlan =
  | { readonly kind: "ok"; readonly render: CellRenderer; readonly variant: string }
  | { readonly kind: "refused"; readonly reason: string };

/** A result column: how its canonical text is to be read, and what its definition says. */
export interface RenderedColumn extends Pick<
  WireColumn,
  "columnType" | "flags" | "length" | "decimals"
> {
  readonly kind: ValueKind;
}

/** `decimals` of a FLOAT or DOUBLE that has no fixed number of them. */
const DECIMALS_NOT_FIXED = 31;
const YEAR_DIGITS = 4;

export const copyCell: CellRenderer = (source, start, end, out) => {
  out.lenencInt(end - start);
  out.appendBytes(source, start, end);
};

/** A renderer by way of the text as a byte string. */
function fromText(write: (text: string, out: PacketBuilder) => void): CellRenderer {
  return (source, start, end, out) => write(byteString(source, start, end), out);
}

function textCell(print: (text: string) => string): CellRenderer {
  return fromText((text, out) => out.lenencText(print(text)));
}

/** `\x` and hexadecimal digits to the bytes. */
const bytesCell = fromText((text, out) => {
  out.lenencInt((text.length - 2) >> 1);
  out.appendHex(text, 2);
});

/** BIT(n): as many bytes as n bits need, the highest first. */
function bitCell(bits: number): CellRenderer {
  const count = (bits + 7) >> 3;
  return fromText((text, out) => {
    const value = BigInt(text);
    out.uint8(count);
    for (let byte = count - 1; byte >= 0; byte -= 1) {
      out.uint8(Number((value >> BigInt(byte * 8)) & 0xffn));
    }
  });
}

const ok = (render: CellRenderer, variant = ""): CellPlan => ({ kind: "ok", render, variant });

const refused = (reason: string): CellPlan => ({ kind: "refused", reason });

const TEXT_KINDS: readonly ValueKind[] = ["text", "bpchar", "bytes", "enum", "opaque"];

/** Kinds whose canonical text is understood for a column type; others are refused. */
function kindsOf(columnType: number): readonly ValueKind[] {
  switch (columnType) {
    case TYPE.tiny:
    case TYPE.short:
    case TYPE.long:
    case TYPE.int24:
    case TYPE.longlong:
    case TYPE.year:
    case TYPE.bit:
      return ["int", "bigint"];
    case TYPE.newdecimal:
    case TYPE.decimal:
      return ["decimal", "int", "bigint"];
    case TYPE.float:
      return ["float4"];
    case TYPE.double:
      return ["float8"];
    case TYPE.date:
      return ["civildate"];
    case TYPE.datetime:
      return ["civildatetime"];
    case TYPE.timestamp:
      return ["timestamptz"];
    case TYPE.time:
      return ["time"];
    case TYPE.null:
    case TYPE.json:
    case TYPE.enum:
    case TYPE.set:
    case TYPE.varchar:
    case TYPE.varString:
    case TYPE.string:
    case TYPE.tinyBlob:
    case TYPE.mediumBlob:
    case TYPE.longBlob:
    case TYPE.blob:
      return TEXT_KINDS;
    default:
      return [];
  }
}

/** How a column is written in text or binary rows. */
export function cellPlan(
  column: RenderedColumn,
  format: "text" | "binary",
  settings: RenderingSettings,
): CellPlan {
  const { kind, columnType } = column;
  if (!kindsOf(columnType).includes(kind)) {
    return refused(`a value of kind ${kind} is not rendered as column type ${columnType}`);
  }
  if (kind === "bytes") return ok(bytesCell);
  if (columnType === TYPE.bit) return ok(bitCell(column.length));
  return format === "text" ? textPlan(column, settings) : binaryPlan(column, settings);
}

function textPlan(column: RenderedColumn, settings: RenderingSettings): CellPlan {
  const { columnType, decimals } = column;
  const pad = padding(column);
  const fixed = decimals < DECIMALS_NOT_FIXED;
  switch (columnType) {
    case TYPE.float:
    case TYPE.double: {
      const print = columnType === TYPE.float ? printMysqlFloat : printMysqlDouble;
      return ok(
        textCell((text) => {
          const value = Number(text);
          return (fixed ? printMysqlFixed(value, decimals) : print(value)).padStart(pad, "0");
        }),
      );
    }
    case TYPE.timestamp: {
      const offset = settings.timeZoneOffsetSeconds;
      if (offset === 0) return ok(copyCell);
      return ok(
        textCell((text) => shiftTimestamp(text, offset)),
        `zone ${offset}`,
      );
    }
    default:
      return ok(pad === 0 ? copyCell : textCell((text) => text.padStart(pad, "0")));
  }
}

/** ZEROFILL columns are printed in their whole width, YEAR always with four digits. */
function padding({ columnType, flags, length }: RenderedColumn): number {
  if (columnType === TYPE.year) return YEAR_DIGITS;
  return (flags & COLUMN_FLAG.zerofill) !== 0 ? length : 0;
}

function binaryPlan(column: RenderedColumn, settings: RenderingSettings): CellPlan {
  switch (column.columnType) {
    case TYPE.tiny:
      return ok(fromText((text, out) => out.uint8(Number(text) & 0xff)));
    case TYPE.short:
    case TYPE.year:
      return ok(fromText((text, out) => out.uint16(Number(text))));
    case TYPE.long:
    case TYPE.int24:
      return ok(fromText((text, out) => out.uint32(Number(text))));
    case TYPE.longlong:
      return ok(fromText((text, out) => out.uint64(BigInt(text))));
    case TYPE.float:
      return refused("the binary form of FLOAT is not in its text, which has six digits");
    case TYPE.double:
      if (column.decimals < DECIMALS_NOT_FIXED) {
        return refused("the binary form of DOUBLE(M,D) is not in its text, which is rounded");
      }
      return ok(fromText((text, out) => out.double(Number(text))));
    case TYPE.date:
    case TYPE.datetime:
      return ok(fromText(writeBinaryDateTime));
    case TYPE.timestamp: {
      const offset = settings.timeZoneOffsetSeconds;
      return ok(
        fromText((text, out) => writeBinaryDateTime(shiftTimestamp(text, offset), out)),
        offset === 0 ? "" : `zone ${offset}`,
      );
    }
    case TYPE.time:
      return ok(fromText(writeBinaryTime));
    default: {
      const pad = padding(column);
      return ok(pad === 0 ? copyCell : textCell((text) => text.padStart(pad, "0")));
    }
  }
}
