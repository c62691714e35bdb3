import type { Member, MemberKind } from "../contract.ts";
import type { ConsulAnswer, ConsulClient } from "./consul-client.ts";
import type { Keys } from "./keys.ts";
import { memberOf } from "./member-meta.ts";

interface ServiceHealth {
  readonly Service: { readonly Meta: Record<string, string> | null };
  readonly Checks: readonly { readonly Status: string }[] | null;
}

/**
 * The members of a kind. In Consul's default mode, which may be old by a moment when Consul's own
 * leader has just changed: nothing exact depends on it.
 */
export async function queryMembers(
  client: ConsulClient,
  keys: Keys,
  kind: MemberKind,
  after: { readonly index: string; readonly wait: string },
  signal: AbortSignal,
): Promise<ConsulAnswer<readonly Member[]>> {
  const { data, index } = await client.request<readonly ServiceHealth[]>(
    (consul, context) => {
      const asked = { service: keys.service(kind), ...after, ...context };
      return consul.health.service(asked);
    },
    { signal, blocks: true },
  );
  return { data: living(data, kind, keys.deployment), index };
}

/** Those that are heard of, by name; of two entries of one name the one that started last. */
function living(
  services: readonly ServiceHealth[],
  kind: MemberKind,
  deployment: string,
): readonly Member[] {
  const members = new Map<string, Member>();
  for (const { Service, Checks } of services) {
    if ((Checks ?? []).some(({ Status }) => Status === "critical")) continue;
    const member = memberOf(Service.Meta ?? {}, kind, deployment);
    if (member === null) continue;
    const other = members.get(member.name);
    if (other === undefined || other.startedMs <= member.startedMs) {
      members.set(member.name, member);
    }
  }
  return [...members.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
