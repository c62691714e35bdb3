import { type MessagePort, parentPort } from "node:worker_threads";
import type { Metrics } from "@freshet/telemetry";
import { ConfigurationError, type Logger, messageOf, must } from "@freshet/util";
import type { Leader } from "@freshet/cluster";
import type { DocumentPorts } from "./document-ports.ts";
import type { ForeignCancel, FromThread, ToEngine, ToThread, UpstreamData } from "./messages.ts";

/** As the thread is called in logs. */
export function threadName({ label }: UpstreamData, name: string): string {
  return label === null ? name : `${label}-${name}`;
}

/** What a thread does when the main thread asks; what it does not know it leaves out. */
export interface ThreadHandlers {
  link?(port: MessagePort, adapter: string): void;
  cancel?(request: ForeignCancel): void;
  /** Engine only. */
  tell?(message: ToEngine): void;
  /** Adapter only. */
  follow?(leader: Leader | null): void;
  /** Ends everything; the thread ends afterwards. */
  stop(drainLimitMs: number): Promise<void>;
}

/**
 * The frame around a worker thread's work: starts it, tells the main thread how that went, and
 * passes on what the main thread says. What arrives while `start` runs waits for its end.
 */
export function runThread(
  metrics: Metrics,
  logger: Logger,
  start: (
    post: (message: FromThread) => void,
    fail: (error: unknown) => void,
  ) => Promise<ThreadHandlers>,
  documents: DocumentPorts | null = null,
): void {
  const port = must(parentPort, "this file runs in a worker thread");
  const post = (message: FromThread): void => port.postMessage(message);
  const fail = (error: unknown): void => {
    post({
      kind: "failed",
      configuration: error instanceof ConfigurationError,
      message: messageOf(error),
    });
    process.exit(1);
  };
  const starting = start(post, fail);
  const handle = async (message: ToThread): Promise<void> => {
    switch (message.kind) {
      case "metrics":
        post({ kind: "metrics", request: message.request, snapshot: await metrics.snapshot() });
        return;
      case "link":
        return (await starting).link?.(message.port, message.adapter);
      case "cancel":
        return (await starting).cancel?.(message);
      case "leader":
        return (await starting).follow?.(message.leader);
      case "lead":
      case "members":
      case "remove-replica":
        return (await starting).tell?.(message);
      case "document":
      case "document-read":
      case "document-written":
        // Starting may need a document, so these must not wait for its end.
        return documents?.handle(message);
      case "stop":
        await (await starting).stop(message.drainLimitMs);
        process.exit(0);
    }
  };
  port.on("message", (message: ToThread) => {
    handle(message).catch((error: unknown) => {
      if (message.kind === "stop") {
        logger.error({ error: messageOf(error) }, "could not end in order");
        process.exit(1);
      }
      logger.error({ error: messageOf(error), message: message.kind }, "message failed");
    });
  });
  starting.then(() => post({ kind: "ready" }), fail);
}
