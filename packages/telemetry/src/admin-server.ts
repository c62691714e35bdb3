import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Address, formatAddress } from "@freshet/config";
import { ConfigurationError, messageOf } from "@freshet/util";

/** What a probe answers: 200 or 503, with the detail as JSON. */
export interface Probe {
  readonly ok: boolean;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface AdminOptions {
  readonly address: Address;
  /** Is the process able to do its work at all? */
  readonly live: () => Probe;
  /** Has it come up once: listeners, engine? Stays yes. */
  readonly startup: () => Probe;
  /** Should clients be sent here now? */
  readonly ready: () => Probe;
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

const PATHS: readonly string[] = [
  ...["/health", "/health/startup", "/health/live", "/health/ready"],
  ...["/keepalive", "/status", "/metrics"],
];

export interface AdminServer {
  readonly address: Address;
  close(): Promise<void>;
}

/**
 * HTTP for operators: `/health` (which is `/health/ready`), `/health/live`, `/health/startup`,
 * `/metrics`, `/status` (always 200, the live probe's detail) and `/keepalive` (always 200 `ok`).
 * It runs in the main thread, which does no other work, so that probes are answered however busy
 * the others are. Throws `ConfigurationError` when the address cannot be listened on.
 */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end(`${messageOf(error)}\n`);
    });
  });
  server.requestTimeout = 10_000;
  server.maxConnections = 100;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(listenError("--metrics-address", options.address, error));
    });
    server.listen(options.address.port, options.address.host, resolve);
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : options.address.port;
  return {
    address: { host: options.address.host, port },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The sentence for an address that cannot be listened on. */
export function listenError(
  option: string,
  address: Address,
  error: NodeJS.ErrnoException,
): ConfigurationError {
  const shown = formatAddress(address);
  switch (error.code) {
    case "EADDRINUSE":
      return new ConfigurationError(
        `${option} ${shown} is in use by another program: choose another port with ${option}.`,
        { cause: error },
      );
    case "EACCES":
      return new ConfigurationError(
        `${option} ${shown} may not be used by this account: choose a port above 1023 with ${option}.`,
        { cause: error },
      );
    default:
      return new ConfigurationError(
        `${option} ${shown} cannot be listened on (${error.code ?? error.message}): ` +
          `choose an address of this machine with ${option}.`,
        { cause: error },
      );
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AdminOptions,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  switch ((request.url ?? "/").split("?")[0]) {
    case "/health":
    case "/health/ready":
      sendProbe(response, options.ready());
      return;
    case "/health/live":
      sendProbe(response, options.live());
      return;
    case "/health/startup":
      sendProbe(response, options.startup());
      return;
    case "/keepalive":
      response.writeHead(200, { "content-type": "text/plain" }).end("ok");
      return;
    case "/status":
      sendJson(response, 200, statusOf(options));
      return;
    case "/metrics": {
      const body = await options.metrics();
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
      response.end(body);
      return;
    }
    default:
      response.writeHead(404, { "content-type": "text/plain" });
      response.end(`There is ${PATHS.join(", ")}.\n`);
  }
}

function statusOf({ live, startup, ready }: AdminOptions): Readonly<Record<string, unknown>> {
  const { ok, detail } = live();
  return { live: ok, started: startup().ok, ready: ready().ok, ...detail };
}

function sendProbe(response: ServerResponse, { ok, detail }: Probe): void {
  sendJson(response, ok ? 200 : 503, { status: ok ? "ok" : "unavailable", ...detail });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}
