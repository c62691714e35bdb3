import type { ControlResult, SessionScope } from "@freshet/rpc";
import { type Upstream, UpstreamError } from "../replication/contract.ts";
import type { DeploymentSettings } from "./deployment-settings.ts";
import * as show from "./show.ts";
import type { State } from "./state.ts";
import { isTablePattern, type TableFilter } from "./table-filter.ts";

export interface ReplicatedTablesOptions {
  readonly settings: State<DeploymentSettings>;
  readonly filter: TableFilter;
  readonly upstream: Upstream;
  /** Other tables than before may be copied. */
  readonly onChange: () => void;
}

/** Patterns that a statement takes at once; the list is a document of the authority. */
const TABLES_LIMIT = 10_000;

/**
 * Widens `--replication-tables` while the deployment runs, for all of its servers and for as long
 * as it lives: the patterns that statements added are kept with its settings.
 */
export class ReplicatedTables {
  readonly #options: ReplicatedTablesOptions;

  constructor(options: ReplicatedTablesOptions) {
    const { settings, filter } = options;
    this.#options = options;
    let { tables } = settings.value;
    filter.widen(tables);
    settings.onChange(() => {
      const now = settings.value.tables;
      if (sameList(now, tables)) return;
      tables = now;
      filter.widen(tables);
      options.onChange();
    });
  }

  /** ALTER FRESHET ADD TABLES; `written` are byte strings. */
  async add(written: readonly string[], scope: SessionScope): Promise<ControlResult> {
    const { settings, filter } = this.#options;
    const patterns = await this.#patterns(written, scope);
    if (filter.allowsAll) {
      const notice = "every table is allowed: --replication-tables is not set, nothing to add to";
      return show.done("ALTER FRESHET", [notice]);
    }
    let known: readonly string[] = [];
    await settings.update((value) => {
      known = value.tables;
      const fresh = patterns.filter(
        (pattern, index) =>
          !filter.names(pattern) &&
          !this.#isIn(known, pattern) &&
          !this.#isIn(patterns.slice(0, index), pattern),
      );
      if (known.length + fresh.length > TABLES_LIMIT) {
        throw new UpstreamError(
          "53400",
          `at most ${TABLES_LIMIT} tables can be added; add schema.*`,
        );
      }
      return fresh.length === 0 ? value : { ...value, tables: [...known, ...fresh] };
    });
    const notices = patterns.flatMap((pattern) => {
      if (filter.names(pattern)) return [`"${pattern}" is in --replication-tables, skipping`];
      if (this.#isIn(known, pattern)) return [`"${pattern}" was added before, skipping`];
      const dot = pattern.indexOf(".");
      const table = { schema: pattern.slice(0, dot), name: pattern.slice(dot + 1) };
      // What is ignored stays so.
      const refused = filter.refusal(table);
      return refused === null ? [] : [refused];
    });
    return show.done("ALTER FRESHET", notices);
  }

  /** ALTER FRESHET DROP TABLES: takes back what was added. */
  async drop(written: readonly string[], scope: SessionScope): Promise<ControlResult> {
    const { settings, filter } = this.#options;
    const patterns = await this.#patterns(written, scope);
    let known: readonly string[] = [];
    await settings.update((value) => {
      known = value.tables;
      const left = known.filter((pattern) => !this.#isIn(patterns, pattern));
      return left.length === known.length ? value : { ...value, tables: left };
    });
    const notices = patterns.flatMap((pattern) => {
      if (filter.names(pattern)) return [`"${pattern}" is in --replication-tables and stays`];
      return this.#isIn(known, pattern) ? [] : [`"${pattern}" was not added, skipping`];
    });
    return show.done("ALTER FRESHET", notices);
  }

  #isIn(list: readonly string[], pattern: string): boolean {
    return list.some((other) => this.#options.filter.same(other, pattern));
  }

  /** A name without schema is that of the table which the session sees under it. */
  async #patterns(written: readonly string[], scope: SessionScope): Promise<readonly string[]> {
    const { upstream } = this.#options;
    const names = written.map((name) => Buffer.from(name, "latin1").toString("utf8"));
    const isBare = names.some((name) => !name.includes("."));
    const catalog = isBare ? await upstream.catalog(scope.identity) : null;
    return names.map((name) => {
      const found = name.includes(".") ? null : (catalog?.table(null, name) ?? null);
      if (found !== null && "refused" in found) {
        throw new UpstreamError("42P01", `${found.refused}; write schema.table`);
      }
      const pattern = found === null ? name : `${found.schema}.${found.name}`;
      if (!isTablePattern(pattern)) {
        throw new UpstreamError("42601", `"${pattern}": write schema.table, schema.* or *.*`);
      }
      return pattern;
    });
  }
}

function sameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, index) => name === right[index]);
}
