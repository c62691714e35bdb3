import type { ToServer } from "../messages.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => typeof value === "number";
const isTextOrNull: Check = (value) => value === null || isText(value);

function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

function object(checks: Readonly<Record<string, Check>>): Check {
  const fields = Object.entries(checks);
  return (value) =>
    typeof value === "object" &&
    value !== null &&
    fields.every(([name, check]) => check((value as Record<string, unknown>)[name]));
}

const isParam: Check = (value) => isTextOrNull(value) || listOf(isTextOrNull)(value);

const SHAPES: Readonly<Record<ToServer["kind"], Check>> = {
  hello: object({ version: isNumber, adapter: isText }),
  fill: object({ request: isNumber, cache: isNumber, key: isText, params: listOf(isParam) }),
  release: object({ cache: isNumber, keys: listOf(isText) }),
  control: object({
    request: isNumber,
    statement: object({ kind: isText }),
    scope: object({ database: isText, role: isText, identity: isText }),
  }),
  "await-position": object({ request: isNumber, position: isText, limitMs: isNumber }),
  access: object({ request: isNumber, cache: isNumber, role: isText }),
  report: object({
    proxied: listOf(
      object({
        queryId: isText,
        shape: isText,
        scope: isText,
        example: isText,
        count: isNumber,
        uncacheable: isTextOrNull,
      }),
    ),
    hits: listOf(object({ cache: isNumber, count: isNumber })),
    connections: listOf(object({ client: isText, user: isText })),
  }),
};

/** Does this, which came over a network, have the form of a message to a server? */
export function isToServer(message: unknown): message is ToServer {
  const { kind } = (message ?? {}) as { readonly kind?: unknown };
  return (
    typeof kind === "string" &&
    Object.hasOwn(SHAPES, kind) &&
    SHAPES[kind as ToServer["kind"]](message)
  );
}
