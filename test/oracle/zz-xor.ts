import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { RawClient } from "./mysql/raw-client.ts";
const server = await EmbeddedMysql.start({ flavour: "mysql" });
try {
  const c = await RawClient.connect(server.url());
  await c.run("CREATE TABLE t2 (id int unsigned NOT NULL, ref int NOT NULL, tag varchar(40) COLLATE utf8mb4_0900_bin, c0 varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL, UNIQUE KEY identity (id))");
  await c.run("INSERT INTO t2 VALUES (1,3,NULL,'a'),(2,12,NULL,'a'),(3,3,' pad ','a'),(1001,3,'x','A'),(4,12,'x','a'),(5,3,NULL,'a')");
  for (const q of [
    "SELECT a.id, a.c0 FROM t2 a WHERE 'A' = a.c0 AND ((a.tag <> ' pad ' XOR a.ref >= 10) OR a.id NOT IN (2, 1)) ORDER BY a.c0, a.c0 LIMIT 6",
    "SELECT a.id, a.c0 FROM t2 a WHERE 'A' = a.c0 AND ((a.tag <> ' pad ' XOR a.ref >= 10) OR a.id NOT IN (2, 1)) ORDER BY a.c0, a.c0",
    "SELECT a.id, a.c0 FROM t2 a WHERE 'A' = a.c0 AND ((a.tag <> ' pad ' XOR a.ref >= 10) OR a.id NOT IN (2, 1))",
    "SELECT a.id, a.c0, dense_rank() over (order by a.c0) r FROM t2 a WHERE 'A' = a.c0 AND ((a.tag <> ' pad ' XOR a.ref >= 10) OR a.id NOT IN (2, 1)) order by r",
    "SELECT a.id, a.c0 FROM t2 a WHERE ((a.tag <> ' pad ' XOR a.ref >= 10) OR a.id NOT IN (2, 1))",
    "SELECT a.id, a.c0 FROM t2 a WHERE (a.tag <> ' pad ' XOR a.ref >= 10)",
    "SELECT a.id, a.c0, (a.tag <> ' pad ' XOR a.ref >= 10) x, NULL XOR 1 FROM t2 a",
  ]) { const r = await c.run(q); console.log(q, "\n   ", JSON.stringify(r.rows)); }
  for (const q of ["explain format=tree SELECT a.id, a.c0 FROM t2 a WHERE 'A' = a.c0 AND ((a.tag <> ' pad ' XOR a.ref >= 10) OR a.id NOT IN (2, 1)) ORDER BY a.c0, a.c0 LIMIT 6","explain format=tree SELECT a.id, a.c0, dense_rank() over (order by a.c0) r FROM t2 a WHERE 'A' = a.c0 AND ((a.tag <> ' pad ' XOR a.ref >= 10) OR a.id NOT IN (2, 1)) order by r"]) console.log((await c.run(q)).rows[0]![0]);
  await c.close();
} finally { await server.stop(); }
