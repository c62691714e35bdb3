import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startFreshet, type TestFreshet } from "../support/freshet.ts";
import { mysqlLastReason, mysqlQuery } from "../support/mysql-database.ts";
import { MysqlLockstep } from "../support/mysql-lockstep.ts";

const ZONE = 77;
/** Berlin in 2020: clocks go forward, and in October back. */
const BERLIN = [
  "SET time_zone = '+00:00'",
  `INSERT INTO mysql.time_zone (Time_zone_id, Use_leap_seconds) VALUES (${ZONE}, 'N')`,
  `INSERT INTO mysql.time_zone_name (Name, Time_zone_id) VALUES ('Europe/Berlin', ${ZONE})`,
  `INSERT INTO mysql.time_zone_transition_type VALUES
    (${ZONE}, 0, 7200, 1, 'CEST'), (${ZONE}, 1, 3600, 0, 'CET')`,
  `INSERT INTO mysql.time_zone_transition VALUES
    (${ZONE}, unix_timestamp('2020-03-29 01:00:00'), 0),
    (${ZONE}, unix_timestamp('2020-10-25 01:00:00'), 1)`,
];

/** Both 02:30 in Berlin, an hour apart. */
const TWICE = ["2020-10-25 00:30:00", "2020-10-25 01:30:00"] as const;

const TEXTS = [
  "SELECT id FROM visit WHERE came = went",
  "SELECT id FROM visit WHERE came < went",
  "SELECT COUNT(DISTINCT went) FROM visit",
  "SELECT COUNT(*) FROM visit GROUP BY went ORDER BY COUNT(*)",
  "SELECT kind FROM visit GROUP BY kind ORDER BY MAX(went), kind",
];

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let upstream: EmbeddedMysql;
  let freshet: TestFreshet;

  beforeAll(async () => {
    upstream = await EmbeddedMysql.start({ flavour });
    await mysqlQuery(
      upstream.url(),
      ...BERLIN,
      "CREATE TABLE visit (id int PRIMARY KEY, came timestamp NULL, went timestamp NULL, kind int)",
      `INSERT INTO visit VALUES (1, '${TWICE[0]}', '${TWICE[1]}', 1),
        (2, '${TWICE[1]}', '${TWICE[0]}', 1), (3, '2020-10-25 01:10:00', '2020-10-25 00:50:00', 2)`,
    );
    freshet = await startFreshet({ upstreamUrl: upstream.url() });
    for (const text of TEXTS) await mysqlQuery(freshet.url(), `CREATE CACHE FROM ${text}`);
  });

  afterAll(async () => {
    await freshet?.stop();
    await upstream?.stop();
  });

  it("answers where the zone is an offset, and forwards where clocks are put back", async () => {
    const own = await MysqlLockstep.connect(upstream.url(), freshet.url());
    for (const text of TEXTS) {
      await own.same("SET time_zone = '+02:00'");
      await eventually(async () => {
        await own.same(text);
        expect(await mysqlLastReason(own.proxied)).toMatch(/^freshet/);
      });
      await own.same("SET time_zone = 'Europe/Berlin'");
      for (let count = 0; count < 3; count += 1) {
        await own.same(text);
        expect(await mysqlLastReason(own.proxied)).toMatch(/^upstream/);
      }
    }
    await own.end();
  });
});
