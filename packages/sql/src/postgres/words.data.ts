/**
 * Words that stand before a parenthesis without being the name of a function. Nearly all are
 * reserved, so that no function can have the name; the others (`by`, `over`, `filter`,
 * `materialized`, `conflict`, `cube`, `rollup`, `repeatable`) are too common to be taken for calls.
 */
export const NOT_CALLS: ReadonlySet<string> = new Set(
  (
    "in and or not where values on using as over filter exists any all some select from join case " +
    "when then else between like ilike similar limit offset having by distinct union except " +
    "intersect array row coalesce nullif greatest least extract overlay position substring trim " +
    "cast treat normalize grouping cube rollup group materialized with only lateral is collate " +
    "returning into conflict for fetch asymmetric symmetric window tablesample repeatable to " +
    "xmlconcat xmlelement xmlexists xmlforest xmlparse xmlpi xmlroot xmlserialize xmltable " +
    "xmlattributes json_array json_arrayagg json_exists json_object json_objectagg json_query " +
    "json_scalar json_serialize json_table json_value " +
    "numeric decimal dec varchar char character national nchar bit float precision integer int " +
    "bigint smallint boolean real timestamp time interval default " +
    "current_time current_timestamp localtime localtimestamp"
  ).split(" "),
);

/** Built-ins whose answer is not a function of the data: `name(` makes a read uncacheable. */
export const CHANGING_CALLS: ReadonlySet<string> = new Set(
  (
    "now clock_timestamp statement_timestamp transaction_timestamp timeofday random random_normal " +
    "setseed nextval currval lastval setval set_config current_setting pg_backend_pid version " +
    "txid_current txid_current_if_assigned txid_current_snapshot txid_status txid_snapshot_xmin " +
    "pg_current_xact_id pg_current_xact_id_if_assigned pg_current_snapshot pg_xact_status " +
    "pg_visible_in_snapshot txid_visible_in_snapshot gen_random_uuid gen_random_bytes uuidv4 uuidv7 " +
    "uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 array_sample array_shuffle " +
    "current_schema current_schemas current_database current_query current_user session_user user " +
    "inet_client_addr inet_client_port inet_server_addr inet_server_port pg_is_in_recovery " +
    "pg_postmaster_start_time pg_conf_load_time pg_my_temp_schema pg_is_other_temp_schema " +
    "pg_sleep pg_sleep_for pg_sleep_until pg_relation_size pg_total_relation_size pg_table_size " +
    "pg_indexes_size pg_database_size pg_tablespace_size pg_current_wal_lsn " +
    "pg_current_wal_insert_lsn pg_current_wal_flush_lsn pg_last_wal_receive_lsn " +
    "pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_blocking_pids pg_lock_status " +
    "pg_notification_queue_usage pg_listening_channels pg_trigger_depth pg_sequence_last_value " +
    "has_table_privilege has_column_privilege has_schema_privilege has_database_privilege " +
    "has_function_privilege has_sequence_privilege pg_has_role row_security_active " +
    "pg_advisory_lock pg_try_advisory_lock pg_advisory_xact_lock pg_try_advisory_xact_lock " +
    "pg_advisory_unlock dblink"
  ).split(" "),
);

/** The same without parentheses (SQLValueFunction in gram.y); all reserved words. */
export const CHANGING_WORDS: ReadonlySet<string> = new Set(
  (
    "current_date current_time current_timestamp localtime localtimestamp current_role " +
    "current_user session_user system_user user current_catalog current_schema"
  ).split(" "),
);

/** What a statement does by its first word: whether it may write, and may change the session. */
export interface VerbEffect {
  readonly writes: boolean;
  /** "calls": only if it calls a function not known to be read-only. */
  readonly session: boolean | "calls";
}

const READS_NOTHING: VerbEffect = { writes: false, session: false };
const WRITES: VerbEffect = { writes: true, session: "calls" };
const SESSION: VerbEffect = { writes: false, session: true };

/**
 * Verbs other than those of reads; an unknown one may do anything. ROLLBACK and the like may
 * undo a SET, which the session that tracks transactions has to mind. Triggers are taken not to
 * change settings.
 */
export const VERBS: ReadonlyMap<string, VerbEffect> = new Map([
  ...(
    "begin start commit end rollback abort savepoint release show listen unlisten close " +
    "deallocate"
  )
    .split(" ")
    .map((verb) => [verb, READS_NOTHING] as const),
  ...(
    "insert update delete merge copy declare fetch move notify truncate lock vacuum analyze cluster " +
    "reindex refresh grant revoke comment security checkpoint prepare"
  )
    .split(" ")
    .map((verb) => [verb, WRITES] as const),
  ...["set", "reset", "discard"].map((verb) => [verb, SESSION] as const),
]);
