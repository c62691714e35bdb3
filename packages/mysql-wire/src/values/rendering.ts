import type { EncodedRows } from "@freshet/types";
import { PacketBuilder } from "../packet-builder.ts";
import { NULL_BITMAP_OFFSET, nullBitmapBytes } from "../replies/binary-row.ts";
import type { PacketRun } from "../replies/column-definition.ts";
import { NULL_CELL } from "../replies/text-row.ts";
import { cellPlan } from "./cell-plans.ts";
import type { CellRenderer, RenderedColumn } from "./cell-plans.ts";
import type { RenderingSettings } from "./rendering-settings.ts";

/** How the rows of a result are written for one format and one session's settings. */
export type Rendering =
  | {
      readonly kind: "ok";
      /** Row packets back to back, the first with this sequence id. */
      readonly render: (rows: EncodedRows, firstSequence: number) => PacketRun;
      /**
       * Names what of format and settings matters for these columns: renderings of one result
       * with equal keys are equal bytes. Empty for text that no setting changes.
       */
      readonly variantKey: string;
    }
  | { readonly kind: "refused"; readonly reason: string };

/** `format`: text rows answer COM_QUERY, binary rows COM_STMT_EXECUTE. */
export function compileRendering(
  columns: readonly RenderedColumn[],
  format: "text" | "binary",
  settings: RenderingSettings,
): Rendering {
  const renderers: CellRenderer[] = [];
  const variants = new Set<string>();
  for (const column of columns) {
    const plan = cellPlan(column, format, settings);
    if (plan.kind === "refused") return plan;
    renderers.push(plan.render);
    if (plan.variant !== "") variants.add(plan.variant);
  }
  const settingsKey = [...variants].sort().join(";");
  return {
    kind: "ok",
    render:
      format === "text"
        ? (rows, firstSequence) => renderRows(rows, firstSequence, renderers, writeTextRow)
        : (rows, firstSequence) => renderRows(rows, firstSequence, renderers, writeBinaryRow),
    variantKey: (format === "binary" ? "b" : "") + (settingsKey && `|${settingsKey}`),
  };
}

const SCRATCH_BYTES = 64 * 1024;
/** A scratch grown beyond this by one large result is not kept. */
const SCRATCH_KEPT_BYTES = 4 * 1024 * 1024;

let scratch = new PacketBuilder(SCRATCH_BYTES);

/** Writes one row that starts at `from` of the source and returns where it ends there. */
type RowWriter = (
  source: Buffer,
  from: number,
  renderers: readonly CellRenderer[],
  out: PacketBuilder,
) => number;

function renderRows(
  rows: EncodedRows,
  firstSequence: number,
  renderers: readonly CellRenderer[],
  writeRow: RowWriter,
): PacketRun {
  const { bytes } = rows;
  const source = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = scratch;
  out.reset();
  let from = 0;
  let sequence = firstSequence & 0xff;
  for (let row = 0; row < rows.count; row += 1) {
    out.beginPacket(sequence);
    from = writeRow(source, from, renderers, out);
    sequence = out.endPacket();
  }
  const built = out.copy();
  if (built.length > SCRATCH_KEPT_BYTES) scratch = new PacketBuilder(SCRATCH_BYTES);
  return { bytes: built, nextSequence: sequence };
}

function writeTextRow(
  source: Buffer,
  start: number,
  renderers: readonly CellRenderer[],
  out: PacketBuilder,
): number {
  let from = start;
  for (const render of renderers) {
    const length = source.readInt32BE(from);
    from += 4;
    if (length < 0) {
      out.uint8(NULL_CELL);
      continue;
    }
    render(source, from, from + length, out);
    from += length;
  }
  return from;
}

function writeBinaryRow(
  source: Buffer,
  start: number,
  renderers: readonly CellRenderer[],
  out: PacketBuilder,
): number {
  let from = start;
  out.uint8(0);
  const bitmapAt = out.length;
  out.zeros(nullBitmapBytes(renderers.length));
  for (let column = 0; column < renderers.length; column += 1) {
    const length = source.readInt32BE(from);
    from += 4;
    if (length < 0) {
      const bit = column + NULL_BITMAP_OFFSET;
      const at = bitmapAt + (bit >> 3);
      out.bytes[at] = out.bytes[at]! | (1 << (bit & 7));
      continue;
    }
    renderers[column]!(source, from, from + length, out);
    from += length;
  }
  return from;
}
