/**
 * One step of the script: a name and its arguments.
 *
 * - `connect NAME DATABASE [multi|local]`, `use NAME`, `close NAME`: connections; the one opened or
 *   used last is the one that the other steps are done with. `multi` allows several statements
 *   in a text, `local` local files.
 * - `text TIMES SQL`: as text; all results.
 * - `prepared TIMES SQL VALUE…`: by a statement that the server prepares, run TIMES times.
 * - `prepare SQL`, `run VALUE…`, `unprepare`: the same in steps.
 * - `call NAME VALUE…`: by the driver's own means for procedures; `out:` and `inout:` values.
 * - `stream SQL`, `cursor ROWS SQL`: rows as they come, or fetched ROWS at a time.
 * - `begin`, `commit`, `rollback`, `autocommit 0|1`, `ping`, `reset`, `insert-id`, `warnings`: the
 *   driver's own calls, or the statement where it has none.
 * - `large MEGABYTES`: inserts a parameter of that size into `large` as row 1.
 * - `load TABLE`: LOAD DATA LOCAL of the script's data file.
 * - `kill`: SELECT SLEEP in the current connection, KILL QUERY in another one.
 *
 * VALUE is `i:` integer, `f:` float, `s:` string, `b:` bytes in hex, `n:` null.
 */
export type Operation = readonly [name: string, ...args: readonly string[]];

/** A line for each, arguments percent-encoded and separated by tabs: every language reads that. */
export function encodeScript(script: Readonly<Record<string, readonly Operation[]>>): string {
  return Object.entries(script)
    .flatMap(([section, operations]) => [["section", section] as const, ...operations])
    .map((operation) => `${operation.map(encodeURIComponent).join("\t")}\n`)
    .join("");
}
