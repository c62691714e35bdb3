import type { CommonContext } from "@freshet/adapter-core";
import type { CancelRegistry } from "./cancel.ts";
import type { AuthenticationMethod } from "./options.ts";
import type { Templates } from "./template.ts";
import type { ServerTls } from "./tls.ts";
import type { UpstreamAddress } from "./upstream/url.ts";
import type { UpstreamConnection } from "./upstream/connect.ts";
import type { ZoneBook } from "./zones.ts";

/** What all sessions of one adapter thread share. */
export interface AdapterContext extends CommonContext {
  readonly upstream: UpstreamAddress;
  readonly templates: Templates;
  readonly cancels: CancelRegistry;
  readonly zones: ZoneBook;
  readonly tls: ServerTls | null;
  readonly authenticationMethod: AuthenticationMethod;
  /** Logs in upstream as this client would. Rejects as `connectUpstream`. */
  connect(
    parameters: readonly (readonly [string, string])[],
    user: string,
  ): Promise<UpstreamConnection>;
}
