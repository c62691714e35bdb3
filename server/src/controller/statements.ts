import { type ControlError, type ControlResult, scopeKey, type SessionScope } from "@freshet/rpc";
import type { CacheStatement } from "@freshet/sql";
import { type Logger, messageOf } from "@freshet/util";
import type { ClientConnections } from "../engine/client-connections.ts";
import type { CacheRegistry } from "./cache-registry.ts";
import { controlErrorOf, refusalOf } from "./prepare.ts";
import type { ProxiedQueries } from "./proxied-queries.ts";
import type { ReplicatedTables } from "./replicated-tables.ts";
import * as show from "./show.ts";

export interface StatementsOptions {
  readonly registry: CacheRegistry;
  readonly proxied: ProxiedQueries;
  readonly connections: ClientConnections;
  readonly status: () => readonly (readonly [string, string])[];
  readonly tables: () => show.TableRows;
  readonly adapters: () => show.AdapterRows;
  readonly servers: () => show.ServerRows;
  readonly setMaintenance: (on: boolean) => Promise<void>;
  readonly replicated: ReplicatedTables;
  readonly resnapshot: (table: string, scope: SessionScope) => Promise<void>;
  readonly dropUnusedTables: () => void;
  readonly logger: Logger;
}

type Source = Extract<CacheStatement, { kind: "create-cache" }>["source"];

/** Builds in the background whose outcome is remembered. */
const MIGRATIONS_LIMIT = 1_000;

/** Runs our own statements; one at a time where they change something. */
export class ControlStatements {
  readonly #options: StatementsOptions;
  readonly #migrations = new Map<string, string>();
  #nextMigration = 1;

  constructor(options: StatementsOptions) {
    this.#options = options;
  }

  async run(statement: CacheStatement, scope: SessionScope): Promise<ControlResult | ControlError> {
    try {
      return await this.#run(statement, scope);
    } catch (error) {
      return controlErrorOf(error);
    }
  }

  async #run(
    statement: CacheStatement,
    scope: SessionScope,
  ): Promise<ControlResult | ControlError> {
    const { registry, proxied } = this.#options;
    switch (statement.kind) {
      case "create-cache":
        return this.#create(statement, scope);
      case "explain-create-cache":
        return this.#explainCreate(statement.source, scope);
      case "drop-cache":
        return this.#drop(statement.name, statement.ifExists);
      case "drop-all-caches": {
        const count = await registry.drop(() => true);
        this.#options.dropUnusedTables();
        return show.done(`DROP ALL CACHES ${count}`);
      }
      case "drop-all-proxied-queries":
        proxied.clear();
        return show.done("DROP ALL PROXIED QUERIES");
      case "show-caches":
        return show.caches(registry, statement.queryId);
      case "explain-caches":
        return show.explainCaches(registry);
      case "show-proxied-queries":
        await this.#judgeProxied();
        return show.proxiedQueries(proxied, statement);
      case "show-status":
        return show.nameValue(this.#options.status(), "SHOW FRESHET STATUS");
      case "show-tables":
        return show.tables(this.#options.tables());
      case "show-version":
        return show.version();
      case "show-migration-status":
        return show.single(
          "Migration Status",
          this.#migrations.get(statement.id) ?? "unknown migration",
          "SHOW MIGRATION STATUS",
        );
      case "show-connections":
        return show.connections(this.#options.connections.list());
      case "show-adapters":
        return show.adapters(this.#options.adapters());
      case "show-servers":
        return show.servers(this.#options.servers());
      case "set-maintenance":
        await this.#options.setMaintenance(statement.on);
        return show.done("ALTER FRESHET");
      case "add-tables":
        return this.#options.replicated.add(statement.tables, scope);
      case "drop-tables":
        return this.#options.replicated.drop(statement.tables, scope);
      case "resnapshot-table":
        await this.#options.resnapshot(statement.table, scope);
        return show.done("ALTER FRESHET");
      case "explain-last-statement":
        return { code: "0A000", message: "EXPLAIN LAST STATEMENT is answered by the connection" };
    }
  }

  #selectOf(source: Source): string | ControlError {
    if (source.kind === "select") return source.select;
    const query = this.#options.proxied.get(source.queryId);
    if (query !== null) return query.example;
    return {
      code: "42704",
      message: `query "${source.queryId}" has not been seen`,
      hint: "SHOW PROXIED QUERIES lists the ids that can be cached.",
    };
  }

  async #create(
    statement: Extract<CacheStatement, { kind: "create-cache" }>,
    scope: SessionScope,
  ): Promise<ControlResult | ControlError> {
    const { registry, logger, proxied } = this.#options;
    const select = this.#selectOf(statement.source);
    if (typeof select !== "string") return select;
    if (statement.maintenance === "shallow") {
      return {
        code: "0A000",
        message: "SHALLOW caches are not supported yet",
        hint: "CREATE CACHE without SHALLOW follows the database's changes.",
      };
    }
    if (
      statement.ifNotExists &&
      statement.name !== null &&
      registry.find(statement.name) !== null
    ) {
      return show.done("CREATE CACHE", [`cache "${statement.name}" already exists, skipping`]);
    }
    const prepared = await registry.prepare(select, scope);
    if (statement.ifNotExists && registry.findSame(prepared, scope) !== null) {
      return show.done("CREATE CACHE", ["a cache of this query already exists, skipping"]);
    }
    const inTransaction = statement.inTransaction === "always" ? "always" : "until-write";
    const request = { name: statement.name, select, scope, inTransaction } as const;
    const building = registry.create(request, prepared).then(
      (cache) => {
        proxied.remove(cache.definition.queryId);
        const tables = cache.compiled.tables.length;
        logger.info({ cache: cache.record.name, tables }, "cache created");
        return cache;
      },
      (error: unknown) => {
        // Tables that were copied for it alone.
        this.#options.dropUnusedTables();
        throw error;
      },
    );
    if (statement.concurrently) return this.#inBackground(building);
    return show.created(await building);
  }

  #inBackground(building: Promise<unknown>): ControlResult {
    const id = String(this.#nextMigration);
    this.#nextMigration += 1;
    this.#migrations.set(id, "Pending");
    const oldest = this.#migrations.keys().next().value;
    if (oldest !== undefined && this.#migrations.size > MIGRATIONS_LIMIT) {
      this.#migrations.delete(oldest);
    }
    building.then(
      () => this.#migrations.set(id, "Completed"),
      (error: unknown) => this.#migrations.set(id, `Failed with error ${messageOf(error)}`),
    );
    return show.single("Migration Id", id, "CREATE CACHE");
  }

  async #explainCreate(source: Source, scope: SessionScope): Promise<ControlResult | ControlError> {
    const { registry } = this.#options;
    const select = this.#selectOf(source);
    if (typeof select !== "string") return select;
    try {
      const prepared = await registry.prepare(select, scope);
      const cached = registry.findSame(prepared, scope) !== null;
      return show.explainCreate(prepared.queryId, select, cached ? "cached" : "yes", [
        `maintenance: ${prepared.compiled.maintenance}`,
      ]);
    } catch (error) {
      const failure = controlErrorOf(error);
      if (failure.code !== "0A000") return failure;
      return show.explainCreate("", select, `no: ${refusalOf(error)}`, []);
    }
  }

  async #drop(name: string, ifExists: boolean): Promise<ControlResult | ControlError> {
    const { registry } = this.#options;
    const record = registry.find(name);
    if (record === null) {
      if (ifExists) return show.done("DROP CACHE", [`cache "${name}" does not exist, skipping`]);
      return { code: "42704", message: `cache "${name}" does not exist` };
    }
    await registry.drop((other) => other.id === record.id || other.name === record.name);
    this.#options.dropUnusedTables();
    return show.done("DROP CACHE");
  }

  /** Finds out, for queries nobody asked about yet, whether a cache could be made. */
  async #judgeProxied(): Promise<void> {
    const { registry, proxied } = this.#options;
    for (const query of proxied.list().slice(0, 200)) {
      if (query.support !== "pending") continue;
      const slash = query.scope.indexOf("/");
      const scope: SessionScope = {
        database: query.scope.slice(0, slash),
        identity: query.scope.slice(slash + 1),
        role: "",
      };
      if (scopeKey(scope) !== query.scope) continue;
      try {
        await registry.prepare(query.example, scope);
        query.support = "yes";
      } catch (error) {
        query.support = `no: ${refusalOf(error)}`;
      }
    }
  }
}
