import type { SessionScope } from "@freshet/rpc";
import type { CachedRoute, ForwardReason, Router } from "../contract.ts";

/** `ready`: answer from the cache now; `async`: call `prepare`, then ask again. */
export type Readiness = "ready" | "async" | ForwardReason;

/** Asks whether this session may read; null when it may be tried again, else why not. */
export async function prepareAccess(
  router: Router,
  route: CachedRoute | null,
  scope: SessionScope | null,
): Promise<ForwardReason | null> {
  if (scope === null) return "session-setting";
  if (route !== null && router.mayRead(route, scope.role) === null) {
    const allowed = await router.askAccess(route, scope.role);
    if (allowed === null) return "access-unknown";
    if (!allowed) return "access-denied";
  }
  return null;
}
