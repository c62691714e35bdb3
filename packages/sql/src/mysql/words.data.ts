/** Words that both MySQL 9 and MariaDB reserve: outside quotes and not after a dot, no names. */
export const RESERVED_WORDS: ReadonlySet<string> = new Set(
  (
    "accessible add all alter analyze and as asc asensitive before between bigint binary blob both " +
    "by call cascade case change char character check collate column condition constraint continue " +
    "convert create cross current_date current_time current_timestamp current_user cursor database " +
    "databases day_hour day_microsecond day_minute day_second dec decimal declare default delayed " +
    "delete desc describe deterministic distinct distinctrow div double drop dual each else elseif " +
    "enclosed escaped exists exit explain false fetch float float4 float8 for force foreign from " +
    "fulltext grant group having high_priority hour_microsecond hour_minute hour_second if ignore " +
    "in index infile inner inout insensitive insert int int1 int2 int3 int4 int8 integer interval " +
    "into is iterate join key keys kill leading leave left like limit linear lines load localtime " +
    "localtimestamp lock long longblob longtext loop low_priority match mediumblob mediumint " +
    "mediumtext middleint minute_microsecond minute_second mod modifies natural not " +
    "no_write_to_binlog null numeric on optimize option optionally or order out outer outfile " +
    "precision primary procedure purge range read reads read_write real references regexp release " +
    "rename repeat replace require resignal restrict return revoke right rlike schema schemas " +
    "second_microsecond select sensitive separator set show signal smallint spatial specific sql " +
    "sqlexception sqlstate sqlwarning sql_big_result sql_calc_found_rows sql_small_result ssl " +
    "starting straight_join table terminated then tinyblob tinyint tinytext to trailing trigger true " +
    "undo union unique unlock unsigned update usage use using utc_date utc_time utc_timestamp values " +
    "varbinary varchar varcharacter varying when where while with write xor year_month zerofill"
  ).split(" "),
);

/** Reserved by one of the two servers, or by some version: never a name without quotes here. */
export const RESERVED_SOMEWHERE: ReadonlySet<string> = new Set(
  (
    "cube cume_dist current_role delete_domain_id dense_rank do_domain_ids empty except " +
    "first_value function general generated get grouping groups ignore_domain_ids " +
    "ignore_server_ids intersect io_after_gtids io_before_gtids json_table lag last_value lateral lead " +
    "manual master_bind master_heartbeat_period master_ssl_verify_server_cert maxvalue nth_value ntile " +
    "of offset optimizer_costs over page_checksum parallel parse_vcol_expr partition percent_rank " +
    "qualify rank recursive ref_system_id returning row row_number rows slow stats_auto_recalc " +
    "stats_persistent stats_sample_pages stored subpartition system tablesample tables vector virtual " +
    "window library external"
  ).split(" "),
);

/** In a select list at its own depth these end it. */
export const LIST_ENDS: ReadonlySet<string> = new Set(
  "from where group having order limit union into for".split(" "),
);

/** Between SELECT and its first item. */
export const LIST_MODIFIERS: ReadonlySet<string> = new Set(
  (
    "all distinct distinctrow high_priority straight_join sql_small_result sql_big_result " +
    "sql_buffer_result sql_cache sql_no_cache sql_calc_found_rows"
  ).split(" "),
);

/** Reserved words after which a parenthesis never makes a call. */
export const NEVER_NAMES: ReadonlySet<string> = new Set(
  (
    "in and or xor not where on select from as join using exists when then else by having between " +
    "like case limit all distinct union with div regexp rlike cross inner outer order group"
  ).split(" "),
);

/** Reserved words after which a minus can only be a sign. */
export const SIGN_FOLLOWS: ReadonlySet<string> = new Set(
  (
    "select where and or xor not when then else case on having between like rlike regexp div mod " +
    "binary distinct all by limit"
  ).split(" "),
);

/** Words that stand before a parenthesis without being the name of a function. */
export const NOT_CALLS: ReadonlySet<string> = new Set(
  (
    [...NEVER_NAMES].join(" ") +
    " table index key lateral over row ignore use force unique primary references check generated " +
    "default into values mod both leading trailing separator distinctrow decimal dec numeric float " +
    "double real character varcharacter varchar binary varbinary blob int integer tinyint smallint " +
    "mediumint bigint for to"
  ).split(" "),
);

/** Built-ins whose answer is not a function of the data: `name(` makes a read uncacheable. */
export const CHANGING_CALLS: ReadonlySet<string> = new Set(
  (
    "now sysdate curdate curtime current_date current_time current_timestamp localtime " +
    "localtimestamp utc_date utc_time utc_timestamp unix_timestamp rand uuid uuid_short " +
    "random_bytes sleep benchmark get_lock release_lock release_all_locks is_free_lock is_used_lock " +
    "last_insert_id found_rows row_count connection_id user session_user system_user current_user " +
    "current_role database schema version load_file master_pos_wait master_gtid_wait " +
    "source_pos_wait wait_for_executed_gtid_set wait_until_sql_thread_after_gtids gtid_subset " +
    "statement_digest ps_current_thread_id ps_thread_id roles_graphml icu_version " +
    "nextval lastval setval name_const sys_guid encrypt uuid_v4 uuid_v7 uuidv4 uuidv7 " +
    "binlog_gtid_pos"
  ).split(" "),
);

/** The same without parentheses; all reserved words. */
export const CHANGING_WORDS: ReadonlySet<string> = new Set(
  (
    "current_date current_time current_timestamp localtime localtimestamp utc_date utc_time " +
    "utc_timestamp current_user current_role"
  ).split(" "),
);

/** What a statement does by its first word: whether it may write, and may change the session. */
export interface VerbEffect {
  /** "calls": only if it calls a function not known to be read-only. */
  readonly writes: boolean | "calls";
  readonly session: boolean | "calls";
}

const effects = (words: string, effect: VerbEffect): [string, VerbEffect][] =>
  words.split(" ").map((verb) => [verb, effect]);

/**
 * Verbs other than those of reads; an unknown one may do anything. COMMIT and ROLLBACK change no
 * setting. Triggers are taken not to change settings.
 */
export const VERBS: ReadonlyMap<string, VerbEffect> = new Map([
  ...effects("begin start commit rollback savepoint release show help checksum kill", {
    writes: false,
    session: false,
  }),
  ...effects("insert update delete replace load", { writes: true, session: "calls" }),
  ...effects("xa truncate analyze optimize check repair flush purge grant revoke", {
    writes: true,
    session: "calls",
  }),
  ...effects("set do", { writes: "calls", session: true }),
  ...effects("use lock unlock handler", { writes: false, session: true }),
]);
