import { commonContext, type DrainOptions, StartupTemplates } from "@freshet/adapter-core";
import { CancelRegistry } from "./cancel.ts";
import type { AdapterContext } from "./context.ts";
import { learnZone } from "./learn-zone.ts";
import { Listener } from "./listener.ts";
import type { PostgresAdapter, PostgresAdapterOptions } from "./options.ts";
import { serverTls } from "./tls.ts";
import { connectUpstream, type UpstreamLogin } from "./upstream/connect.ts";
import { parseUpstreamUrl, type UpstreamAddress } from "./upstream/url.ts";
import { ZoneBook } from "./zones.ts";

/**
 * Starts one thread's Postgres adapter. Rejects when the address cannot be had, throws
 * ConfigurationError for a bad upstream URL. The upstream itself need not be there yet.
 */
export async function startPostgresAdapter(
  options: PostgresAdapterOptions,
): Promise<PostgresAdapter> {
  const context = contextOf(options);
  const listener = new Listener({
    context,
    address: options.address,
    port: options.port,
    reusePort: options.reusePort ?? false,
    onForeignCancel: options.onForeignCancel ?? (() => undefined),
  });
  const port = await listener.listen();
  const drain = (how: DrainOptions) => listener.drain(how).finally(() => context.zones.close());
  return {
    port,
    drain,
    close: (limitMs) => drain({ delayMs: 0, limitMs }),
    cancel: (key) => void context.cancels.request(key),
    clients: () => listener.clients,
    statistics: () => listener.statistics,
  };
}

function contextOf(options: PostgresAdapterOptions): AdapterContext {
  const upstream = parseUpstreamUrl(options.upstreamUrl);
  const common = commonContext(options, upstream);
  const { limits, password } = common;
  const connect = async (login: UpstreamLogin) => {
    const connection = await connectUpstream(upstream, login, limits.connectTimeoutMs);
    zones.sawServer(connection.parameters.get("server_version"));
    return connection;
  };
  const zones = new ZoneBook(
    (name, signal) => learnZone(name, () => connect(ownLogin(upstream)), signal),
    common.logger,
  );
  return {
    ...common,
    upstream,
    zones,
    templates: new StartupTemplates(limits.templateTtlMs),
    cancels: new CancelRegistry(options.threadIndex ?? 0),
    tls: options.tls === undefined ? null : serverTls(options.tls),
    authenticationMethod: options.authenticationMethod ?? "scram-sha-256",
    connect: (parameters, user) => {
      // Somebody let in without a password has no upstream login of their own.
      const stranger = options.allowUnauthenticated === true && password(user) === null;
      const name = stranger ? upstream.user : user;
      return connect({
        parameters: stranger ? withUser(parameters, name) : parameters,
        user: name,
        password: password(name),
      });
    },
  };
}

/** As ourselves, where the URL says. */
function ownLogin({ user, password, database }: UpstreamAddress): UpstreamLogin {
  const bytes = (text: string) => Buffer.from(text, "utf8").toString("latin1");
  return {
    parameters: [
      ["user", bytes(user)],
      ["database", bytes(database)],
      ["application_name", "freshet"],
    ],
    user,
    password,
  };
}

/** As `name`; the database stays the one the client meant. */
function withUser(
  parameters: readonly (readonly [string, string])[],
  name: string,
): (readonly [string, string])[] {
  const given = new Map(parameters);
  const database = given.get("database") ?? given.get("user") ?? name;
  const others = parameters.filter(([key]) => key !== "user" && key !== "database");
  return [
    ["user", Buffer.from(name, "utf8").toString("latin1")],
    ["database", database],
    ...others,
  ];
}
