import type { Tracer } from "@freshet/telemetry";
import type { CanonicalParam } from "@freshet/types";
import type { CachedRoute, Entry, ForwardReason, Router } from "../contract.ts";

export interface Miss {
  readonly route: CachedRoute;
  readonly key: string;
  readonly params: readonly CanonicalParam[];
}

/** Where a miss is filled. */
export interface FillContext {
  readonly router: Router;
  readonly limits: { readonly fillTimeoutMs: number };
  readonly metrics: { missTimed(seconds: number): void };
  readonly tracer: Tracer;
}

const TIMED_OUT = Symbol("timed out");

/** The entry, or why the statement is forwarded instead. Never rejects. */
export async function fillWithin(context: FillContext, miss: Miss): Promise<Entry | ForwardReason> {
  const startedMs = performance.now();
  const span = context.tracer.span("miss");
  const outcome = await filledOrNot(context, miss);
  context.metrics.missTimed((performance.now() - startedMs) / 1000);
  if (span !== null) {
    span.set({ "freshet.cache": miss.route.cache.name });
    span.end(typeof outcome === "string" ? outcome : undefined);
  }
  return outcome;
}

async function filledOrNot(context: FillContext, miss: Miss): Promise<Entry | ForwardReason> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<typeof TIMED_OUT>((resolve) => {
    timer = setTimeout(() => resolve(TIMED_OUT), context.limits.fillTimeoutMs);
  });
  try {
    const filled = await Promise.race([
      context.router.fill(miss.route, miss.key, miss.params),
      limit,
    ]);
    if (filled === TIMED_OUT) return "fill-timeout";
    return filled.kind === "entry" ? filled.entry : "fill-refused";
  } finally {
    clearTimeout(timer);
  }
}
