const UTIL = "@freshet/util";
const TYPES = "@freshet/types";
const CONFIG = "@freshet/config";
const TELEMETRY = "@freshet/telemetry";
const SQL = "@freshet/sql";
const PG_WIRE = "@freshet/pg-wire";
const MYSQL_WIRE = "@freshet/mysql-wire";
const STORAGE = "@freshet/storage";
const DATAFLOW = "@freshet/dataflow";
const RPC = "@freshet/rpc";
const CLUSTER = "@freshet/cluster";
const ADAPTER_CORE = "@freshet/adapter-core";
const ADAPTER_POSTGRES = "@freshet/adapter-postgres";
const ADAPTER_MYSQL = "@freshet/adapter-mysql";
const SERVER = "@freshet/server";

const BELOW_CLI = [
  ...[UTIL, TYPES, CONFIG, TELEMETRY, SQL, PG_WIRE, MYSQL_WIRE, STORAGE, DATAFLOW, RPC, CLUSTER],
  ...[ADAPTER_CORE, ADAPTER_POSTGRES, ADAPTER_MYSQL, SERVER],
];

/** Who may use whom; imports point only downwards. */
export const ALLOWED_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  [UTIL]: [],
  [TYPES]: [UTIL],
  [CONFIG]: [UTIL],
  [TELEMETRY]: [UTIL, CONFIG],
  [SQL]: [UTIL, TYPES],
  [PG_WIRE]: [UTIL, TYPES],
  [MYSQL_WIRE]: [UTIL, TYPES],
  [STORAGE]: [UTIL, TYPES],
  [DATAFLOW]: [UTIL, TYPES, SQL],
  [RPC]: [UTIL, TYPES, SQL, TELEMETRY],
  [CLUSTER]: [UTIL, TELEMETRY],
  [ADAPTER_CORE]: [UTIL, TYPES, SQL, RPC, CLUSTER, TELEMETRY],
  [ADAPTER_POSTGRES]: [UTIL, TYPES, SQL, RPC, TELEMETRY, PG_WIRE, ADAPTER_CORE],
  [ADAPTER_MYSQL]: [UTIL, TYPES, SQL, RPC, TELEMETRY, MYSQL_WIRE, ADAPTER_CORE],
  [SERVER]: [UTIL, TYPES, SQL, RPC, CLUSTER, TELEMETRY, PG_WIRE, MYSQL_WIRE, STORAGE, DATAFLOW],
  "@freshet/cli": BELOW_CLI,
  "@freshet/test": [...BELOW_CLI, "@freshet/cli"],
};
