import type { Member, MemberKind } from "../contract.ts";

/** A member as a service's metadata: values are text of up to 512 characters. */
export function metaOf(member: Member, deployment: string): Record<string, string> {
  const meta: Record<string, string> = {
    deployment,
    kind: member.kind,
    name: member.name,
    region: member.region,
    version: member.version,
    protocols: member.protocols.join("-"),
    admin: member.adminAddress,
    started: String(member.startedMs),
    ready: member.ready ? "yes" : "no",
  };
  for (const [dialect, address] of Object.entries(member.addresses)) {
    meta[`address-${dialect}`] = address;
  }
  return meta;
}

/** Null: somebody else's service. */
export function memberOf(
  meta: Readonly<Record<string, string>>,
  kind: MemberKind,
  deployment: string,
): Member | null {
  const { name, region, version, protocols = "", admin, started, ready } = meta;
  const [least, greatest] = protocols.split("-").map(Number);
  if (meta["deployment"] !== deployment || meta["kind"] !== kind) return null;
  if (name === undefined || region === undefined || version === undefined) return null;
  if (admin === undefined || least === undefined || greatest === undefined) return null;
  const addresses: Record<string, string> = {};
  for (const [key, address] of Object.entries(meta)) {
    if (key.startsWith("address-")) addresses[key.slice("address-".length)] = address;
  }
  return {
    ...{ kind, name, region, version, addresses },
    protocols: [least, greatest],
    adminAddress: admin,
    startedMs: Number(started),
    ready: ready === "yes",
  };
}
