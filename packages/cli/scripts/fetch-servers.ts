/**
 * Downloads the MySQL, the MariaDB, the Consul, the HAProxy and the sysbench that tests use, and
 * starts each database once, so that no test waits for it: node packages/cli/scripts/fetch-servers.ts
 */
import { EmbeddedMysql, fetchPrograms, haveProgram } from "../src/demo/embedded-mysql.ts";
import { fetchHelmCommand, fetchKubernetesSchemas } from "../src/testing/helm-tools.ts";

for (const name of ["mysql", "mariadb", "sysbench", "consul", "haproxy"] as const) {
  const started = performance.now();
  const present = await haveProgram(name);
  try {
    const { version } = await fetchPrograms(name);
    if (name === "mysql" || name === "mariadb") {
      await (await EmbeddedMysql.start({ flavour: name })).stop();
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${name} ${version}: ${present ? "present" : "downloaded"} (${seconds}s)`);
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

// What checks the chart, built by Go.
const tools: Readonly<Record<string, () => Promise<string>>> = {
  helm: () => fetchHelmCommand("helm"),
  kubeconform: () => fetchHelmCommand("kubeconform"),
  "Kubernetes' schemas": fetchKubernetesSchemas,
};
for (const [name, fetchTool] of Object.entries(tools)) {
  const started = performance.now();
  try {
    await fetchTool();
    console.log(`${name}: present (${((performance.now() - started) / 1000).toFixed(1)}s)`);
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
