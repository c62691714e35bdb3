import type { DemoDatabase } from "./demo-database.ts";

/** A join, an aggregate and a top five: dear for the database, a look-up when cached. */
export const DEMO_QUERY = [
  "SELECT t.id, t.name, r.score, r.votes, count(*) AS credits",
  "  FROM title t JOIN rating r ON r.title_id = t.id JOIN role o ON o.title_id = t.id",
  " WHERE t.year = 1999 AND r.votes >= 1000",
  " GROUP BY t.id, t.name, r.score, r.votes",
  " ORDER BY r.score DESC, t.id LIMIT 5",
].join("\n");

/** What the demo prints when it is ready; every line can be pasted as it stands. */
export function instructions(database: DemoDatabase, proxyUrl: string): string {
  const { url, film } = database;
  const update = `UPDATE rating SET score = 9.9 WHERE title_id = ${film.id}`;
  return `
Freshet stands in front of a film database. In another terminal:

${database.client(proxyUrl)}

${database.timing}

CREATE CACHE best_of_year FROM
${DEMO_QUERY};

${DEMO_QUERY};

EXPLAIN LAST STATEMENT;

Then change something behind Freshet's back, in the database itself, and ask again
("${film.name}" moves to the top):

${database.run(url, update)}

Ctrl-C stops everything and leaves nothing behind.
`;
}
