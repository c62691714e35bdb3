import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cached } from "./download-cache.ts";
import type { Programs } from "./mysql-programs.ts";

const run = promisify(execFile);

export type MysqlFlavour = "mysql" | "mariadb";

/** Part of the cached directory's name: raised when what is made below changes. */
const REVISION = 2;

/** Size of the redo log in the template; a server started with another one has to resize it. */
export const REDO_LOG_SIZE = "32M";

export const ROOT_PASSWORD = "root";

const ACCOUNTS: Readonly<Record<MysqlFlavour, readonly string[]>> = {
  mysql: [
    `CREATE USER 'root'@'%' IDENTIFIED WITH caching_sha2_password BY '${ROOT_PASSWORD}';`,
    "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;",
    `ALTER USER 'root'@'localhost' IDENTIFIED WITH caching_sha2_password BY '${ROOT_PASSWORD}';`,
    "CREATE DATABASE test;",
  ],
  mariadb: [
    // The accounts without a password, which would win over the one below for their hosts.
    "DELETE FROM mysql.global_priv WHERE user IN ('root', '');",
    "DELETE FROM mysql.proxies_priv;",
    "FLUSH PRIVILEGES;",
    ...["%", "localhost"].flatMap((host) => [
      `CREATE OR REPLACE USER 'root'@'${host}' IDENTIFIED BY '${ROOT_PASSWORD}';`,
      `GRANT ALL PRIVILEGES ON *.* TO 'root'@'${host}' WITH GRANT OPTION;`,
    ]),
    "CREATE DATABASE test;",
  ],
};

/** Options that every process of the server needs to find its files below the private root. */
export function placeOptions(
  flavour: MysqlFlavour,
  programs: Programs,
  dataDir: string,
): readonly string[] {
  return [
    "--no-defaults",
    // Both refuse to run as root unless told so.
    ...(process.getuid?.() === 0 ? ["--user=root"] : []),
    `--basedir=${join(programs.root, "usr")}`,
    `--datadir=${dataDir}`,
    // A MariaDB that starts removes the temporary tables of all others that share its directory.
    `--tmpdir=${dataDir}`,
    `--lc-messages-dir=${join(programs.root, "usr/share/mysql")}`,
    `--character-sets-dir=${join(programs.root, "usr/share/mysql/charsets")}`,
    `--plugin-dir=${join(programs.root, "usr/lib/mysql/plugin")}`,
    ...(flavour === "mysql" ? ["--mysqlx=0"] : []),
  ];
}

/**
 * Fills an empty data directory: system tables, the database `test`, and the account `root` with
 * all privileges from anywhere. Initialising takes seconds; it is done once per version and
 * then copied.
 */
export async function createDataDirectory(
  flavour: MysqlFlavour,
  programs: Programs,
  dataDir: string,
): Promise<void> {
  const make = flavour === "mysql" ? initialiseMysql : initialiseMariadb;
  const version = `${programs.version}.r${REVISION}`;
  const template = await cached(
    `${flavour}-data`,
    async (directory) => {
      const data = join(directory, "data");
      await mkdir(data, { mode: 0o700 });
      await make(programs, data, join(directory, "setup.sql"));
      // The server's identity: made anew by the first start of each copy.
      await rm(join(data, "auto.cnf"), { force: true });
      return version;
    },
    version,
  );
  await copyDirectory(join(template, "data"), dataDir);
}

async function initialiseMysql(programs: Programs, data: string, setup: string): Promise<void> {
  await writeFile(setup, `${ACCOUNTS.mysql.join("\n")}\n`);
  await run(
    join(programs.binDir, "mysqld"),
    [
      ...placeOptions("mysql", programs, data),
      ...["--initialize-insecure", `--init-file=${setup}`, "--skip-log-bin"],
      `--innodb-redo-log-capacity=${REDO_LOG_SIZE}`,
    ],
    { cwd: "/" },
  );
}

/** What mariadb-install-db does, which is a script that cannot run from a private root. */
async function initialiseMariadb(programs: Programs, data: string, setup: string): Promise<void> {
  const share = join(programs.root, "usr/share/mysql");
  const scripts = [
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
    "maria_add_gis_sp_bootstrap.sql",
    "mysql_sys_schema.sql",
  ];
  const parts = ["CREATE DATABASE mysql;", "USE mysql;", "SET @auth_root_socket = NULL;"];
  for (const name of scripts) parts.push(await readFile(join(share, name), "utf8"));
  parts.push(...ACCOUNTS.mariadb, "");
  await writeFile(setup, parts.join("\n"));
  const options = [
    ...placeOptions("mariadb", programs, data),
    ...["--bootstrap", `--innodb-log-file-size=${REDO_LOG_SIZE}`],
  ];
  const server = join(programs.binDir, "mariadbd");
  // Bootstrapping reads standard input.
  await run(
    "/bin/sh",
    ["-c", 'setup=$1; shift; exec "$@" <"$setup"', "sh", setup, server, ...options],
    {
      cwd: "/",
    },
  );
}

/** With holes where the files are empty, which most of a new one is. */
async function copyDirectory(from: string, to: string): Promise<void> {
  await run("cp", ["-R", "--preserve=mode", "--sparse=always", "--reflink=auto", `${from}/.`, to]);
}
