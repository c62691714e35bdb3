import { Random } from "./random.ts";
import {
  ADJECTIVES,
  FAMILY_NAMES,
  GENRES,
  GIVEN_NAMES,
  NOUNS,
  OCCUPATIONS,
  PLACES,
  SUFFIXES,
} from "./words.data.ts";

/** How many of each; ratings are one for each title, roles about two and a half. */
export interface FilmCounts {
  readonly titles: number;
  readonly people: number;
}

export const DEMO_COUNTS: FilmCounts = { titles: 200_000, people: 150_000 };

/** One table's rows, as lines of COPY's text format. */
export interface FilmTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Exact, so that progress can be shown. */
  readonly rowCount: number;
  rows(): Iterable<string>;
}

const FIRST_YEAR = 1925;
const LAST_YEAR = 2025;
const KINDS = ["movie", "movie", "movie", "movie", "short", "short", "series", "tv movie"] as const;
const RUNTIME: Readonly<Record<string, readonly [number, number]>> = {
  movie: [75, 110],
  short: [4, 32],
  series: [22, 40],
  "tv movie": [60, 60],
};

/** All tables in loading order. Every call yields the same rows for the same counts and seed. */
export function filmTables(counts: FilmCounts, seed = 1): readonly FilmTable[] {
  const table = (
    name: string,
    columns: readonly string[],
    rowCount: number,
    make: (random: Random) => Iterable<string>,
  ): FilmTable => {
    // Every table has its own sequence, so that one can change without the others.
    return { name, columns, rowCount, rows: () => make(new Random(seed * 7919 + name.length)) };
  };
  const { titles } = counts;
  return [
    table("title", ["id", "kind", "name", "year", "runtime"], titles, (r) => titleRows(counts, r)),
    table("rating", ["title_id", "votes", "score"], titles, (r) => ratingRows(counts, r)),
    table("person", ["id", "name", "born"], counts.people, (r) => personRows(counts, r)),
    table("title_genre", ["title_id", "genre"], genreCount(titles), () => genreRows(counts)),
    table("role", ["title_id", "person_id", "job", "character"], roleCount(titles), (r) =>
      roleRows(counts, r),
    ),
  ];
}

function* titleRows(counts: FilmCounts, random: Random): Iterable<string> {
  for (let id = 1; id <= counts.titles; id += 1) {
    const kind = random.pick(KINDS);
    // More films every decade: the square root leans towards the present.
    const year = FIRST_YEAR + Math.floor(Math.sqrt(random.next()) * (LAST_YEAR - FIRST_YEAR + 1));
    const [least, spread] = RUNTIME[kind] ?? [60, 60];
    const runtime = random.chance(0.04) ? "\\N" : String(least + random.below(spread));
    yield `${id}\t${kind}\t${titleName(random)}\t${year}\t${runtime}\n`;
  }
}

function titleName(random: Random): string {
  const adjective = random.pick(ADJECTIVES);
  const noun = random.pick(NOUNS);
  const other = random.pick(NOUNS);
  const name = (() => {
    switch (random.below(9)) {
      case 0:
        return `The ${adjective} ${noun}`;
      case 1:
        return `${adjective} ${noun}`;
      case 2:
        return `The ${noun} of ${random.pick(PLACES)}`;
      case 3:
        return `${noun} in ${random.pick(PLACES)}`;
      case 4:
        return `The ${noun} and the ${other}`;
      case 5:
        return `A ${noun} for ${random.pick(GIVEN_NAMES)}`;
      case 6:
        return `${random.pick(GIVEN_NAMES)}'s ${noun}`;
      case 7:
        return `The ${adjective} ${noun} of ${random.pick(GIVEN_NAMES)} ${random.pick(FAMILY_NAMES)}`;
      default:
        return `Beyond the ${adjective} ${noun}`;
    }
  })();
  return random.chance(0.04) ? `${name}: ${random.pick(SUFFIXES)}` : name;
}

function* ratingRows(counts: FilmCounts, random: Random): Iterable<string> {
  for (let id = 1; id <= counts.titles; id += 1) {
    // Few films are known to many: votes fall off as a power of the rank.
    const votes = Math.min(2_500_000, Math.floor(5 + 12 / (random.next() + 1e-6) ** 1.15));
    const score = Math.max(10, Math.min(99, Math.round(63 + random.normal() * 12)));
    yield `${id}\t${votes}\t${(score / 10).toFixed(1)}\n`;
  }
}

function* personRows(counts: FilmCounts, random: Random): Iterable<string> {
  for (let id = 1; id <= counts.people; id += 1) {
    const middle = random.chance(0.2) ? ` ${String.fromCharCode(65 + random.below(26))}.` : "";
    const family = random.pick(FAMILY_NAMES);
    const second = random.chance(0.06) ? `-${random.pick(FAMILY_NAMES)}` : "";
    const born = random.chance(0.1) ? "\\N" : String(1890 + random.below(115));
    yield `${id}\t${random.pick(GIVEN_NAMES)}${middle} ${family}${second}\t${born}\n`;
  }
}

/** Odd titles have one genre, even ones two. */
function genreCount(titles: number): number {
  return titles + Math.floor(titles / 2);
}

function* genreRows(counts: FilmCounts): Iterable<string> {
  for (let id = 1; id <= counts.titles; id += 1) {
    const first = (id * 2654435761) % GENRES.length;
    yield `${id}\t${GENRES[first] ?? ""}\n`;
    if (id % 2 === 0) yield `${id}\t${GENRES[(first + 1 + (id % 7)) % GENRES.length] ?? ""}\n`;
  }
}

/** Credits of a title: one to four in turn, so that the total is known beforehand. */
function creditsOf(id: number): number {
  return 1 + (id % 4);
}

function roleCount(titles: number): number {
  let total = 0;
  for (let id = titles - (titles % 4) + 1; id <= titles; id += 1) total += creditsOf(id);
  return total + Math.floor(titles / 4) * 10;
}

function* roleRows(counts: FilmCounts, random: Random): Iterable<string> {
  for (let id = 1; id <= counts.titles; id += 1) {
    const credits = creditsOf(id);
    const cast = new Set<number>();
    for (let credit = 0; credit < credits; credit += 1) {
      // Some people work far more than others; nobody has two credits in one title.
      let person = 1 + Math.floor(random.next() ** 1.5 * counts.people);
      while (cast.has(person)) person = (person % counts.people) + 1;
      cast.add(person);
      const job = credit === 0 ? "director" : credit === 2 ? "writer" : "actor";
      const character = job === "actor" ? characterName(random) : "\\N";
      yield `${id}\t${person}\t${job}\t${character}\n`;
    }
  }
}

function characterName(random: Random): string {
  if (random.chance(0.25)) return `The ${random.pick(OCCUPATIONS)}`;
  const title = random.chance(0.15) ? `${random.pick(OCCUPATIONS)} ` : "";
  return `${title}${random.pick(GIVEN_NAMES)} ${random.pick(FAMILY_NAMES)}`;
}
