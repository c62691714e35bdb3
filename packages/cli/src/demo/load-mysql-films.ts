import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import mysql from "mysql2/promise";
import { type LoadOptions, batches } from "./film-batches.ts";
import { type FilmTable, filmTables } from "./film-tables.ts";

const TABLES = [
  `CREATE TABLE title (
    id int NOT NULL PRIMARY KEY, kind varchar(20) NOT NULL, name varchar(200) NOT NULL,
    year int NOT NULL, runtime int, KEY (year))`,
  `CREATE TABLE rating (
    title_id int NOT NULL PRIMARY KEY, votes int NOT NULL, score decimal(3,1) NOT NULL)`,
  "CREATE TABLE person (id int NOT NULL PRIMARY KEY, name varchar(200) NOT NULL, born int)",
  `CREATE TABLE title_genre (
    title_id int NOT NULL, genre varchar(40) NOT NULL, PRIMARY KEY (title_id, genre), KEY (genre))`,
  `CREATE TABLE role (
    title_id int NOT NULL, person_id int NOT NULL, job varchar(40) NOT NULL,
    \`character\` varchar(200), PRIMARY KEY (title_id, person_id, job), KEY (person_id))`,
];

const FOREIGN_KEYS = [
  "ALTER TABLE rating ADD FOREIGN KEY (title_id) REFERENCES title (id)",
  "ALTER TABLE title_genre ADD FOREIGN KEY (title_id) REFERENCES title (id)",
  "ALTER TABLE role ADD FOREIGN KEY (title_id) REFERENCES title (id)",
  "ALTER TABLE role ADD FOREIGN KEY (person_id) REFERENCES person (id)",
  "ANALYZE TABLE title, rating, person, title_genre, role",
];

/** Creates and fills the film tables. Stops with the signal's reason when it aborts. */
export async function loadMysqlFilms(
  options: LoadOptions & {
    /** Where the files lie that the server reads. */
    readonly directory: string;
  },
): Promise<void> {
  await withConnection(options, async (connection) => {
    for (const statement of TABLES) await connection.query(statement);
  });
  const tables = filmTables(options.counts);
  const half = new Set(["title", "rating"]);
  const load = (some: readonly FilmTable[]) => loadTables(options, options.directory, some);
  await Promise.all([
    load(tables.filter((table) => half.has(table.name))),
    load(tables.filter((table) => !half.has(table.name))),
  ]);
  options.print("adding foreign keys");
  await withConnection(options, async (connection) => {
    await connection.query("SET foreign_key_checks = 0");
    for (const statement of FOREIGN_KEYS) await connection.query(statement);
  });
}

/** The server is our own, on this machine: it reads the files that we write. */
async function loadTables(
  options: LoadOptions,
  directory: string,
  tables: readonly FilmTable[],
): Promise<void> {
  await withConnection(options, async (connection) => {
    await connection.query("SET unique_checks = 0, foreign_key_checks = 0");
    for (const table of tables) {
      const columns = table.columns.map((name) => `\`${name}\``).join(", ");
      const file = join(directory, table.name);
      await pipeline(Readable.from(batches(table, options.print)), createWriteStream(file), {
        signal: options.signal,
      });
      await connection.query(
        `LOAD DATA INFILE ? INTO TABLE ${table.name} CHARACTER SET utf8mb4 (${columns})`,
        [file],
      );
      await rm(file);
    }
  });
}

async function withConnection<T>(
  options: LoadOptions,
  use: (connection: mysql.Connection) => Promise<T>,
): Promise<T> {
  options.signal.throwIfAborted();
  const connection = await mysql.createConnection({ uri: options.url });
  // A cut connection also fails the statement that runs; nothing else listens.
  connection.on("error", () => undefined);
  const abort = (): void => connection.destroy();
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    return await use(connection);
  } finally {
    options.signal.removeEventListener("abort", abort);
    connection.destroy();
  }
}
