import { ClientLink, type LinkOwner as OwnerOf } from "@freshet/adapter-core";
import { BACKEND, FrameReader, TERMINATE } from "@freshet/pg-wire";
import type { UpstreamConnection } from "./connect.ts";
import { ReplyQueue } from "./reply-queue.ts";

/** Messages whose content we look at are small; a longer one is passed on in parts. */
const ASSEMBLE_LIMIT_BYTES = 65_536;
const HEADER_BYTES = 5;

export type LinkOwner = OwnerOf<UpstreamLink>;

/** One client's connection to the upstream, and what it still owes. */
export class UpstreamLink extends ClientLink<UpstreamLink, FrameReader, ReplyQueue> {
  readonly cancelKey: Buffer | null;

  constructor(connection: UpstreamConnection, owner: LinkOwner) {
    const queue = new ReplyQueue();
    const reader = new FrameReader({ assembleLimit: (type) => assembleLimit(type, queue) });
    super(connection.socket, owner, { reader, queue, goodbye: TERMINATE });
    this.cancelKey = connection.cancelKey;
    this.start(connection.rest);
  }
}

function assembleLimit(type: number, queue: ReplyQueue): number {
  switch (type) {
    case BACKEND.copyData:
    case BACKEND.rowDescription:
      return HEADER_BYTES;
    case BACKEND.dataRow:
      return queue.head?.kind === "hidden" ? ASSEMBLE_LIMIT_BYTES : HEADER_BYTES;
    default:
      return ASSEMBLE_LIMIT_BYTES;
  }
}
