import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import type { SqlType } from "@freshet/types";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collationOf } from "../collations.ts";
import { TYPE } from "../column-types.ts";
import { BinlogError } from "./binlog-error.ts";
import { BinlogDecoder } from "./decoder.ts";
import type { BinlogEvent } from "./events.ts";
import { ABSENT, type DecodedRows, compileRowDecoder } from "./row-decoder.ts";
import {
  FLAVOURS,
  capture,
  connect,
  decodeAll,
  firstEvents,
  rawRows,
  rowsWithMaps,
} from "./testing/binlog-capture.ts";

const INT: SqlType = { kind: "int", upstreamId: TYPE.long, name: "int", modifier: -1 };
const TEXT: SqlType = {
  kind: "text",
  upstreamId: TYPE.varString,
  name: "varchar",
  modifier: 200,
  collation: { name: "utf8mb4_general_ci", equality: "weights", order: "weights" },
};
const TABLE = "id int PRIMARY KEY, v varchar(200), n int unsigned, e enum('a,b','c')";
const UNSIGNED: SqlType = { ...INT, unsigned: true };
const ENUM: SqlType = {
  kind: "enum",
  upstreamId: TYPE.enum,
  name: "enum",
  modifier: -1,
  enumLabels: ["a,b", "c"],
};
const TYPES = [INT, TEXT, UNSIGNED, ENUM];

function rowsOf(events: readonly BinlogEvent[], types: readonly (SqlType | null)[]): DecodedRows[] {
  return rowsWithMaps(events).map(({ map, rows }) => {
    const decoder = compileRowDecoder(map, types);
    if ("mismatch" in decoder) throw new Error(decoder.mismatch);
    return decoder.decode(rows);
  });
}

function mismatchOf(events: readonly BinlogEvent[], types: readonly (SqlType | null)[]): string {
  const [first] = rowsWithMaps(events);
  if (first === undefined) throw new Error("no rows");
  const decoder = compileRowDecoder(first.map, types);
  return "mismatch" in decoder ? decoder.mismatch : "";
}

describe.each(FLAVOURS)("a binary log of %s", (flavour) => {
  let server: EmbeddedMysql;
  let connection: Connection;

  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour });
    connection = await connect(server);
  }, 120_000);

  afterAll(async () => {
    await connection.end();
    await server.stop();
  });

  async function logged(...statements: readonly string[]): Promise<Buffer[]> {
    return capture(server, connection, async () => {
      for (const statement of statements) await connection.query(statement);
    });
  }

  async function create(columns = TABLE): Promise<void> {
    await connection.query("DROP TABLE IF EXISTS t");
    await connection.query(`CREATE TABLE t (${columns}) CHARACTER SET utf8mb4`);
  }

  const WRITES = [
    `INSERT INTO t VALUES (1, repeat('é', 150), 4294967295, 'a,b'), (2, NULL, 0, NULL)`,
    "UPDATE t SET v = repeat('x', 150), n = 7 ORDER BY id",
    "DELETE FROM t WHERE id = 1",
  ];
  const EXPECTED = [
    {
      before: null,
      after: [
        [1, "é".repeat(150), 4294967295, "a,b"],
        [2, null, 0, null],
      ],
      missing: [],
    },
    {
      before: [
        [1, "é".repeat(150), 4294967295, "a,b"],
        [2, null, 0, null],
      ],
      after: [
        [1, "x".repeat(150), 7, "a,b"],
        [2, "x".repeat(150), 7, null],
      ],
      missing: [],
    },
    { before: [[1, "x".repeat(150), 7, "a,b"]], after: null, missing: [] },
  ];
  const compression =
    flavour === "mysql" ? "SESSION binlog_transaction_compression" : "GLOBAL log_bin_compress";
  const metadata = flavour === "mysql" ? ["MINIMAL", "FULL"] : ["NO_LOG", "MINIMAL", "FULL"];

  for (const checksum of ["NONE", "CRC32"]) {
    for (const compressed of ["OFF", "ON"]) {
      for (const told of metadata) {
        it(`is read: checksum ${checksum}, compression ${compressed}, metadata ${told}`, async () => {
          await connection.query(`SET GLOBAL binlog_checksum = ${checksum}`);
          await connection.query(`SET ${compression} = ${compressed}`);
          await connection.query(`SET GLOBAL binlog_row_metadata = ${told}`);
          await create();
          const events = decodeAll(await logged(...WRITES));
          expect(events[0]).toMatchObject({ kind: "format", checksum: checksum.toLowerCase() });
          expect(rowsOf(events, TYPES)).toEqual(EXPECTED);
          expect(rowsOf(events, [null, null, UNSIGNED, null])[0]?.after).toEqual([
            [4294967295],
            [0],
          ]);
          expect(events.filter((event) => event.kind === "xid")).toHaveLength(3);
          const payloads = events.filter((event) => event.kind === "payload").length;
          expect(payloads).toBe(flavour === "mysql" && compressed === "ON" ? 3 : 0);
          const types = new Set(events.map((event) => event.header.type));
          expect(types.has(166)).toBe(flavour === "mariadb" && compressed === "ON");
          await connection.query(`SET ${compression} = OFF`);
          await connection.query("SET GLOBAL binlog_row_metadata = FULL");
          await connection.query("SET GLOBAL binlog_checksum = CRC32");
        });
      }
    }
  }

  it("says how a table differs from the types", async () => {
    await create();
    const events = decodeAll(await logged("INSERT INTO t VALUES (1, 'x', 1, 'c')"));
    const [first] = rowsWithMaps(events);
    expect(first?.map).toMatchObject({ schema: "test", table: "t", primaryKey: [0] });
    expect(first?.map.columns.map((column) => column.name)).toEqual(["id", "v", "n", "e"]);
    expect(mismatchOf(events, TYPES)).toBe("");
    expect(mismatchOf(events, [INT])).toBe("the table has 4 columns, not 1");
    expect(mismatchOf(events, [INT, INT, null, null])).toContain("column v: it is stored as");
    expect(mismatchOf(events, [INT, null, INT, null])).toBe("column n: it is unsigned");
    const longer = { ...TEXT, modifier: 201 };
    expect(mismatchOf(events, [null, longer, null, null])).toContain("it holds 800 bytes, not 804");
    const latin1 = { name: "latin1_bin", equality: "weights", order: "weights" } as const;
    expect(mismatchOf(events, [null, { ...TEXT, collation: latin1 }, null, null])).toContain(
      "latin1",
    );
    const other = { ...ENUM, enumLabels: ["c", "a,b"] };
    expect(mismatchOf(events, [null, null, null, other])).toContain("members are others");
  });

  it("shows which columns a partial row image lacks", async () => {
    await create();
    await connection.query("INSERT INTO t VALUES (1, 'x', 1, 'c')");
    await connection.query("SET SESSION binlog_row_image = MINIMAL");
    const events = decodeAll(await logged("UPDATE t SET n = 2", "DELETE FROM t"));
    await connection.query("SET SESSION binlog_row_image = FULL");
    expect(rowsOf(events, TYPES)).toEqual([
      {
        before: [[1, ABSENT, ABSENT, ABSENT]],
        after: [[ABSENT, ABSENT, 2, ABSENT]],
        missing: expect.arrayContaining([0, 1, 2, 3]),
      },
      { before: [[1, ABSENT, ABSENT, ABSENT]], after: null, missing: [1, 2, 3] },
    ]);
    expect(rowsOf(events, [INT, null, null, null])[1]?.missing).toEqual([]);
  });

  it("lets columns of any type be skipped", async () => {
    const odd = ["geometry", "time(3)", "timestamp(6) NULL", "bit(60)", "mediumblob", "char(200)"];
    if (flavour === "mysql") odd.push("vector(3)", "json", "char(60) CHARACTER SET gb18030");
    else odd.push("uuid", "inet6", "inet4", "varchar(90) COMPRESSED", "text COMPRESSED");
    odd.push("enum('a','b') CHARACTER SET ucs2", "set('a','b')", "year", "decimal(65,30)");
    odd.push("varchar(3000) CHARACTER SET ucs2", "date", "double", "float", "tinyblob");
    const columns = odd.map((type, index) => `c${index} ${type}`);
    await create(`id int, ${columns.join(", ")}, n int`);
    const one = odd.map((type) => {
      if (type === "geometry") return "ST_GeomFromText('POINT(1 2)')";
      if (type === "vector(3)") return "string_to_vector('[1,2,3]')";
      if (type === "json") return `'{"a": 1}'`;
      if (type === "uuid") return "'00112233-4455-6677-8899-aabbccddeeff'";
      if (type === "inet6") return "'::1'";
      if (type === "inet4") return "'1.2.3.4'";
      if (/COMPRESSED/.test(type)) return "repeat('a', 80)";
      if (/enum|set/.test(type)) return "'b'";
      if (type === "date" || /timestamp/.test(type)) return "'2024-01-02'";
      return "1";
    });
    const events = decodeAll(
      await logged(
        `INSERT INTO t VALUES (-1, ${one.join(", ")}, 7), (2, ${odd.map(() => "NULL").join(", ")}, 8)`,
      ),
    );
    const wanted = [INT, ...odd.map(() => null), INT];
    expect(rowsOf(events, wanted)[0]?.after).toEqual([
      [-1, 7],
      [2, 8],
    ]);
    const map = rowsWithMaps(events)[0]?.map;
    expect(map?.columns.at(-1)?.name).toBe("n");
    expect(map?.columns[1]).toMatchObject({ name: "c0", geometryType: 0 });
    const collation = (type: string) => map?.columns[odd.indexOf(type) + 1]?.collation;
    expect(["mediumblob", "tinyblob"].map(collation)).toEqual([63, 63]);
    expect(collationOf(collation("char(200)") ?? 0)?.charset).toBe("utf8mb4");
    expect(collation("varchar(3000) CHARACTER SET ucs2")).toBe(35);
    if (flavour === "mysql") expect(map?.columns[7]).toMatchObject({ dimensions: 3 });
  });

  it("has the columns of the catalogue, and no hidden ones", async () => {
    const index = flavour === "mysql" ? ", INDEX ((a * 3))" : "";
    await create(
      "a int, g int AS (a + 1) VIRTUAL, p int AS (a + 2) STORED, h int INVISIBLE DEFAULT 5," +
        ` s varchar(200)${index}`,
    );
    await connection.query("ALTER TABLE t ADD COLUMN f int FIRST, DROP COLUMN s");
    const events = decodeAll(await logged("INSERT INTO t (f, a) VALUES (9, 1)", "DELETE FROM t"));
    const names = rowsWithMaps(events)[0]?.map.columns.map((column) => column.name);
    expect(names).toEqual(["f", "a", "g", "p", "h"]);
    const g = flavour === "mysql" ? INT : null;
    const row = flavour === "mysql" ? [9, 1, 2, 3, 5] : [9, 1, 3, 5];
    expect(rowsOf(events, [INT, INT, g, INT, INT])).toEqual([
      { before: null, after: [row], missing: [] },
      { before: [row], after: null, missing: [] },
    ]);
  });

  it("is refused when a byte is changed or missing", async () => {
    await create();
    const [format, ...events] = await logged(...WRITES, "CREATE TABLE u (a int)", "DROP TABLE u");
    if (format === undefined) throw new Error("no format");
    const decoder = () => {
      const fresh = new BinlogDecoder();
      fresh.decode(format);
      return fresh;
    };
    let seed = 1;
    for (const event of [format, ...events]) {
      for (let at = 0; at < event.length; at += 1) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        const changed = Buffer.from(event);
        const was = event[at] as number;
        changed[at] = was ^ (1 + ((seed >>> 16) % 255));
        // The one flag that the server itself changes without a new checksum.
        if (event === format && at === 17 && changed[at] === (was ^ 1)) continue;
        const subject = event === format ? new BinlogDecoder() : decoder();
        expect(() => subject.decode(changed)).toThrow(BinlogError);
        expect(() => decoder().decode(event.subarray(0, at))).toThrow(BinlogError);
      }
    }
  });

  it("without checksums still fails with nothing but a BinlogError", async () => {
    await connection.query("SET GLOBAL binlog_checksum = NONE");
    await create("id int, j json, d decimal(30,10), t datetime(3), v varchar(200), s set('a','b')");
    const [format, ...events] = await logged(
      `INSERT INTO t VALUES (1, '{"a": [1, "x", {"b": 2.5}], "c": 70000}', -1.5, now(3), 'é', 'a,b')`,
    );
    await connection.query("SET GLOBAL binlog_checksum = CRC32");
    if (format === undefined) throw new Error("no format");
    const wanted = [
      INT,
      flavour === "mysql" ? { ...TEXT, kind: "opaque" as const, upstreamId: TYPE.json } : null,
      null,
      null,
      TEXT,
      null,
    ];
    let failed = 0;
    for (const [index, event] of events.entries()) {
      for (let at = 19; at < event.length; at += 1) {
        for (const bit of [0x01, 0x10, 0x80, 0xff]) {
          const changed = Buffer.from(event);
          changed[at] = (event[at] as number) ^ bit;
          try {
            rowsOf(decodeAll([format, ...events.with(index, changed)]), wanted);
          } catch (error) {
            failed += 1;
            const known =
              error instanceof BinlogError || /mismatch|column|table/.test(String(error));
            if (!known) throw error;
          }
        }
      }
    }
    expect(failed).toBeGreaterThan(100);
  });

  it("tells transactions by GTID, with XA and statements as text", async () => {
    await create();
    await connection.query("SET SESSION binlog_format = STATEMENT").catch(() => undefined);
    const events = decodeAll(
      await logged(
        "INSERT INTO t VALUES (1, 'x', 1, 'c')",
        "SET SESSION binlog_format = ROW",
        "XA START 'g\\0', 'b', 3",
        "INSERT INTO t VALUES (2, 'x', 1, 'c')",
        "XA END 'g\\0', 'b', 3",
        "XA PREPARE 'g\\0', 'b', 3",
        "XA COMMIT 'g\\0', 'b', 3",
      ),
    );
    const texts = events.flatMap((event) => (event.kind === "query" ? [event.text] : []));
    expect(texts).toContain("INSERT INTO t VALUES (1, 'x', 1, 'c')");
    expect(texts).toContain("XA COMMIT X'6700',X'62',3");
    expect(events.find((event) => event.kind === "xaPrepare")).toMatchObject({
      xid: "X'6700',X'62',3",
      onePhase: false,
    });
    const gtids = events.flatMap((event) =>
      event.kind === "gtid" || event.kind === "mariadbGtid" ? [event.gtid] : [],
    );
    expect(gtids).toHaveLength(3);
    for (const gtid of gtids) expect(gtid).toMatch(/^([0-9a-f-]{36}:\d+|0-1-\d+)$/);
    if (flavour === "mariadb") {
      expect(
        events.filter((event) => event.kind === "mariadbGtid" && event.preparedXa),
      ).toHaveLength(1);
      expect(
        events.filter((event) => event.kind === "mariadbGtid" && event.completedXa),
      ).toHaveLength(1);
    }
  });

  it("begins with the GTIDs of the files before", async () => {
    await create();
    if (flavour === "mysql") {
      for (const next of ["AUTOMATIC:first", "AUTOMATIC:second", "AUTOMATIC:first", "AUTOMATIC"]) {
        await connection.query(`SET SESSION gtid_next = '${next}'`);
        await connection.query("INSERT INTO t (id) SELECT count(*) FROM t");
      }
    }
    await connection.query("FLUSH BINARY LOGS");
    const events = decodeAll(await firstEvents(server, connection));
    const known = events.flatMap((event) => {
      if (event.kind === "previousGtids") return [event.gtids];
      if (event.kind !== "mariadbGtidList") return [];
      return event.gtids.map((gtid) => `${gtid.domain}-${gtid.server}-${gtid.sequence}`);
    });
    expect(known).toHaveLength(1);
    if (flavour === "mariadb") {
      const [row] = await rawRows(connection, "SELECT @@gtid_binlog_pos");
      expect(known[0]).toBe(String(row?.[0]));
      return;
    }
    expect(known[0]).toContain(":second:1");
    const sets = `'${known[0]}', @@gtid_executed`;
    const [row] = await rawRows(
      connection,
      `SELECT gtid_subset(${sets}), gtid_subset(@@gtid_executed, '${known[0]}')`,
    );
    expect(row?.map(String)).toEqual(["1", "1"]);
  });

  it("of a large compressed transaction is read whole", async () => {
    await create();
    await connection.query("SET SESSION max_recursive_iterations = 100000").catch(() => undefined);
    await connection.query("SET SESSION cte_max_recursion_depth = 100000").catch(() => undefined);
    await connection.query(`SET ${compression} = ON`);
    const numbers =
      "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 30000)";
    const insert = `INSERT INTO t ${numbers} SELECT i, concat(sha2(i, 256), sha2(-i, 256)), i, 'c' FROM n`;
    const events = decodeAll(await logged(insert));
    await connection.query(`SET ${compression} = OFF`);
    const rows = rowsOf(events, TYPES).flatMap((decoded) => decoded.after ?? []);
    expect(rows).toHaveLength(30_000);
    expect(rows.every((row, index) => row[0] === index + 1 && row[2] === index + 1)).toBe(true);
    const payload = events.find((event) => event.kind === "payload");
    if (payload?.kind === "payload") {
      const bounded = new BinlogDecoder({ maxPayloadBytes: 1000 });
      expect(() => [...bounded.inner(payload)]).toThrow(/larger than the limit/);
    }
  });

  if (flavour === "mysql") {
    it("refuses partial JSON updates", async () => {
      await create("id int PRIMARY KEY, j json");
      await connection.query(
        `INSERT INTO t VALUES (1, '{"a": "xxxxxxxxxxxxxxxxxxxxxxxxxx", "b": 1}')`,
      );
      await connection.query("SET SESSION binlog_row_value_options = PARTIAL_JSON");
      const events = await logged("UPDATE t SET j = JSON_SET(j, '$.b', 2)");
      await connection.query("SET SESSION binlog_row_value_options = ''");
      expect(() => decodeAll(events)).toThrow(/partial JSON/);
    });
  }

  if (flavour === "mariadb") {
    it("is read with times as before MySQL 5.6", async () => {
      await connection.query("SET GLOBAL mysql56_temporal_format = OFF");
      await create("a datetime, b timestamp NULL, c time");
      const events = decodeAll(
        await logged(
          "INSERT INTO t VALUES ('2024-02-29 23:59:58', '2024-02-29 23:59:58', '-838:59:59')," +
            " (0, 0, '01:02:03')",
        ),
      );
      await connection.query("SET GLOBAL mysql56_temporal_format = ON");
      const of = (kind: SqlType["kind"], upstreamId: number): SqlType => ({
        ...INT,
        kind,
        upstreamId,
        modifier: 0,
      });
      const types = [
        of("civildatetime", TYPE.datetime),
        of("timestamptz", TYPE.timestamp),
        of("time", TYPE.time),
      ];
      const packed =
        ((((2024n * 13n + 2n) << 5n) | 29n) << 41n) | (((23n << 12n) | (59n << 6n) | 58n) << 24n);
      const micros = BigInt(Date.UTC(2024, 1, 29, 23, 59, 58) - Date.UTC(2000, 0, 1)) * 1000n;
      expect(rowsOf(events, types)[0]?.after).toEqual([
        [packed, micros, -(838 * 3600 + 59 * 60 + 59) * 1_000_000],
        [0n, -9223372036854775808n, 3_723_000_000],
      ]);
    });
  }
});
