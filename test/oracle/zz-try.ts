import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { startFreshet } from "../support/freshet.ts";
import { RawClient } from "./mysql/raw-client.ts";
import { explainLast } from "./explain-last.ts";
import { setTimeout as delay } from "node:timers/promises";
const flavour = (process.argv[2] ?? "mysql") as "mysql" | "mariadb";
const server = await EmbeddedMysql.start({ flavour });
const c = await RawClient.connect(server.url());
await c.run("CREATE TABLE m (id int PRIMARY KEY, n int NOT NULL)");
await c.run("INSERT INTO m VALUES (1, 0)");
const f = await startFreshet({ upstreamUrl: server.url(), logger: console as never });
try {
  const p = await RawClient.connect(f.url());
  console.log(await p.simple("CREATE CACHE mark FROM SELECT n FROM m WHERE id = 1"));
  for (let i = 0; i < 5; i++) {
    const t = Date.now();
    const r = await p.run("SELECT n FROM m WHERE id = 1");
    console.log(r.rows, await explainLast(p), Date.now() - t);
    await delay(200);
    await c.run("UPDATE m SET n = n + 1");
  }
  console.log((await p.run("SHOW CACHES")).rows);
  await p.close();
} catch (e) {
  console.log(e);
} finally {
  await c.close();
  await f.stop();
  await server.stop();
}
