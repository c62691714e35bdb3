import { ClientLink, type LinkOwner as OwnerOf } from "@freshet/adapter-core";
import { COMMAND, packet, PacketScanner, ReplyTracker } from "@freshet/mysql-wire";
import type { UpstreamConnection } from "./connect.ts";
import { ReplyQueue } from "./reply-queue.ts";

/** What the tracker looks at, and a header. */
const SHORT_LIMIT_BYTES = 36;
/** Replies of ours are small. */
const HIDDEN_LIMIT_BYTES = 65_536;

const QUIT = packet(0, Buffer.from([COMMAND.quit]));

export type LinkOwner = OwnerOf<UpstreamLink>;

class ReplyScanner extends PacketScanner {
  readonly #queue: ReplyQueue;

  constructor(queue: ReplyQueue) {
    super(SHORT_LIMIT_BYTES);
    this.#queue = queue;
  }

  protected override get assembleLimit(): number {
    return this.#queue.head?.kind === "hidden" ? HIDDEN_LIMIT_BYTES : SHORT_LIMIT_BYTES;
  }
}

/** One client's connection to the upstream, and what it still owes. */
export class UpstreamLink extends ClientLink<UpstreamLink, ReplyScanner, ReplyQueue> {
  readonly tracker: ReplyTracker;
  /** The upstream's id of this connection. */
  readonly threadId: number;
  readonly capabilities: number;
  /** COM_QUERYs answered since the login or the last reset. */
  queries = 0;

  constructor(connection: UpstreamConnection, owner: LinkOwner) {
    const queue = new ReplyQueue();
    const reader = new ReplyScanner(queue);
    super(connection.socket, owner, { reader, queue, goodbye: QUIT });
    this.threadId = connection.threadId;
    this.capabilities = connection.capabilities;
    this.tracker = new ReplyTracker(connection.capabilities);
    // Some replies carry no flags: they stay as they are.
    this.tracker.status = connection.status;
    this.start(connection.rest);
  }
}
