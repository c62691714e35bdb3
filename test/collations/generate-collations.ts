import { writeFile } from "node:fs/promises";
import { brotliCompressSync, constants } from "node:zlib";
import { EmbeddedMysql, type MysqlFlavour } from "@freshet/cli/embedded-mysql";
import mysql from "mysql2/promise";
import { findContractions } from "./find-contractions.ts";
import { IMPLICIT_BASES, IMPLICIT_FORM, implicitTail } from "@freshet/types";

/*
 * Writes `src/collation/*.data.ts` from what WEIGHT_STRING() of real servers says:
 *
 *     node test/collations/generate-collations.ts
 */

const TABLES: readonly (readonly [MysqlFlavour, string, string])[] = [
  ["mysql", "utf8mb4_general_ci", "general-ci"],
  ["mysql", "utf8mb4_unicode_ci", "uca-400"],
  ["mysql", "utf8mb4_unicode_520_ci", "uca-520"],
  ["mysql", "utf8mb4_0900_ai_ci", "uca-900"],
  ["mariadb", "utf8mb4_uca1400_ai_ci", "uca-1400"],
];
const SINGLE_BYTE = [
  ["latin1", "latin1_swedish_ci"],
  ["latin1", "latin1_general_ci"],
  ["latin1", "latin1_general_cs"],
  ["ascii", "ascii_general_ci"],
] as const;
const FOLDER = new URL("../../packages/types/src/collation/", import.meta.url);
const BATCH = 20_000;
const LINE = 96;

/** `null` for surrogates, which are no characters. */
type Weights = readonly number[] | null;

for (const flavour of ["mysql", "mariadb"] as const) {
  const server = await EmbeddedMysql.start({ flavour });
  const connection = await mysql.createConnection({ uri: server.url(), charset: "utf8mb4" });
  try {
    for (const [of, collation, file] of TABLES) {
      if (of !== flavour) continue;
      const weights = await weightsOf(connection, collation);
      await writeData(file, "WEIGHTS", `Weights of ${collation} (${flavour})`, storedForm(weights));
      if (file !== "uca-1400") continue;
      const contractions = await findContractions(connection, collation, (code) =>
        (weights[code] ?? [])
          .map((weight) => weight.toString(16).padStart(4, "0"))
          .join("")
          .toUpperCase(),
      );
      const lines = Array.from(contractions, ([text, weight]) => `${text}=${weight}`);
      const stored = brotliCompressSync(Buffer.from(lines.join("\n")));
      await writeData(`${file}-contractions`, "", `Contractions of ${collation}`, stored);
    }
    if (flavour === "mysql") await writeSingleByte(connection);
  } finally {
    await connection.end();
    await server.stop();
  }
}

async function weightsOf(connection: mysql.Connection, collation: string): Promise<Weights[]> {
  await connection.query(
    "CREATE TEMPORARY TABLE c (id INT PRIMARY KEY, c VARCHAR(64) CHARACTER SET utf8mb4)",
  );
  const all: Weights[] = Array.from({ length: 0x110000 }, () => null);
  for (let from = 0; from < all.length; from += BATCH) {
    const rows: string[] = [];
    for (let code = from; code < Math.min(from + BATCH, all.length); code += 1) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const hex = Buffer.from(String.fromCodePoint(code)).toString("hex");
      rows.push(`(${code},_utf8mb4 x'${hex}')`);
    }
    await connection.query(`INSERT INTO c VALUES ${rows.join(",")}`);
  }
  const [rows] = await connection.query<mysql.RowDataPacket[]>(
    `SELECT id, HEX(WEIGHT_STRING(c COLLATE ${collation})) AS w FROM c`,
  );
  for (const { id, w } of rows as { id: number; w: string }[]) {
    all[id] = (w.match(/..../g) ?? []).map((unit) => parseInt(unit, 16));
  }
  await connection.query("DROP TEMPORARY TABLE c");
  return all;
}

/** See `weight-table.ts`. */
function storedForm(all: readonly Weights[]): Buffer {
  const runs: number[] = [];
  const deltas: number[] = [];
  const before = Array.from({ length: IMPLICIT_FORM }, () => [] as number[]);
  let previous = -1;
  all.forEach((weights, code) => {
    const form = weights === null ? 0 : formOf(weights, code);
    if (form === previous) runs[runs.length - 1]! += 1;
    else runs.push(form, 1);
    previous = form;
    if (weights === null || form >= IMPLICIT_FORM) return;
    weights.forEach((weight, index) => {
      deltas.push((weight - (before[form]![index] ?? 0)) & 0xffff);
      before[form]![index] = weight;
    });
  });
  const bytes = Buffer.alloc(deltas.length * 2);
  deltas.forEach((delta, index) => bytes.writeUInt16LE(delta, index * 2));
  return brotliCompressSync(Buffer.concat([Buffer.from([...runs, 0, 0].flatMap(varint)), bytes]), {
    params: { [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
}

function formOf(weights: readonly number[], code: number): number {
  const [first, second] = weights;
  if (weights.length === 2 && second === implicitTail(code)) {
    const base = IMPLICIT_BASES.findIndex((candidate) => candidate + (code >> 15) === first);
    if (base !== -1) return IMPLICIT_FORM + base;
  }
  return weights.length;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

async function writeData(
  file: string,
  suffix: string,
  title: string,
  stored: Buffer,
): Promise<void> {
  const lines = stored.toString("base64").match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  const name = [...file.split("-"), ...(suffix === "" ? [] : [suffix])].join("_").toUpperCase();
  await writeFile(
    new URL(`${file}.data.ts`, FOLDER),
    `/** ${title}, written by test/collations/generate-collations.ts. */\n` +
      `export const ${name} = \`\n${lines.join("\n")}\n\`;\n`,
  );
}

/** The characters of latin1 and ascii (per byte) and the weight of each byte. */
async function writeSingleByte(connection: mysql.Connection): Promise<void> {
  const every =
    "SELECT n FROM (WITH RECURSIVE s AS (SELECT 0 n UNION ALL SELECT n+1 FROM s WHERE n<255) SELECT n FROM s) t ORDER BY n";
  const column = async (expression: string): Promise<string[]> => {
    const [rows] = await connection.query<mysql.RowDataPacket[]>(
      every.replace("SELECT n", `SELECT ${expression} AS v`),
    );
    return rows.map(({ v }) => v as string);
  };
  const characters = await column("HEX(CONVERT(CONVERT(CHAR(n) USING latin1) USING utf16))");
  let text =
    "/**\n * Of each byte: the character (latin1 is Windows-1252 here) and its weight, as two" +
    "\n * hexadecimal digits; written by test/collations/generate-collations.ts.\n */\n" +
    `export const LATIN1_CHARACTERS =\n  "${characters
      .map((hex) => String.fromCharCode(parseInt(hex, 16)))
      .map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join("")}";\n` +
    "\nexport const SINGLE_BYTE_WEIGHTS: Readonly<Record<string, string>> = {\n";
  for (const [charset, collation] of SINGLE_BYTE) {
    const weights = await column(
      `HEX(WEIGHT_STRING(CONVERT(CHAR(n) USING ${charset}) COLLATE ${collation}))`,
    );
    text += `  ${collation}:\n    "${weights.slice(0, charset === "ascii" ? 128 : 256).join("")}",\n`;
  }
  await writeFile(new URL("single-byte.data.ts", FOLDER), `${text}};\n`);
}
