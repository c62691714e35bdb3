import type { AdapterLink, CacheDefinition, ServerLink, ToAdapter, ToServer } from "@freshet/rpc";
import { PROTOCOL_VERSION, pairedLinks, scopeKey } from "@freshet/rpc";
import { parseCacheStatement, POSTGRES_LEXER_SETTINGS, postgresLexer, queryId } from "@freshet/sql";
import type { SqlType } from "@freshet/types";
import { must } from "@freshet/util";
import type { RoutingSession } from "./contract.ts";
import type { LiteralCanonicalizer, RouterOptions } from "./options.ts";
import { createRouter } from "./router.ts";
import type { OwnedRouter } from "./router.ts";

/** For tests: a server that does what the test says and remembers what it was told. */
export class ScriptedServer {
  readonly received: ToServer[] = [];
  /** Says that everything committed so far has been applied, when asked; else the test answers. */
  current = true;
  readonly #link: ServerLink;

  constructor(link: ServerLink) {
    this.#link = link;
    link.onMessage((message) => {
      this.received.push(message);
      if (!this.current || message.kind !== "await-position" || message.position !== "") return;
      this.send({ kind: "position", request: message.request, reached: true });
    });
  }

  send(message: ToAdapter): void {
    this.#link.send(message);
  }

  close(): void {
    this.#link.close();
  }

  welcome(caches: readonly CacheDefinition[] = []): void {
    const version = PROTOCOL_VERSION;
    this.send({ kind: "welcome", version, caches, serving: true, position: "0/1" });
  }

  of<K extends ToServer["kind"]>(kind: K): Extract<ToServer, { kind: K }>[] {
    return this.received.filter(
      (message): message is Extract<ToServer, { kind: K }> => message.kind === kind,
    );
  }

  /** The n-th message of a kind, waiting turns for it. */
  async nth<K extends ToServer["kind"]>(
    kind: K,
    number = 1,
  ): Promise<Extract<ToServer, { kind: K }>> {
    await until(() => this.of(kind).length >= number);
    return must(this.of(kind)[number - 1], "it was waited for");
  }

  fillWith(request: Extract<ToServer, { kind: "fill" }>, text: string): void {
    const { cache, key } = request;
    this.send({ kind: "filled", request: request.request, cache, key, rows: rowsOf(text) });
  }

  publish(position: string, entries: readonly [number, string, string | null][]): void {
    this.send({
      kind: "publish",
      position,
      commitTimeMs: 0,
      entries: entries.map(([cache, key, text]) => ({
        cache,
        key,
        rows: text === null ? null : rowsOf(text),
      })),
    });
  }
}

export function rowsOf(text: string): { count: number; bytes: Uint8Array } {
  return { count: 1, bytes: Buffer.from(text, "latin1") };
}

export function textOf(rows: { readonly bytes: Uint8Array }): string {
  return Buffer.from(rows.bytes).toString("latin1");
}

export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error("the condition did not come true");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export const INT: SqlType = { kind: "int", upstreamId: 23, name: "int4", modifier: -1 };
export const BIGINT: SqlType = { kind: "bigint", upstreamId: 20, name: "int8", modifier: -1 };
export const TEXT: SqlType = { kind: "text", upstreamId: 25, name: "text", modifier: -1 };

export const session: RoutingSession = {
  scope: { database: "shop", role: "ann", identity: "pg_catalog,public" },
  lexer: POSTGRES_LEXER_SETTINGS,
};

/** Integers and texts, as far as tests need them. */
export const canonicalLiteral: LiteralCanonicalizer = (type, literal, value) => {
  if (type.kind === "text") return literal === "string" ? value : undefined;
  return /^-?\d{1,9}$/.test(value) ? String(Number(value)) : undefined;
};

/** A cache as the server would define it: literals are parameters unless listed as frozen. */
export function defineCache(
  id: number,
  query: string,
  types: readonly SqlType[],
  options: { readonly frozen?: readonly number[]; readonly limits?: readonly number[] } = {},
): CacheDefinition {
  const shape = must(postgresLexer.shape(query, session.lexer), "the query can be tokenised");
  const scope = scopeKey(must(session.scope, "the test's session has a scope"));
  let next = 0;
  const lists: boolean[] = [];
  const slots = shape.slots.map((slot, index) => {
    if (options.frozen?.includes(index) === true && slot.kind === "literal") {
      return { kind: "frozen" as const, literal: slot.literal, value: slot.value };
    }
    lists.push(slot.kind === "list" || / any ?\(/i.test(query));
    return { kind: "param" as const, param: next++ };
  });
  return {
    id,
    name: `cache_${id}`,
    queryId: queryId(shape.text, scope),
    query,
    shape: shape.text,
    scope,
    slots,
    params: types.map((type, index) => ({
      type,
      list: lists[index] ?? false,
      role: options.limits?.includes(index) === true ? ("limit" as const) : ("comparison" as const),
    })),
    columns: [],
    inTransaction: "until-write",
    maintenance: "deep",
  };
}

export interface TestRouter {
  readonly router: OwnedRouter;
  readonly server: ScriptedServer;
}

/** A router whose server has said welcome with these caches. */
export async function startRouter(
  caches: readonly CacheDefinition[],
  options: Partial<RouterOptions> = {},
): Promise<TestRouter> {
  const [link, serverLink] = pairedLinks<ToServer, ToAdapter>();
  const server = new ScriptedServer(serverLink);
  const router = createTestRouter(link, options);
  server.welcome(caches);
  await until(() => router.serving);
  return { router, server };
}

export function createTestRouter(
  link: AdapterLink | null,
  options: Partial<RouterOptions> = {},
): OwnedRouter {
  return createRouter({
    link,
    adapter: "test",
    lexer: postgresLexer,
    canonicalLiteral,
    parseCacheStatement,
    reportIntervalMs: 20,
    ...options,
  });
}
