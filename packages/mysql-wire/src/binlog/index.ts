/*
 * Usage
 *
 *   const decoder = new BinlogDecoder();            // one per dump; remembers the checksum
 *   const event = decoder.decode(eventBytes);       // whole event: header, body, checksum
 *                                                   // (of a dump packet: without its 0x00 byte)
 *   event.kind === "payload": for (const inner of decoder.inner(event)) …   inner: BinlogEvent
 *
 *   const rows = compileRowDecoder(tableMap, wanted);
 *     wanted: (SqlType | null)[], one for each column of the table; null = skip it
 *     -> RowDecoder | { mismatch: string }          // the definition changed: re-read the catalog
 *   rows.decode(rowsEvent): DecodedRows
 *     { before: Row[] | null, after: Row[] | null, missing: readonly number[] }
 *     insert: after only; delete: before only; update: both, same length. A row has a value for
 *     each wanted column only, in table order. `missing`: wanted columns (their positions in the
 *     table) that some image does not contain (binlog_row_image not FULL): treat as fatal;
 *     their values are ABSENT.
 *
 *   readEventHeader(bytes, at): EventHeader
 *   events are matched to their table map by tableId; compile once per `tableMap.definition`
 *
 * Events keep views of the bytes they came from (only a table map's `definition` is a copy).
 * Every failure is a BinlogError, always fatal to the stream; `reason` "unrepresentable" comes
 * from one table's rows alone, so refusing that table and starting again helps.
 */
export * from "./binlog-error.ts";
export * from "./events.ts";
export { BinlogDecoder, type BinlogDecoderOptions } from "./decoder.ts";
export { readEventHeader } from "./event-header.ts";
export { MARIADB_TYPE } from "./stored-column.ts";
export * from "./row-decoder.ts";
