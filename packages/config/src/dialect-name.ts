export type DialectName = "postgres" | "mysql";

const DIALECTS: Readonly<Record<string, DialectName>> = {
  "postgres:": "postgres",
  "postgresql:": "postgres",
  "mysql:": "mysql",
  "mariadb:": "mysql",
};

/** The kind of database that a URL's scheme names, or null. */
export function dialectOfUrl(url: string): DialectName | null {
  return DIALECTS[url.slice(0, url.indexOf(":") + 1).toLowerCase()] ?? null;
}
