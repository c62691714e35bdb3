import { commonContext, serverTls, StartupTemplates } from "@freshet/adapter-core";
import { SUPPORTED } from "./capabilities.ts";
import { CancelRegistry } from "./cancel.ts";
import type { AdapterContext } from "./context.ts";
import { Greetings } from "./greetings.ts";
import { Listener } from "./listener.ts";
import type { MysqlAdapter, MysqlAdapterOptions } from "./options.ts";
import { connectUpstream, type UpstreamLogin } from "./upstream/connect.ts";
import { parseUpstreamUrl, type UpstreamAddress } from "./upstream/url.ts";
import { CLIENT, CHARSET } from "@freshet/mysql-wire";

const MAX_PACKET_BYTES = 1 << 30;

/**
 * Starts one thread's MySQL adapter. Rejects when the address cannot be had, throws
 * ConfigurationError for a bad upstream URL. The upstream itself need not be there yet.
 */
export async function startMysqlAdapter(options: MysqlAdapterOptions): Promise<MysqlAdapter> {
  const context = contextOf(options);
  const listener = new Listener({
    context,
    address: options.address,
    port: options.port,
    reusePort: options.reusePort ?? false,
  });
  const port = await listener.listen();
  return {
    port,
    drain: (how) => listener.drain(how),
    close: (limitMs) => listener.drain({ delayMs: 0, limitMs }),
    cancel: (key) => context.cancels.receive(key),
    clients: () => listener.clients,
    statistics: () => listener.statistics,
  };
}

function contextOf(options: MysqlAdapterOptions): AdapterContext {
  const upstream = parseUpstreamUrl(options.upstreamUrl);
  const common = commonContext(options, { ...upstream, password: upstream.password ?? "" });
  const logIn = (login: UpstreamLogin) =>
    connectUpstream({
      address: upstream,
      login,
      timeoutMs: common.limits.connectTimeoutMs,
      onGreeting: (greeting) => greetings.saw(greeting),
    });
  const greetings = new Greetings(async () => {
    const connection = await logIn(ownLogin(upstream));
    connection.socket.on("error", () => undefined);
    connection.socket.destroySoon();
  });
  return {
    ...common,
    upstream,
    greetings,
    templates: new StartupTemplates(common.limits.templateTtlMs),
    cancels: new CancelRegistry(options.threadIndex ?? 0, upstream.user),
    tls: options.tls === undefined ? null : serverTls(options.tls),
    onForeignCancel: options.onForeignCancel ?? (() => undefined),
    connect: (login) => {
      // Somebody let in without a password has no upstream login of their own.
      const stranger = options.allowUnauthenticated === true && login.password === null;
      return logIn(stranger ? { ...login, ...ownName(upstream) } : login);
    },
  };
}

function ownName({ user, password }: UpstreamAddress) {
  return { user: Buffer.from(user, "utf8").toString("latin1"), password };
}

/** As ourselves, where the URL says. */
function ownLogin(upstream: UpstreamAddress): UpstreamLogin {
  return {
    ...ownName(upstream),
    capabilities: SUPPORTED & (CLIENT.protocol41 | CLIENT.pluginAuth | CLIENT.connectAttributes),
    maxPacketBytes: MAX_PACKET_BYTES,
    charset: CHARSET.utf8mb4GeneralCi,
    database: null,
    attributes: [["program_name", "freshet"]],
  };
}
