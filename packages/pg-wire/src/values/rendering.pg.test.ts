import { afterAll, beforeAll, describe, expect, test } from "vitest";
import pg from "pg";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { postgresKind } from "@freshet/types";
import type { EncodedRows } from "@freshet/types";
import { instantsUntil2200, renderingCorpus } from "./rendering-corpus.testing.ts";
import { compileRendering } from "./rendering.ts";
import { CANONICAL_SETTINGS } from "./rendering-settings.ts";
import type { RenderingSettings } from "./rendering-settings.ts";
import { RenderingRefused } from "./rendering-refused.ts";
import { ZONE_TRANSITIONS_SQL, zoneFromTransitions } from "./time-zones.ts";
import type { Zone } from "./time-zones.ts";

const SEED = Number(process.env["FRESHET_TEST_SEED"] ?? 20260101);
const RAW_TYPES = { getTypeParser: () => (value: string | Buffer) => value };

const SETTINGS: readonly Partial<RenderingSettings>[] = [
  {},
  ...["SQL", "Postgres", "German", "ISO"].flatMap((format) =>
    ["MDY", "DMY", "YMD"].map((order) => ({ dateStyle: `${format}, ${order}` })),
  ),
  { intervalStyle: "sql_standard", dateStyle: "German, DMY", timeZone: "GMT" },
  { intervalStyle: "iso_8601", byteaOutput: "escape" },
  { intervalStyle: "postgres_verbose", extraFloatDigits: 0 },
  ...[-1, -3, -5, -15, 3].map((extraFloatDigits) => ({ extraFloatDigits })),
  ...["Etc/GMT+5", "<+03>-03", "<-03:30>+03:30", "Etc/UTC", "Zulu"].map((timeZone) => ({
    timeZone,
  })),
];

const NAMED_ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kolkata",
  "Africa/Monrovia",
  "Europe/London",
  // Abbreviations to AT TIME ZONE, rules with history to SET TIME ZONE.
  ...["CET", "MST"],
];

type Cell = string | Buffer | null;

function encode(cells: readonly Cell[]): EncodedRows {
  const parts: Buffer[] = [];
  for (const cell of cells) {
    const length = Buffer.alloc(4);
    const bytes = cell === null ? null : Buffer.from(cell as string);
    length.writeInt32BE(bytes === null ? -1 : bytes.length);
    parts.push(length, bytes ?? Buffer.alloc(0));
  }
  return { count: cells.length, bytes: Buffer.concat(parts) };
}

/** The cells of one-column DataRow messages. */
function cellsOf(messages: Buffer): (Buffer | null)[] {
  const cells: (Buffer | null)[] = [];
  for (let at = 0; at < messages.length;) {
    const end = at + 1 + messages.readInt32BE(at + 1);
    const length = messages.readInt32BE(at + 7);
    expect([messages[at], messages.readInt16BE(at + 5)]).toEqual([0x44, 1]);
    expect(end).toBe(at + 11 + Math.max(length, 0));
    cells.push(length < 0 ? null : messages.subarray(at + 11, end));
    at = end;
  }
  return cells;
}

describe.each([18, 13] as const)(`rendering against Postgres %i (seed ${SEED})`, (major) => {
  let server: EmbeddedPostgres;
  let client: pg.Client;
  const corpus = renderingCorpus(SEED);

  beforeAll(async () => {
    server = await EmbeddedPostgres.start({ major });
    client = new pg.Client({ connectionString: server.url(), types: RAW_TYPES });
    await client.connect();
  });

  afterAll(async () => {
    await client.end();
    await server.stop();
  });

  async function use(settings: RenderingSettings): Promise<void> {
    await client.query(
      `SELECT set_config('TimeZone', $1, false), set_config('DateStyle', $2, false),
       set_config('IntervalStyle', $3, false), set_config('extra_float_digits', $4, false),
       set_config('bytea_output', $5, false)`,
      [
        ...[settings.timeZone, settings.dateStyle, settings.intervalStyle],
        ...[String(settings.extraFloatDigits), settings.byteaOutput],
      ],
    );
  }

  async function read(
    type: string,
    texts: readonly string[],
    binary: boolean,
  ): Promise<{ readonly typeId: number; readonly cells: readonly Cell[] }> {
    const value = binary ? `encode(${await sendFunction(type)}(t::${type}), 'hex')` : `t::${type}`;
    const result = await client.query({
      text: `SELECT ${value}, NULL::${type} FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n`,
      values: [[...texts, null]],
      rowMode: "array",
    });
    return {
      typeId: result.fields[1]!.dataTypeID,
      cells: (result.rows as Cell[][]).map(([cell]) =>
        binary && cell !== null ? Buffer.from(cell as string, "hex") : cell!,
      ),
    };
  }

  /** What the server makes the binary format with; the driver has no raw access to it. */
  async function sendFunction(type: string): Promise<string> {
    const sql = "SELECT typsend::regproc::text FROM pg_type WHERE oid = $1::regtype";
    return ((await client.query(sql, [type])).rows as { typsend: string }[])[0]!.typsend;
  }

  /** Mismatches of one type between the server's cells and ours; the reason when refused. */
  async function mismatches(
    type: string,
    texts: readonly string[],
    settings: RenderingSettings,
    format: 0 | 1,
    zones: (name: string) => Zone | null = () => null,
  ): Promise<string[] | string> {
    await use(CANONICAL_SETTINGS);
    const canonical = await read(type, texts, false);
    const column = { typeId: canonical.typeId, kind: postgresKind(canonical.typeId) };
    const rendering = compileRendering([column], [format], settings, zones);
    if (rendering.kind === "refused") return rendering.reason;
    await use(settings);
    // The texts of instants are read in UTC: the zone of the session is for output only.
    const theirs = await read(
      type,
      canonical.cells.filter((cell) => cell !== null) as string[],
      format === 1,
    );
    const mine = cellsOf(rendering.render(encode(canonical.cells)));
    const show = (cell: Cell): string =>
      cell === null
        ? "NULL"
        : format === 1
          ? Buffer.from(cell as Buffer).toString("hex")
          : cell.toString();
    return theirs.cells.flatMap((cell, index) =>
      show(cell) === show(mine[index]!)
        ? []
        : [`${type} ${String(canonical.cells[index])}: ${show(mine[index]!)} not ${show(cell)}`],
    );
  }

  test("binary values are the server's bytes", async () => {
    const refused: string[] = [];
    for (const [type, texts] of Object.entries(corpus)) {
      const found = await mismatches(type, texts, CANONICAL_SETTINGS, 1);
      if (typeof found === "string") refused.push(type);
      else expect(found).toEqual([]);
    }
    expect(refused).toEqual(["tsrange", "point", "tsvector"]);
  });

  test.each(SETTINGS.map((settings) => [JSON.stringify(settings), settings] as const))(
    "text values under %s are the server's bytes",
    async (_name, changed) => {
      const settings = { ...CANONICAL_SETTINGS, ...changed };
      const refused: string[] = [];
      for (const [type, texts] of Object.entries(corpus)) {
        // What the styles write is not always read back as the same value, ISO UTC text is.
        const found = await mismatches(type, texts, settings, 0);
        if (typeof found === "string") refused.push(type);
        else expect(found).toEqual([]);
      }
      if (Object.keys(changed).length === 0) expect(refused).toEqual([]);
      expect(refused.filter((type) => !/\[\]|range|point/.test(type))).toEqual([]);
    },
  );

  test.each(NAMED_ZONES)("instants in %s are the server's bytes", async (timeZone) => {
    await use({ ...CANONICAL_SETTINGS, timeZone });
    const rows = await client.query({ text: ZONE_TRANSITIONS_SQL, rowMode: "array" });
    const zone = zoneFromTransitions(
      (rows.rows as [string, string][]).map(([start, offset]) => [Number(start), Number(offset)]),
    );
    const settings = { ...CANONICAL_SETTINGS, timeZone };
    const texts = instantsUntil2200(SEED).map((text) =>
      text.endsWith("infinity") ? text : text.replace(/( BC)?$/, "+00$1"),
    );
    const found = await mismatches("timestamptz", texts, settings, 0, (name) =>
      name === timeZone ? zone : null,
    );
    expect(found).toEqual([]);
    expect(await mismatches("timestamptz", texts, settings, 0)).toContain(timeZone);
    await expect(
      mismatches("timestamptz", ["2300-01-01 00:00:00+00"], settings, 0, () => zone),
    ).rejects.toThrow(RenderingRefused);
  });
});
