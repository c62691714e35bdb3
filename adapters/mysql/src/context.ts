import type { CommonContext, ServerTls } from "@freshet/adapter-core";
import type { CancelRegistry } from "./cancel.ts";
import type { Greetings } from "./greetings.ts";
import type { Templates } from "./template.ts";
import type { UpstreamConnection, UpstreamLogin } from "./upstream/connect.ts";
import type { UpstreamAddress } from "./upstream/url.ts";

/** What all sessions of one adapter thread share. */
export interface AdapterContext extends CommonContext {
  readonly upstream: UpstreamAddress;
  readonly greetings: Greetings;
  readonly templates: Templates;
  readonly cancels: CancelRegistry;
  readonly tls: ServerTls | null;
  readonly onForeignCancel: (threadIndex: number, key: Buffer) => void;
  /** Logs in upstream as this client would. Rejects as `connectUpstream`. */
  connect(login: UpstreamLogin): Promise<UpstreamConnection>;
}
