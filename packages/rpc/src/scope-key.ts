import type { SessionScope } from "./messages.ts";

/**
 * The scope as one string, `database/identity`: what `CacheDefinition.scope` holds and what
 * query ids are hashed with. A slash in the database's name is escaped, so that two different
 * scopes never have one key. Adapter and server must both use this function.
 */
export function scopeKey(scope: Pick<SessionScope, "database" | "identity">): string {
  return `${databasePrefix(scope.database)}${scope.identity}`;
}

/** What the keys of all scopes of a database begin with, and no other's do. */
export function databasePrefix(database: string): string {
  const plain = !database.includes("/") && !database.includes("%");
  return `${plain ? database : database.replaceAll("%", "%25").replaceAll("/", "%2F")}/`;
}
