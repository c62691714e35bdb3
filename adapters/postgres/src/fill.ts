import type { CachedRoute, Entry, ForwardReason } from "@freshet/adapter-core";
import type { CanonicalParam } from "@freshet/types";
import type { AdapterContext } from "./context.ts";

export interface Miss {
  readonly route: CachedRoute;
  readonly key: string;
  readonly params: readonly CanonicalParam[];
}

const TIMED_OUT = Symbol("timed out");

/** The entry, or why the statement is forwarded instead. Never rejects. */
export async function fillWithin(
  context: AdapterContext,
  miss: Miss,
): Promise<Entry | ForwardReason> {
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
