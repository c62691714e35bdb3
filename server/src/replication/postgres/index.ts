export { createPostgresUpstream, type PostgresUpstreamOptions } from "./upstream.ts";
