import type { QueryEvent } from "@freshet/mysql-wire";
import type { TableId } from "@freshet/types";
import type { Logger } from "@freshet/util";
import type { StreamHandler } from "../contract.ts";
import type { LogPosition } from "./position.ts";
import { compareLogPositions } from "./position.ts";
import {
  type StatementKind,
  createsIfMissing,
  onlyTable,
  truncatedTable,
} from "./statement-kind.ts";
import type { TrackedTable, TrackedTables } from "./tracked-tables.ts";

/**
 * Decides which tracked tables a statement in the log may have changed otherwise than by row
 * events. It may name too many, never too few. A change is final: the table is removed and the
 * handler told, once.
 */
export class SchemaChanges {
  readonly #tables: TrackedTables;
  readonly #logger: Logger;
  readonly #handler: () => StreamHandler | null;
  readonly #lacking = new Set<TableId>();

  constructor(options: {
    readonly tables: TrackedTables;
    readonly logger: Logger;
    /** The stream's handler, null while there is no stream. */
    readonly handler: () => StreamHandler | null;
  }) {
    this.#tables = options.tables;
    this.#logger = options.logger;
    this.#handler = options.handler;
  }

  /** Returns tables that were emptied, which is a change like any other. */
  judge(event: QueryEvent, kind: StatementKind, at: LogPosition): readonly TableId[] {
    switch (kind) {
      case "begin":
      case "commit":
      case "rollback":
      case "rollback to savepoint":
      case "xa start":
      case "xa end":
      case "xa commit":
      case "xa rollback":
      case "harmless":
        return [];
      case "access":
        this.#handler()?.accessChange();
        return [];
      case "drop schema": {
        const named = this.#current(at).filter((table) =>
          mentions(event.text, table.schema.schema),
        );
        this.changed(named, "its schema was dropped");
        return [];
      }
      case "truncate": {
        const target = truncatedTable(event.text);
        if (target !== null) {
          const table = this.#tables.byName(target.schema ?? event.schema, target.name);
          return table === undefined || isBefore(at, table) ? [] : [table.schema.id];
        }
        this.changed(this.#named(event, at), "it was emptied");
        return [];
      }
      case "tables":
        // Of a table that is tracked it says that it exists.
        if (createsIfMissing(event.text)) return [];
        this.changed(this.#named(event, at), "its definition changed");
        return [];
      case "anything": {
        if (this.#isServersOwn(event)) return [];
        const affected = this.#current(at);
        const statement = event.text.slice(0, 40).replace(/\s+/g, " ");
        this.#logger.error(
          { statement, tables: affected.length },
          "a statement is in the binary log as text, not as rows: all tables are copied again " +
            "(fix: binlog_format = ROW in every session)",
        );
        this.changed(affected, "a statement was logged as text");
        return [];
      }
    }
  }

  changed(tables: readonly TrackedTable[], reason: string): void {
    const removed = tables.filter((table) => this.#tables.remove(table.schema.id));
    if (removed.length === 0) return;
    const names = removed.map(({ schema }) => `${schema.schema}.${schema.name}`);
    this.#logger.info({ tables: names, reason }, "tables changed upstream");
    this.#handler()?.schemaChange(removed.map((table) => table.schema.id));
  }

  /** The row image is not whole: refused for a while, and looked at again then. */
  missingColumns(table: TrackedTable): void {
    this.#lacking.add(table.schema.id);
    this.changed([table], "the binary log leaves out columns (binlog_row_image is not FULL)");
  }

  /** Once: did the log leave out columns of the table? */
  takeMissingColumns(table: TableId): boolean {
    return this.#lacking.delete(table);
  }

  #current(at: LogPosition): readonly TrackedTable[] {
    return this.#tables.all().filter((table) => !isBefore(at, table));
  }

  #named(event: QueryEvent, at: LogPosition): readonly TrackedTable[] {
    const only = onlyTable(event.text);
    if (only !== null) {
      const table = this.#tables.byName(only.schema ?? event.schema, only.name);
      return table === undefined || isBefore(at, table) ? [] : [table];
    }
    return this.#current(at).filter(({ schema }) =>
      namesTable(event.text, event.schema, schema.schema, schema.name),
    );
  }

  /** After a restart the server empties MEMORY tables, whatever the format. */
  #isServersOwn(event: QueryEvent): boolean {
    const match = /^DELETE FROM `((?:[^`]|``)+)`\.`((?:[^`]|``)+)`\s*(?:\/\*[^*]*\*\/)?\s*$/.exec(
      event.text,
    );
    if (match === null) return false;
    const [schema, name] = [match[1]!, match[2]!].map((part) => part.replaceAll("``", "`"));
    return this.#tables.byName(schema!, name!) === undefined;
  }
}

/** Did the transaction end before the table's definition was read? */
export function isBefore(at: LogPosition, table: TrackedTable): boolean {
  return table.since !== null && compareLogPositions(at, table.since) <= 0;
}

/** Is the word anywhere in the text, quoted or not, in any case? */
function mentions(text: string, word: string): boolean {
  return occurrences(text, word).length > 0;
}

function occurrences(text: string, word: string): readonly number[] {
  const lower = text.toLowerCase();
  // A name that is not ASCII may be in another character set here.
  if (isForeign(word) && isForeign(text)) return [0];
  const wanted = word.toLowerCase();
  const forms = new Set([wanted, wanted.replaceAll("`", "``"), wanted.replaceAll('"', '""')]);
  const found: number[] = [];
  for (const form of forms) {
    for (let at = lower.indexOf(form); at >= 0; at = lower.indexOf(form, at + 1)) {
      if (!isWordPart(lower[at - 1]) && !isWordPart(lower[at + form.length])) found.push(at);
    }
  }
  return found;
}

function isWordPart(character: string | undefined): boolean {
  return character !== undefined && /[\w$]/.test(character);
}

/** Characters whose bytes depend on the session's character set, which is not looked at. */
function isForeign(text: string): boolean {
  return /[^\x00-\x7f]/.test(text);
}

/** A qualifier that is whole and plain; others may be anything. */
const QUALIFIER =
  /(?:^|[\s,(])(?:`([\x20-\x5f\x61-\x7e]+)`|"([\x20-\x21\x23-\x7e]+)"|([\w$]+))\s*\.\s*[`"]?$/;

/**
 * May the text name the table? An occurrence does not count where it is plainly qualified by
 * another schema, or plainly unqualified while another schema is the default.
 */
export function namesTable(
  text: string,
  defaultSchema: string,
  schema: string,
  name: string,
): boolean {
  if (isForeign(name) && isForeign(text)) return true;
  const isDefault = defaultSchema.toLowerCase() === schema.toLowerCase();
  return occurrences(text, name).some((at) => {
    const before = text.slice(Math.max(0, at - 400), at);
    const qualifier = QUALIFIER.exec(before);
    if (qualifier !== null) {
      const owner = (qualifier[1] ?? qualifier[2] ?? qualifier[3]!).toLowerCase();
      return owner === schema.toLowerCase() || /^\d+$/.test(owner);
    }
    const isCommented = /\/\*|--|#/.test(text.slice(0, at));
    const isPlain = /(?:^|[\s,(])[`"]?$/.test(before) && !/\.\s*[`"]?$/.test(before);
    return isDefault || isCommented || !isPlain;
  });
}
