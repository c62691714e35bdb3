import type { AdapterCounters, AdapterLimits, AdapterMetrics, Router } from "@freshet/adapter-core";
import type { Logger } from "@freshet/util";
import type { CancelRegistry } from "./cancel.ts";
import type { Greetings } from "./greetings.ts";
import type { Templates } from "./template.ts";
import type { ServerTls } from "./tls.ts";
import type { UpstreamConnection, UpstreamLogin } from "./upstream/connect.ts";
import type { UpstreamAddress } from "./upstream/url.ts";

/** What all sessions of one adapter thread share. */
export interface AdapterContext {
  readonly router: Router;
  readonly upstream: UpstreamAddress;
  readonly limits: AdapterLimits;
  readonly logger: Logger;
  readonly metrics: AdapterMetrics;
  readonly greetings: Greetings;
  readonly templates: Templates;
  readonly cancels: CancelRegistry;
  readonly tls: ServerTls | null;
  readonly allowUnauthenticated: boolean;
  readonly counters: AdapterCounters;
  readonly onForeignCancel: (threadIndex: number, key: Buffer) => void;
  /** Null: unknown user. Unicode. */
  password(user: string): string | null;
  /** Logs in upstream as this client would. Rejects as `connectUpstream`. */
  connect(login: UpstreamLogin): Promise<UpstreamConnection>;
}
