import { type FrameReader, FRONTEND } from "@freshet/pg-wire";
import type { Session } from "./session.ts";

/**
 * CopyData, CopyDone and CopyFail go where the COPY runs. Without an upstream connection there
 * is none, and the messages are ignored, as Postgres ignores them outside of COPY.
 */
export function handleCopyMessage(session: Session, frame: FrameReader): void {
  const { link } = session;
  if (link === null) return;
  link.out.add(frame.buffer, frame.start, frame.end);
  if (frame.type !== FRONTEND.copyData) link.queue.copyEnded();
}
