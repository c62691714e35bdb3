/** Client capability flags, the lower 32 bits (MySQL internals, "Capabilities Flags"). */
export const CLIENT = {
  /** "MySQL" flag: MariaDB clears it to say that it uses the extended capabilities. */
  mysql: 1,
  foundRows: 1 << 1,
  longFlag: 1 << 2,
  connectWithDb: 1 << 3,
  noSchema: 1 << 4,
  compress: 1 << 5,
  odbc: 1 << 6,
  localFiles: 1 << 7,
  ignoreSpace: 1 << 8,
  protocol41: 1 << 9,
  interactive: 1 << 10,
  ssl: 1 << 11,
  ignoreSigpipe: 1 << 12,
  transactions: 1 << 13,
  reserved: 1 << 14,
  secureConnection: 1 << 15,
  multiStatements: 1 << 16,
  multiResults: 1 << 17,
  psMultiResults: 1 << 18,
  pluginAuth: 1 << 19,
  connectAttributes: 1 << 20,
  pluginAuthLenencData: 1 << 21,
  canHandleExpiredPasswords: 1 << 22,
  sessionTrack: 1 << 23,
  deprecateEof: 1 << 24,
  optionalResultsetMetadata: 1 << 25,
  zstdCompression: 1 << 26,
  queryAttributes: 1 << 27,
  multiFactorAuthentication: 1 << 28,
  capabilityExtension: 1 << 29,
  sslVerifyServerCert: 1 << 30,
  rememberOptions: (1 << 31) >>> 0,
} as const;

/** MariaDB's extended capabilities, the upper 32 bits. */
export const MARIADB_CLIENT = {
  progress: 1,
  comMulti: 1 << 1,
  stmtBulkOperations: 1 << 2,
  extendedMetadata: 1 << 3,
  cacheMetadata: 1 << 4,
  bulkUnitResults: 1 << 5,
} as const;

/** Status flags of OK and EOF packets. */
export const SERVER_STATUS = {
  inTransaction: 1,
  autocommit: 1 << 1,
  moreResultsExist: 1 << 3,
  noGoodIndexUsed: 1 << 4,
  noIndexUsed: 1 << 5,
  cursorExists: 1 << 6,
  lastRowSent: 1 << 7,
  databaseDropped: 1 << 8,
  noBackslashEscapes: 1 << 9,
  metadataChanged: 1 << 10,
  queryWasSlow: 1 << 11,
  psOutParams: 1 << 12,
  inTransactionReadonly: 1 << 13,
  sessionStateChanged: 1 << 14,
  ansiQuotes: 1 << 15,
} as const;

/** Types of the session state information in an OK packet. */
export const SESSION_TRACK = {
  systemVariables: 0,
  schema: 1,
  stateChange: 2,
  gtids: 3,
  transactionCharacteristics: 4,
  transactionState: 5,
} as const;

/** Cursor flags of COM_STMT_EXECUTE. */
export const CURSOR = {
  none: 0,
  readOnly: 1,
  forUpdate: 2,
  scrollable: 4,
  /** MySQL 8.0.23+: a parameter count follows, with CLIENT_QUERY_ATTRIBUTES. */
  parameterCountAvailable: 8,
} as const;
