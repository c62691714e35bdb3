import type { FilmCounts } from "./film-tables.ts";

export interface DemoDatabaseOptions {
  readonly counts: FilmCounts;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
  /** For files of ours; removed together with the server's data, however this process ends. */
  readonly directory: string;
}

/** A database full of films, which runs until `stop`. */
export interface DemoDatabase {
  readonly url: string;
  /** A film in the middle of the list that the instructions show. */
  readonly film: Film;
  /** The command line that connects a person to the database at this URL. */
  client(url: string): string;
  /** The same, running one statement. */
  run(url: string, statement: string): string;
  /** The sentence before what is worth trying: how that client shows the time it took. */
  readonly timing: string;
  stop(): Promise<void>;
}

export interface Film {
  readonly id: number;
  readonly name: string;
}

export const FIRST_DEMO_PORT = 5434;

export const FILM_TO_CHANGE = `SELECT t.id, t.name FROM title t JOIN rating r ON r.title_id = t.id
  WHERE t.year = 1999 AND r.votes >= 1000 ORDER BY r.score DESC, t.id LIMIT 1 OFFSET 4`;

export const NO_FILM: Film = { id: 1, name: "" };
