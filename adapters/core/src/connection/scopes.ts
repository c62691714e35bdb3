import type { SessionScope } from "@freshet/rpc";

/** Equal scopes are one object in a thread, so that routing may compare and hash them cheaply. */
const scopes = new Map<string, SessionScope>();
const SCOPES_LIMIT = 10_000;

export function scopeOf(database: string, role: string, identity: string): SessionScope {
  const key = `${database}\0${role}\0${identity}`;
  const known = scopes.get(key);
  if (known !== undefined) return known;
  if (scopes.size >= SCOPES_LIMIT) scopes.clear();
  const scope = { database, role, identity };
  scopes.set(key, scope);
  return scope;
}
