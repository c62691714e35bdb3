/**
 * Downloads the MySQL, the MariaDB and the sysbench that tests use, and starts each server once,
 * so that no test waits for it: node packages/cli/scripts/fetch-servers.ts
 */
import { EmbeddedMysql, fetchPrograms, haveProgram } from "../src/demo/embedded-mysql.ts";

for (const name of ["mysql", "mariadb", "sysbench"] as const) {
  const started = performance.now();
  const present = await haveProgram(name);
  try {
    const { version } = await fetchPrograms(name);
    if (name !== "sysbench") await (await EmbeddedMysql.start({ flavour: name })).stop();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${name} ${version}: ${present ? "present" : "downloaded"} (${seconds}s)`);
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
