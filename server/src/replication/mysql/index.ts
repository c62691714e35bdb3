export { createMysqlUpstream, type MysqlUpstreamOptions } from "./upstream.ts";
