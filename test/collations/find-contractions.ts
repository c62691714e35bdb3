import type mysql from "mysql2/promise";

/** Contractions stay within a script: characters are tried with those of the same window. */
const WINDOW = 256;
const BATCH = 20_000;
/** Scripts without ideographs, syllables and characters for private use. */
const RANGES = [
  [0x300, 0x2000],
  [0xa000, 0xac00],
  [0xf900, 0x10000],
  [0x10000, 0x12000],
  [0x16000, 0x17000],
  [0x1b000, 0x1f000],
] as const;

export type WeightsOfCode = (code: number) => string;

/** All sequences of two and three characters that have weights of their own, with these in hex. */
export async function findContractions(
  connection: mysql.Connection,
  collation: string,
  single: WeightsOfCode,
): Promise<ReadonlyMap<string, string>> {
  const weigh = async (texts: readonly string[]): Promise<string[]> => {
    const weights: string[] = [];
    for (let from = 0; from < texts.length; from += BATCH) {
      const batch = texts.slice(from, from + BATCH);
      const values = batch.map((text, id) => `(${id},_utf8mb4 x'${hex(text)}')`);
      await connection.query("TRUNCATE contraction");
      await connection.query(`INSERT INTO contraction VALUES ${values.join(",")}`);
      const [rows] = await connection.query<mysql.RowDataPacket[]>(
        `SELECT HEX(WEIGHT_STRING(t COLLATE ${collation})) AS w FROM contraction ORDER BY id`,
      );
      weights.push(...rows.map(({ w }) => w as string));
    }
    return weights;
  };
  await connection.query(
    "CREATE TEMPORARY TABLE contraction (id INT PRIMARY KEY, t LONGTEXT CHARACTER SET utf8mb4)",
  );
  const found = new Map<string, string>();
  const plain = (text: string): string =>
    Array.from(text, (character) => single(character.codePointAt(0)!)).join("");
  const expected = (text: string): string => {
    const two = String.fromCodePoint(...Array.from(text, (c) => c.codePointAt(0)!).slice(0, 2));
    const known = found.get(two);
    if (known !== undefined) return known + plain(text.slice(two.length));
    const first = String.fromCodePoint(text.codePointAt(0)!);
    const rest = text.slice(first.length);
    return plain(first) + (found.get(rest) ?? plain(rest));
  };
  for (const [from, to] of RANGES) {
    for (let start = from; start < to; start += WINDOW) {
      const all = pairsOf(start);
      const [together] = await weigh([all.join("")]);
      // Within the joined text every pair is met, and others which do no harm.
      if (together === plain(all.join(""))) continue;
      const before = found.size;
      (await weigh(all)).forEach((weights, at) => {
        if (weights !== plain(all[at]!)) found.set(all[at]!, weights);
      });
      const pairs = [...found.keys()].slice(before).map((pair) => Array.from(pair));
      const heads = new Set(pairs.map(([head]) => head!));
      const tails = new Set(pairs.map(([, tail]) => tail!));
      const triples: string[] = [];
      for (const head of heads) {
        for (const middle of tails) for (const end of tails) triples.push(head + middle + end);
      }
      (await weigh(triples)).forEach((weights, at) => {
        const triple = triples[at]!;
        if (weights !== expected(triple)) found.set(triple, weights);
      });
    }
  }
  await connection.query("DROP TEMPORARY TABLE contraction");
  return found;
}

function pairsOf(start: number): string[] {
  const pairs: string[] = [];
  for (let left = 0; left < WINDOW; left += 1) {
    for (let right = 0; right < WINDOW; right += 1) {
      pairs.push(String.fromCodePoint(start + left, start + right));
    }
  }
  return pairs;
}

function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}
