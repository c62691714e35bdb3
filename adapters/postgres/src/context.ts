import type { AdapterCounters, AdapterLimits, AdapterMetrics, Router } from "@freshet/adapter-core";
import type { Logger } from "@freshet/util";
import type { CancelRegistry } from "./cancel.ts";
import type { AuthenticationMethod } from "./options.ts";
import type { Templates } from "./template.ts";
import type { ServerTls } from "./tls.ts";
import type { UpstreamAddress } from "./upstream/url.ts";
import type { UpstreamConnection } from "./upstream/connect.ts";
import type { ZoneBook } from "./zones.ts";

/** What all sessions of one adapter thread share. */
export interface AdapterContext {
  readonly router: Router;
  readonly upstream: UpstreamAddress;
  readonly limits: AdapterLimits;
  readonly logger: Logger;
  readonly metrics: AdapterMetrics;
  readonly templates: Templates;
  readonly cancels: CancelRegistry;
  readonly zones: ZoneBook;
  readonly tls: ServerTls | null;
  readonly authenticationMethod: AuthenticationMethod;
  readonly allowUnauthenticated: boolean;
  readonly counters: AdapterCounters;
  /** Null: unknown user. */
  password(user: string): string | null;
  /** Logs in upstream as this client would. Rejects as `connectUpstream`. */
  connect(
    parameters: readonly (readonly [string, string])[],
    user: string,
  ): Promise<UpstreamConnection>;
}
