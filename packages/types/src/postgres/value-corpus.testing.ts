/** Boundary and random values per Postgres type, as texts the server reads. For tests only. */

/** Small seeded generator (mulberry32), so that a failure can be replayed. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export interface CorpusOptions {
  readonly seed: number;
  readonly random: number;
  /** Server major version: infinite numerics need 14, infinite intervals 17. */
  readonly major: number;
}

function digits(random: () => number, count: number): string {
  let text = "";
  for (let index = 0; index < count; index += 1) text += String(Math.floor(random() * 10));
  return text;
}

export function randomNumeric(random: () => number): string {
  const kind = random();
  const sign = random() < 0.4 ? "-" : "";
  const zeros = (text: string): string => text + "0".repeat(Math.floor(random() * 5));
  if (kind < 0.3) return sign + digits(random, 1 + Math.floor(random() * 4));
  if (kind < 0.6)
    return `${sign}${digits(random, 1 + Math.floor(random() * 9))}.${digits(random, 2)}`;
  if (kind < 0.8) {
    return `${sign}${zeros(digits(random, 1 + Math.floor(random() * 30)))}.${zeros(digits(random, 1 + Math.floor(random() * 30)))}`;
  }
  if (kind < 0.9) return `${sign}0.${"0".repeat(Math.floor(random() * 25))}${digits(random, 3)}`;
  return sign + digits(random, 1) + "0".repeat(Math.floor(random() * 40));
}

export function randomDouble(random: () => number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Math.floor(random() * 4294967296));
  view.setUint32(4, Math.floor(random() * 4294967296));
  const value = view.getFloat64(0);
  return Number.isFinite(value) ? value : 1.5;
}

function floats(random: () => number, count: number): string[] {
  const values = [
    ...["0", "-0", "NaN", "Infinity", "-Infinity", "1", "-1", "0.1", "1e-5", "1e-4", "0.00012345"],
    ...["1e5", "1e6", "999999", "1234567", "1e14", "1e15", "1e16", "999999999999999.9"],
    ...[
      "123456789012345680",
      "9007199254740993",
      "1e22",
      "1e23",
      "5e-324",
      "2.2250738585072014e-308",
    ],
    ...["1.7976931348623157e308", "0.3", "100", "1e20", "1e21", "4503599627370497.5", "-12.5"],
    ...["2251799813685246.25", "2251799813685246.75", "1125899906842627.25", "562949953421313.125"],
  ];
  for (let power = -1074; power < 1024; power += count < 1000 ? 31 : 1)
    values.push(`${2 ** power}`);
  for (let power = 15; power < 42; power += 1) {
    values.push(`1e${power}`, `5e${power}`, `${2 ** power}`, `9e${power}`);
  }
  for (let index = 0; index < count; index += 1) {
    values.push(
      `${randomDouble(random)}`,
      `${random() * 1000}`,
      `${Math.round(random() * 1e5) / 100}`,
    );
    values.push(`${Math.floor(random() * 2 ** 53) * 2 ** Math.floor(random() * 80)}`);
    values.push(`${Math.floor(random() * 2 ** 53) / 2 ** Math.floor(random() * 12)}`);
  }
  return values;
}

function singles(random: () => number, count: number): string[] {
  const values = floats(random, 0).filter((text) => {
    const single = Math.fround(Number(text));
    return !/inf/i.test(text) === Number.isFinite(single) || text === "NaN";
  });
  const kept = values.filter((text) => Number(text) === 0 || Math.fround(Number(text)) !== 0);
  kept.push("16777216", "3.4028235e38", "1e-45", "1.1754944e-38", "0.1", "33554432");
  for (let power = -149; power < 128; power += 1) kept.push(`${2 ** power}`);
  const view = new DataView(new ArrayBuffer(4));
  for (let index = 0; index < count * 2; index += 1) {
    view.setUint32(0, Math.floor(random() * 4294967296));
    const value = view.getFloat32(0);
    if (Number.isFinite(value)) kept.push(`${value}`);
    kept.push(`${Math.round(random() * 1e5) / 100}`);
  }
  return kept;
}

function timestamps(random: () => number, count: number): string[] {
  const values = [
    ...["2000-01-01 00:00:00", "1970-01-01 00:00:00.000001", "1999-12-31 23:59:59.999999"],
    ...["0001-01-01 00:00:00", "0001-12-31 12:34:56 BC", "4714-11-24 00:00:00 BC"],
    ...["294276-12-31 23:59:59.999999", "10000-01-01 00:00:00.5", "9999-12-31 23:59:59.9"],
    ...["infinity", "-infinity", "2024-02-29 12:00:00", "1900-03-01 00:00:00.120"],
    ...["0044-03-15 10:00:00 BC", "0004-02-29 00:00:00", "0005-02-29 00:00:00 BC"],
  ];
  for (let index = 0; index < count; index += 1) {
    const range = random() < 0.7 ? 4e9 : 2e11;
    const seconds = Math.floor((random() - 0.3) * range);
    const micros = random() < 0.5 ? 0 : Math.floor(random() * 1e6);
    values.push(`@${seconds}.${String(micros).padStart(6, "0")}`);
  }
  return values.map((text) => (text.startsWith("@") ? epochText(text.slice(1)) : text));
}

/** ISO text of epoch seconds with six fraction digits. */
function epochText(text: string): string {
  const [seconds = "0", fraction = "0"] = text.split(".");
  const year = new Date(0);
  year.setTime(Number(seconds) * 1000);
  const iso = year.toISOString().replace("T", " ").replace(/\..*$/, "").replace(/^\+0*/, "");
  return iso.startsWith("-") ? "0100-01-01 00:00:00 BC" : `${iso}.${fraction}`;
}

function intervals(random: () => number, options: CorpusOptions): string[] {
  const values = [
    ...["0", "1 year", "-1 year", "1 mon", "30 days", "720:00:00", "-1 mon +30 days", "1 day"],
    ...["-1 day", "24:00:00", "1 day -24:00:00", "00:00:00.000001", "-00:00:00.5", "1.5 sec"],
    ...[
      "-1 year -2 mons +3 days -04:05:06.7",
      "1 year 2 mons -3 days +04:05:06.70",
      "-2 days 1:00",
    ],
    ...["178000000 years", "-178000000 years", "2000000000 days", "1234567:00:54", "1 sec"],
    ...[
      "-1 sec",
      "1 mon -1 sec",
      "14 mons",
      "-14 mons",
      "-13 mons +1 day",
      "1 min",
      "-1 min 1 day",
    ],
  ];
  if (options.major >= 17) values.push("infinity", "-infinity");
  const pick = (range: number): number => Math.round((random() - 0.5) * range);
  for (let index = 0; index < options.random; index += 1) {
    const parts: string[] = [];
    if (random() < 0.5) parts.push(`${pick(60)} months`);
    if (random() < 0.5) parts.push(`${pick(100)} days`);
    if (random() < 0.6) parts.push(`${pick(400000)} seconds`);
    if (random() < 0.4) parts.push(`${pick(2000000)} microseconds`);
    values.push(parts.length === 0 ? "0" : parts.join(" "));
  }
  return values;
}

const TEXTS = [
  ...[
    "",
    "a",
    "A",
    "b",
    "ab",
    "a ",
    "a  ",
    " a",
    "zz",
    "é",
    "\u00ff",
    "\u0100",
    "\ufffd",
    "\uffff",
  ],
  ...[
    "\u{10000}",
    "\u{1f600}",
    "\ue000",
    "a\u0001",
    "\u0001",
    "\u0001a",
    "\t",
    "1",
    "10",
    "9",
    "a,b",
  ],
  ...["\\x", "'", '"', "{}", "NULL", "a\nb", "\u4e2d\u6587", "e\u0301", "0.10", "1:a"],
];

/** Values of a type by its pg_type.typname. */
export function corpusOf(type: string, options: CorpusOptions): readonly string[] {
  const random = seededRandom(options.seed);
  const list = (make: () => string): string[] => Array.from({ length: options.random }, make);
  switch (type) {
    case "bool":
      return ["t", "f"];
    case "int2":
      return ["0", "-32768", "32767", "1", "-1", "10", "9"];
    case "int4":
      return [
        "0",
        "-2147483648",
        "2147483647",
        ...list(() => `${Math.floor(random() * 2e9 - 1e9)}`),
      ];
    case "oid":
      return ["0", "4294967295", "2147483648", "1"];
    case "int8":
      return [
        ...["0", "-9223372036854775808", "9223372036854775807", "9007199254740993", "1", "-1"],
        ...list(() => `${Math.floor(random() * 4e18 - 2e18)}`),
      ];
    case "float4":
      return singles(random, options.random);
    case "float8":
      return floats(random, options.random);
    case "numeric":
      return [
        ...["0", "0.00", "-0.0", "1", "1.0", "1.00", "100", "1e2", "NaN", "-1.50", "0.1", "0.10"],
        ...["1e1000", "-1e-1000", "9999", "10000", "0.0001", "0.00010", "99999999999999999999.5"],
        ...(options.major >= 14 ? ["Infinity", "-Infinity"] : []),
        ...list(() => randomNumeric(random)),
      ];
    case "text":
    case "varchar":
    case "bpchar":
    case "name":
      return TEXTS;
    case "uuid":
      return [
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ...list(() => `a0eebc99-9c0b-4ef8-bb6d-${digits(random, 12)}`),
      ];
    case "bytea":
      return ["\\x", "\\x00", "\\xff", "\\x00ff", "\\x5c27", "\\x616263", "\\x7f80", "\\x0a20"];
    case "date":
      return [
        ...timestamps(random, options.random).map((text) =>
          text.replace(/ \d\d:\d\d:\d\d(\.\d+)?/, ""),
        ),
        "5874897-12-31",
      ];
    case "time":
      return ["00:00:00", "24:00:00", "23:59:59.999999", "12:00:00.5", "01:02:03.004"];
    case "timestamp":
      return timestamps(random, options.random);
    case "timestamptz":
      return timestamps(random, options.random).map((text) =>
        text.includes("inf") ? text : text.replace(/( BC)?$/, "+00$1"),
      );
    case "interval":
      return intervals(random, options);
    default:
      throw new RangeError(`no corpus for ${type}`);
  }
}

export const CORPUS_TYPES: readonly string[] = [
  ...["bool", "int2", "int4", "oid", "int8", "float4", "float8", "numeric", "text", "varchar"],
  ...["bpchar", "uuid", "bytea", "date", "time", "timestamp", "timestamptz", "interval"],
];
