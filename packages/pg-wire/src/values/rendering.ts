import type { EncodedRows, ValueKind } from "@freshet/types";
import { binaryPlan } from "./binary-encoders.ts";
import { ByteBuilder } from "./byte-builder.ts";
import type { RenderingSettings } from "./rendering-settings.ts";
import { textPlan } from "./text-renderers.ts";
import type { CellRenderer } from "./text-renderers.ts";
import type { ZoneLookup } from "./time-zones.ts";

export interface RenderedColumn {
  readonly typeId: number;
  readonly kind: ValueKind;
}

/** How a result is written for one combination of formats and settings. */
export type Rendering =
  | {
      readonly kind: "ok";
      /**
       * DataRow messages back to back. Throws RenderingRefused when one of these rows cannot be
       * rendered exactly; the request must then go upstream.
       */
      readonly render: (rows: EncodedRows) => Buffer;
      /**
       * Names what of formats and settings matters for these columns: renderings of one result
       * with equal keys are equal bytes. Empty for canonical text.
       */
      readonly variantKey: string;
    }
  | { readonly kind: "refused"; readonly reason: string };

const NO_ZONES: ZoneLookup = () => null;

/**
 * `formats` as in Bind: none (all text), one for all columns, or one a column; 0 text, 1 binary.
 * `zones` knows named time zones learned from the upstream; without it only UTC and fixed
 * offsets are rendered.
 */
export function compileRendering(
  columns: readonly RenderedColumn[],
  formats: readonly number[],
  settings: RenderingSettings,
  zones: ZoneLookup = NO_ZONES,
): Rendering {
  if (formats.length > 1 && formats.length !== columns.length) {
    return { kind: "refused", reason: "result formats do not match the columns" };
  }
  const renderers: (CellRenderer | null)[] = [];
  const variants = new Set<string>();
  let formatKey = "";
  for (let index = 0; index < columns.length; index += 1) {
    const { typeId, kind } = columns[index]!;
    const format = formats.length === 1 ? formats[0]! : (formats[index] ?? 0);
    if (format !== 0 && format !== 1) {
      return { kind: "refused", reason: `unknown result format ${format}` };
    }
    const plan = format === 1 ? binaryPlan(typeId, kind) : textPlan(typeId, kind, settings, zones);
    if (plan.kind === "refused") return plan;
    renderers.push(plan.render);
    // A text value that is its own binary form is the same bytes in both formats.
    formatKey += format === 1 && plan.render !== null ? "1" : "0";
    if (plan.variant !== "") variants.add(plan.variant);
  }
  const isCopy = renderers.every((renderer) => renderer === null);
  const settingsKey = [...variants].sort().join(";");
  return {
    kind: "ok",
    render: isCopy
      ? (rows) => copyRows(rows, columns.length)
      : (rows) => renderRows(rows, renderers),
    variantKey: (formatKey.includes("1") ? formatKey : "") + (settingsKey && `|${settingsKey}`),
  };
}

const DATA_ROW = 0x44;
/** Type, length and column count. */
const HEADER_BYTES = 7;

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A row's columns have the layout of DataRow already: only headers are added. */
function copyRows(rows: EncodedRows, columnCount: number): Buffer {
  const source = bufferOf(rows.bytes);
  const target = Buffer.allocUnsafeSlow(source.length + rows.count * HEADER_BYTES);
  let from = 0;
  let to = 0;
  for (let row = 0; row < rows.count; row += 1) {
    let end = from;
    for (let column = 0; column < columnCount; column += 1) {
      const length = source.readInt32BE(end);
      end += length > 0 ? 4 + length : 4;
    }
    target[to] = DATA_ROW;
    target.writeInt32BE(HEADER_BYTES - 1 + end - from, to + 1);
    target.writeInt16BE(columnCount, to + 5);
    source.copy(target, to + HEADER_BYTES, from, end);
    to += HEADER_BYTES + end - from;
    from = end;
  }
  return target;
}

const SCRATCH_BYTES = 64 * 1024;
/** A scratch grown beyond this by one large result is not kept. */
const SCRATCH_KEPT_BYTES = 4 * 1024 * 1024;

let scratch = new ByteBuilder(SCRATCH_BYTES);

function renderRows(rows: EncodedRows, renderers: readonly (CellRenderer | null)[]): Buffer {
  const source = bufferOf(rows.bytes);
  const out = scratch;
  out.clear();
  let from = 0;
  for (let row = 0; row < rows.count; row += 1) {
    const start = out.length;
    out.uint8(DATA_ROW);
    out.int32(0);
    out.uint16(renderers.length);
    for (const render of renderers) {
      const length = source.readInt32BE(from);
      from += 4;
      if (length < 0) {
        out.int32(-1);
        continue;
      }
      if (render === null) {
        out.int32(length);
        out.copy(source, from, from + length);
      } else {
        const at = out.skip(4);
        render(source, from, from + length, out);
        out.patchInt32(at, out.length - at - 4);
      }
      from += length;
    }
    out.patchInt32(start + 1, out.length - start - 1);
  }
  const built = out.finish();
  if (built.length > SCRATCH_KEPT_BYTES) scratch = new ByteBuilder(SCRATCH_BYTES);
  return built;
}
