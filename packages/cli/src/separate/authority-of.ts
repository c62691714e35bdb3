import {
  type Authority,
  AuthorityUnavailable,
  connectConsul,
  type Member,
  type Membership,
} from "@freshet/cluster";
import type { Config } from "@freshet/config";
import { Backoff, type Logger, messageOf, systemClock } from "@freshet/util";
import { abortOf } from "../start/abort-of.ts";
import { readOption } from "../start/configure.ts";

/** The deployment's authority, as the options say; it need not answer yet. */
export function authorityOf(config: Config, logger: Logger): Authority {
  const read = (option: string, path: string | null): string | null =>
    path === null ? null : readOption(option, path);
  return connectConsul({
    address: config.authorityAddress,
    token: config.authorityToken,
    namespace: config.authorityNamespace,
    ca: read("--authority-ca", config.authorityCa),
    cert: read("--authority-cert", config.authorityCert),
    key: read("--authority-key", config.authorityKey),
    deployment: config.deployment,
    sessionTtlMs: config.authoritySessionTtlMs,
    logger,
  });
}

/**
 * Registers this process as soon as the authority answers; null when the signal came first.
 * Rejects when only a person can help (the name is another's).
 */
export async function joinCluster(
  authority: Authority,
  state: () => Member,
  options: {
    readonly logger: Logger;
    readonly signal: AbortSignal;
    readonly onUsurped: (reason: string) => void;
  },
): Promise<Membership | null> {
  const backoff = new Backoff({ firstMs: 250, limitMs: 5_000 });
  const { logger, signal, onUsurped } = options;
  const stopped = abortOf(signal).then(() => null);
  while (!signal.aborted) {
    try {
      // It may take as long as a session lives; the end of the authority ends it.
      return await Promise.race([authority.join(state, onUsurped), stopped]);
    } catch (error) {
      if (!(error instanceof AuthorityUnavailable)) throw error;
      logger.warn({ error: messageOf(error) }, "waiting for the authority");
      await systemClock.wait(backoff.nextDelayMs(), signal);
    }
  }
  return null;
}
