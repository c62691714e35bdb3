/**
 * Native functions of MySQL 8 and 9 and of MariaDB that neither write nor change the session.
 * A stored function of the same name is reached only with its schema before it.
 */
const NAMES =
  "abs acos adddate addtime aes_decrypt aes_encrypt any_value ascii asin atan atan2 avg bin " +
  "bin_to_uuid bit_and bit_count bit_length bit_or bit_xor cast ceil ceiling char char_length " +
  "character_length charset chr coalesce coercibility collation compress concat concat_ws conv " +
  "convert convert_tz cos cot count crc32 crc32c cume_dist curdate current_date current_role " +
  "current_time current_timestamp current_user curtime database date date_add date_format " +
  "date_sub datediff day dayname dayofmonth dayofweek dayofyear decode degrees dense_rank des_decrypt " +
  "des_encrypt elt encode exp export_set extract extractvalue field find_in_set first_value floor " +
  "format format_bytes format_pico_time found_rows from_base64 from_days from_unixtime " +
  "geomcollection geometrycollection get_format greatest group_concat grouping gtid_subset " +
  "gtid_subtract hex hour icu_version if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa " +
  "insert instr interval is_free_lock is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_used_lock " +
  "is_uuid isnull json_array json_array_append json_array_insert json_array_intersect " +
  "json_arrayagg json_compact json_contains json_contains_path json_depth json_detailed json_equals " +
  "json_exists json_extract json_insert json_keys json_length json_loose json_merge " +
  "json_merge_patch json_merge_preserve json_normalize json_object json_objectagg " +
  "json_object_filter_keys json_object_to_array json_overlaps json_pretty json_query json_quote " +
  "json_remove json_replace json_schema_valid json_schema_validation_report json_search json_set " +
  "json_storage_free json_storage_size json_table json_type json_unquote json_valid json_value " +
  "kdf lag last_day last_value lcase lead least left length linestring ln localtime " +
  "localtimestamp locate log log10 log2 lower lpad ltrim make_set makedate maketime match max " +
  "mbrcontains mbrcoveredby mbrcovers mbrdisjoint mbrequals mbrintersects mbroverlaps mbrtouches " +
  "mbrwithin md5 median microsecond mid min minute mod month monthname multilinestring multipoint " +
  "multipolygon natural_sort_key now nth_value ntile nullif nvl nvl2 oct octet_length old_password " +
  "ord password percent_rank percentile_cont percentile_disc period_add period_diff pi point polygon " +
  "position pow power quarter quote radians rand random_bytes rank regexp_instr regexp_like " +
  "regexp_replace regexp_substr repeat replace reverse right round row_count row_number rpad rtrim " +
  "schema sec_to_time second session_user sformat sha sha1 sha2 sign sin soundex space sqrt " +
  "st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_buffer st_centroid st_contains " +
  "st_crosses st_difference st_dimension st_disjoint st_distance st_distance_sphere st_endpoint " +
  "st_envelope st_equals st_exteriorring st_geohash st_geomfromgeojson st_geomfromtext " +
  "st_geomfromwkb st_intersection st_intersects st_isclosed st_isempty st_issimple st_isvalid " +
  "st_latitude st_length st_longitude st_makeenvelope st_numgeometries st_overlaps " +
  "st_pointfromtext st_simplify st_srid st_startpoint st_symdifference st_touches st_union " +
  "st_within st_x st_y statement_digest statement_digest_text std stddev stddev_pop stddev_samp " +
  "str_to_date strcmp subdate substr substring substring_index subtime sum sysdate system_user tan " +
  "time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_base64 to_char " +
  "to_date to_days to_number to_seconds trim trim_oracle truncate ucase uncompress " +
  "uncompressed_length unhex unix_timestamp updatexml upper user utc_date utc_time utc_timestamp uuid " +
  "uuid_short uuid_to_bin validate_password_strength values var_pop var_samp variance version " +
  "vec_distance vec_distance_cosine vec_distance_euclidean week weekday weekofyear weight_string " +
  "year yearweek last_insert_id connection_id";

export const READ_ONLY_FUNCTIONS: ReadonlySet<string> = new Set(NAMES.split(" "));
