import type { TableSchema } from "@freshet/types";
import { ConfigurationError } from "@freshet/util";
import type { UpstreamCatalog } from "../replication/contract.ts";

export interface TableFilterOptions {
  /** `schema.table`, `schema.*` or `*.*`; null: all tables. */
  readonly only: readonly string[] | null;
  readonly ignore: readonly string[] | null;
  /** MySQL's names may differ in case from how they are written. */
  readonly foldCase: boolean;
}

/** `schema.table`, `schema.*` or `*.*`. */
export function isTablePattern(pattern: string): boolean {
  const dot = pattern.indexOf(".");
  const [schema, table] = [pattern.slice(0, dot), pattern.slice(dot + 1)];
  return dot >= 1 && table !== "" && (schema !== "*" || table === "*");
}

/** Which tables may be copied, as the operator said: by options, and by statements since. */
export class TableFilter {
  readonly #only: ReadonlySet<string> | null;
  readonly #ignore: ReadonlySet<string>;
  readonly #fold: (name: string) => string;
  /** As folded, and as written. */
  #added: ReadonlyMap<string, string> = new Map();

  /** Throws a ConfigurationError for what is no pattern. */
  constructor({ only, ignore, foldCase }: TableFilterOptions) {
    this.#fold = foldCase ? (name) => name.toLowerCase() : (name) => name;
    this.#only = only === null ? null : this.#patterns("--replication-tables", only);
    this.#ignore = this.#patterns("--replication-tables-ignore", ignore ?? []);
  }

  /** What statements add to `--replication-tables`; what is no pattern counts for nothing. */
  widen(added: readonly string[]): void {
    this.#added = new Map(added.filter(isTablePattern).map((name) => [this.#fold(name), name]));
  }

  /** Without `--replication-tables` there is nothing to widen. */
  get allowsAll(): boolean {
    return this.#only === null;
  }

  /** Whether `--replication-tables` itself has this very pattern. */
  names(pattern: string): boolean {
    return this.#only?.has(this.#fold(pattern)) === true;
  }

  same(one: string, other: string): boolean {
    return this.#fold(one) === this.#fold(other);
  }

  /** For people. */
  toString(): string {
    const added = [...this.#added].filter(([folded]) => !this.names(folded));
    const only =
      this.#only === null
        ? ["all"]
        : [...this.#only, ...added.map(([, written]) => `${written} (added)`)];
    const ignored = this.#ignore.size === 0 ? "" : ` except ${[...this.#ignore].join(", ")}`;
    return `${only.length === 0 ? "none" : only.join(", ")}${ignored}`;
  }

  /** Null when the table may be copied; else why not. */
  refusal(table: Pick<TableSchema, "schema" | "name">): string | null {
    const schema = this.#fold(table.schema);
    const names = [`${schema}.${this.#fold(table.name)}`, `${schema}.*`, "*.*"];
    const isIn = (patterns: { has(name: string): boolean }): boolean =>
      names.some((name) => patterns.has(name));
    const title = `table ${table.schema}.${table.name} is not replicated`;
    if (isIn(this.#ignore)) return `${title} (--replication-tables-ignore names it)`;
    if (this.#only === null || isIn(this.#only) || isIn(this.#added)) return null;
    return `${title} (--replication-tables does not name it)`;
  }

  /** The catalogue without the tables that may not be copied. */
  of(catalog: UpstreamCatalog): UpstreamCatalog {
    if (this.#only === null && this.#ignore.size === 0) return catalog;
    return {
      table: (schema, name) => {
        const found = catalog.table(schema, name);
        if ("refused" in found) return found;
        const refused = this.refusal(found);
        return refused === null ? found : { refused };
      },
      type: (path, modifiers) => catalog.type(path, modifiers),
      overload: (kind, name) => catalog.overload(kind, name),
    };
  }

  #patterns(option: string, written: readonly string[]): ReadonlySet<string> {
    const patterns = new Set<string>();
    for (const pattern of written) {
      if (!isTablePattern(pattern)) {
        throw new ConfigurationError(
          `${option} has "${pattern}": write schema.table, schema.* or *.*`,
        );
      }
      patterns.add(this.#fold(pattern));
    }
    return patterns;
  }
}
