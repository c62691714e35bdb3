import mysql from "mysql2/promise";
import { messageOf } from "@freshet/util";
import {
  type DemoDatabase,
  type DemoDatabaseOptions,
  FILM_TO_CHANGE,
  FIRST_DEMO_PORT,
  type Film,
  NO_FILM,
} from "./demo-database.ts";
import { EmbeddedMysql } from "./embedded-mysql.ts";
import { freePortFrom } from "./child-server.ts";
import { loadMysqlFilms } from "./load-mysql-films.ts";

const DATABASE = "films";

/** MySQL with the film data, or MariaDB where MySQL cannot be had. */
export async function startMysqlFilms(options: DemoDatabaseOptions): Promise<DemoDatabase> {
  const server = await startServer(options);
  try {
    options.signal.throwIfAborted();
    const admin = await mysql.createConnection({ uri: server.url() });
    await admin.query(`CREATE DATABASE ${DATABASE}`);
    await admin.end();
    const url = server.url(DATABASE);
    await loadMysqlFilms({ ...options, url });
    return {
      url,
      film: await filmToChange(url),
      client: (at) => command(server, at),
      run: (at, statement) => `${command(server, at)} -e "${statement}"`,
      timing: "Worth trying there:",
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function startServer(options: DemoDatabaseOptions): Promise<EmbeddedMysql> {
  const start = async (flavour: "mysql" | "mariadb", name: string) => {
    options.print(`starting ${name}; the first time it is downloaded`);
    return EmbeddedMysql.start({
      flavour,
      port: await freePortFrom(FIRST_DEMO_PORT),
      settings: { innodb_buffer_pool_size: "512M" },
      removeWhenKilled: [options.directory],
    });
  };
  try {
    return await start("mysql", "MySQL");
  } catch (error) {
    options.print(`MySQL cannot be had: ${messageOf(error)}`);
    return start("mariadb", "MariaDB");
  }
}

/** The server's own client, because a machine may have none. */
function command(server: EmbeddedMysql, url: string): string {
  const { hostname, port, username, password, pathname } = new URL(url);
  return `${server.client} -h ${hostname} -P ${port} -u ${username} -p${password} ${pathname.slice(1)}`;
}

async function filmToChange(url: string): Promise<Film> {
  const connection = await mysql.createConnection({ uri: url });
  const [rows] = await connection.query(FILM_TO_CHANGE);
  await connection.end();
  return (rows as Film[])[0] ?? NO_FILM;
}
