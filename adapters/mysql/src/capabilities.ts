import { CLIENT } from "@freshet/mysql-wire";

/**
 * What we can carry between a client and its upstream. Not offered: compression (each hop has
 * its own bytes), optional result metadata, several factors, and all of MariaDB's extended
 * capabilities (bulk execution, cached and extended metadata, progress).
 */
export const SUPPORTED =
  (CLIENT.mysql |
    CLIENT.foundRows |
    CLIENT.longFlag |
    CLIENT.connectWithDb |
    CLIENT.noSchema |
    CLIENT.odbc |
    CLIENT.localFiles |
    CLIENT.ignoreSpace |
    CLIENT.protocol41 |
    CLIENT.interactive |
    CLIENT.ignoreSigpipe |
    CLIENT.transactions |
    CLIENT.reserved |
    CLIENT.secureConnection |
    CLIENT.multiStatements |
    CLIENT.multiResults |
    CLIENT.psMultiResults |
    CLIENT.pluginAuth |
    CLIENT.connectAttributes |
    CLIENT.pluginAuthLenencData |
    CLIENT.canHandleExpiredPasswords |
    CLIENT.sessionTrack |
    CLIENT.deprecateEof |
    CLIENT.queryAttributes |
    CLIENT.rememberOptions) >>>
  0;

/** Those we answer for ourselves, whatever the upstream has. */
const OURS = CLIENT.protocol41 | CLIENT.secureConnection | CLIENT.pluginAuth;

/** What a client is offered. */
export function offeredCapabilities(upstream: number, tls: boolean): number {
  return (((upstream & SUPPORTED) | OURS | (tls ? CLIENT.ssl : 0)) & ~0) >>> 0;
}
