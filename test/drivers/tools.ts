import { execFile } from "node:child_process";
import { access, mkdir, readdir } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory, fetchProgramSet } from "@freshet/cli/embedded-mysql";
import { must } from "@freshet/util";

/** What runs one driver's program; everything fetched lies in the user's cache. */
export interface DriverCommand {
  readonly command: string;
  /** Before PORT SCRIPT DATA_FILE. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const run = promisify(execFile);
const directory = join(cacheDirectory(), "drivers");
const CONNECTOR_J = "3.5.6";

export const DRIVERS: Readonly<Record<string, () => Promise<DriverCommand>>> = {
  mysql2: () => node("mysql2"),
  mariadb: () => node("mariadb"),
  pymysql: () => python("pymysql"),
  mysqlclient: () => python("mysqlclient"),
  go,
  java,
  mysqli: () => php("mysqli"),
  pdo: () => php("pdo"),
};

function node(name: string): Promise<DriverCommand> {
  const args = [join(import.meta.dirname, "node", `${name}.ts`)];
  return Promise.resolve({ command: process.execPath, args });
}

/** Debian's packages in a place of their own: the machine's Python need not have the drivers. */
async function python(driver: string): Promise<DriverCommand> {
  const { root, binDir } = await fetchProgramSet("python-drivers", {
    suite: "own",
    packages: ["python3-mysqldb", "python3-pymysql", "python3-cryptography"],
    alone: [],
    main: "python3",
  });
  const args = [join(import.meta.dirname, "python", "client.py"), driver];
  const env = { PYTHONHOME: join(root, "usr"), PYTHONDONTWRITEBYTECODE: "1" };
  return { command: join(binDir, "python3"), args, env };
}

async function go(): Promise<DriverCommand> {
  // The second is where Go's own installer puts it.
  const command = await firstOnPath(["go", "/usr/local/go/bin/go"], "Go");
  const output = join(directory, "go-client");
  await mkdir(directory, { recursive: true });
  const env = {
    ...withPath(),
    GOMODCACHE: join(directory, "go-modules"),
    GOCACHE: join(directory, "go-build"),
    GOFLAGS: "-modcacherw",
  };
  const source = join(import.meta.dirname, "go");
  await orSay("go-sql-driver could not be had and built with Go", () =>
    run(command, ["build", "-o", output, "."], { cwd: source, env: { ...process.env, ...env } }),
  );
  return { command: output, args: [] };
}

async function java(): Promise<DriverCommand> {
  const command = await firstOnPath(["java"], "Java");
  const jar = join(directory, `mariadb-java-client-${CONNECTOR_J}.jar`);
  if (!(await exists(jar))) {
    const maven = await firstOnPath(["mvn"], "Maven");
    const artifact = `org.mariadb.jdbc:mariadb-java-client:${CONNECTOR_J}`;
    const get = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1";
    await mkdir(directory, { recursive: true });
    await orSay("MariaDB Connector/J could not be had with Maven", async () => {
      await run(maven, ["-q", "-B", `${get}:get`, `-Dartifact=${artifact}`, "-Dtransitive=false"]);
      const copy = [`-Dartifact=${artifact}`, `-DoutputDirectory=${directory}`];
      await run(maven, ["-q", "-B", `${get}:copy`, ...copy]);
    });
  }
  return { command, args: ["-cp", jar, join(import.meta.dirname, "java", "Client.java")] };
}

/** Debian's packages in a place of their own, as for Python. */
async function php(extension: string): Promise<DriverCommand> {
  const { root, binDir } = await fetchProgramSet("php-drivers", {
    suite: "own",
    packages: ["php-cli", "php-mysql"],
    alone: [],
    main: "php",
  });
  const files = await readdir(join(root, "usr", "lib", "php"), { recursive: true });
  const module = must(
    files.find((file) => file.endsWith("mysqli.so")),
    "the package has the extension",
  );
  const extensions = join(root, "usr", "lib", "php", dirname(module));
  const program = must(
    (await readdir(binDir)).find((name) => /^php[\d.]*$/.test(name)),
    "the package has the program",
  );
  const needed = ["mysqlnd", "mysqli", "pdo", "pdo_mysql"].flatMap((name) => [
    "-d",
    `extension=${name}.so`,
  ]);
  const options = ["-n", "-d", `extension_dir=${extensions}`, "-d", "memory_limit=1G", ...needed];
  options.push("-d", "mysqli.allow_local_infile=1");
  const args = [...options, join(import.meta.dirname, "php", `${extension}.php`)];
  const command = join(binDir, program);
  return { command, args, env: { PHP_COMMAND: [command, ...options].join(" ") } };
}

async function orSay(sentence: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    const why = (stderr === undefined || stderr === "" ? message : stderr).trim().split("\n")[0];
    throw new Error(`${sentence} (${why}).`, { cause });
  }
}

async function firstOnPath(names: readonly string[], what: string): Promise<string> {
  for (const name of names) {
    if (name.includes("/")) {
      if (await exists(name)) return name;
      continue;
    }
    for (const path of (process.env["PATH"] ?? "").split(delimiter)) {
      if (await exists(join(path, name))) return join(path, name);
    }
  }
  throw new Error(`${what} is not installed on this machine.`);
}

function withPath(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "" };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
