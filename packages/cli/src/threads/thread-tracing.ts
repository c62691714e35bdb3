import { PRODUCT_VERSION } from "@freshet/server";
import { createTracing, type Tracing } from "@freshet/telemetry";
import type { Logger } from "@freshet/util";
import type { LogSettings, UpstreamData } from "./messages.ts";

/** Traces of one thread; closed before the thread ends. */
export function threadTracing(
  data: UpstreamData & { readonly log: LogSettings },
  thread: string,
  logger: Logger,
): Promise<Tracing> {
  return createTracing({
    ...(data.log.tracing ?? { endpoint: null, samplePercent: 0 }),
    service: "freshet",
    attributes: {
      "service.version": PRODUCT_VERSION,
      "freshet.thread": thread,
      "freshet.upstream": data.dialect,
    },
    logger,
  });
}
