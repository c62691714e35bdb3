import type { AdapterLink, CacheDefinition, ToAdapter } from "@freshet/rpc";

export type TransactionPolicy = CacheDefinition["inTransaction"];

/**
 * The link with `--in-transaction` applied: caches that were created without a word about
 * transactions (`until-write`) follow the option, the others keep what their creator said.
 */
export function withTransactionPolicy(link: AdapterLink, policy: TransactionPolicy): AdapterLink {
  if (policy === "until-write") return link;
  const apply = (cache: CacheDefinition): CacheDefinition =>
    cache.inTransaction === "until-write" ? { ...cache, inTransaction: policy } : cache;
  const change = (message: ToAdapter): ToAdapter => {
    switch (message.kind) {
      case "welcome":
        return { ...message, caches: message.caches.map(apply) };
      case "cache-added":
        return { ...message, cache: apply(message.cache) };
      default:
        return message;
    }
  };
  return {
    send: (message) => link.send(message),
    onMessage: (handler) => link.onMessage((message) => handler(change(message))),
    onClose: (handler) => link.onClose(handler),
    close: () => link.close(),
    vouchedUntilMs: () => link.vouchedUntilMs(),
    ...(link.protocol === undefined ? {} : { protocol: link.protocol }),
  };
}
