/** Values per type name, as texts the server reads, for the rendering tests. */

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 4294967296;
  };
}

function instants(seed: number): string[] {
  const next = random(seed);
  const texts = [
    ...["2000-01-01 00:00:00", "1969-12-31 23:59:59.999999", "0044-03-15 10:00:00 BC", "infinity"],
    ...["-infinity", "10000-01-01 00:00:00.5", "2024-02-29 12:00:00", "1883-11-18 17:00:00"],
    ...["1893-03-31 23:06:31", "1893-03-31 23:06:32", "1847-12-01 00:01:15", "0001-01-01 00:00:00"],
    ...[
      "2024-03-31 00:59:59.999999",
      "2024-03-31 01:00:00",
      "2024-10-27 00:59:59",
      "1972-01-07 00:44:29",
    ],
    ...["1972-01-07 00:44:30", "4714-11-24 12:00:00 BC", "294276-12-30 23:59:59.999999"],
  ];
  for (let index = 0; index < 300; index += 1) {
    const date = new Date((next() * 330 - 150) * 31_556_952_000);
    const micros = next() < 0.5 ? "" : `.${String(Math.floor(next() * 1e6)).padStart(6, "0")}`;
    texts.push(date.toISOString().replace("T", " ").replace(/\..*$/, "") + micros);
  }
  return texts;
}

/** Instants with every field in the range a learned zone knows. */
export function instantsUntil2200(seed: number): string[] {
  return instants(seed).filter((text) => !/^\d{5}/.test(text));
}

function floats(seed: number): string[] {
  const next = random(seed);
  const texts = ["0", "-0", "NaN", "Infinity", "-Infinity", "0.5", "2.5", "0.125", "1e-5", "1e20"];
  texts.push("123456.5", "1234565", "1e15", "999999.5", "9999995", "0.00012345", "-3.5", "1e30");
  for (let index = 0; index < 300; index += 1) {
    texts.push(String((next() - 0.5) * 10 ** Math.floor(next() * 60 - 30)));
    texts.push(String(Math.floor(next() * 2 ** 20) / 2 ** Math.floor(next() * 20)));
  }
  return texts;
}

function intervals(seed: number): string[] {
  const next = random(seed);
  const texts = ["0", "1 year", "-1 mon", "1 mon -1 day", "-1 sec", "1 sec", "-0.5 sec", "1.5 sec"];
  texts.push(
    "-1 day 00:00:01",
    "1 year -1 mon",
    "25:00:00",
    "-25:00:00.000001",
    "-13 mons -2 days",
  );
  texts.push("-1 year -2 days -03:04:05.6", "1 min -1 sec", "-00:01:00", "01:00:01", "100:01:00");
  const pick = (range: number): number => Math.round((next() - 0.5) * range);
  for (let index = 0; index < 200; index += 1) {
    const parts: string[] = [];
    if (next() < 0.4) parts.push(`${pick(60)} months`);
    if (next() < 0.4) parts.push(`${pick(100)} days`);
    if (next() < 0.6) parts.push(`${pick(400000)} seconds`);
    if (next() < 0.3) parts.push(`${pick(2000000)} microseconds`);
    texts.push(parts.join(" ") || "0");
  }
  return texts;
}

function numerics(seed: number): string[] {
  const next = random(seed);
  const texts = ["0", "0.00", "NaN", "1", "-1", "10000", "9999", "0.0001", "0.00010", "1e100"];
  texts.push("-1e-100", "12345678.12345678", "100000000", "0.000000010", "-0.5", "1e5");
  for (let index = 0; index < 200; index += 1) {
    texts.push(((next() - 0.5) * 10 ** Math.floor(next() * 30)).toFixed(Math.floor(next() * 20)));
  }
  return texts;
}

export function renderingCorpus(seed: number): Readonly<Record<string, readonly string[]>> {
  const times = instants(seed);
  return {
    bool: ["t", "f"],
    int2: ["0", "-32768", "32767"],
    int4: ["0", "-2147483648", "2147483647"],
    oid: ["0", "4294967295"],
    int8: ["0", "-9223372036854775808", "9223372036854775807"],
    float4: floats(seed),
    float8: floats(seed + 1),
    numeric: numerics(seed),
    text: ["", "a", "h\u00e9llo", "\u{1f600}", "a\\b"],
    varchar: ["", "x"],
    "bpchar(4)": ["", "x", "xy"],
    name: ["", "n\u00e4me"],
    '"char"': ["", "a", "z"],
    json: ['{"a": [1, null]}', "1"],
    jsonb: ['{"a": [1, null]}', '"x"'],
    uuid: ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    bytea: ["\\x", "\\x00ff5c27", "\\x61621f7e7f20"],
    date: times.map((text) => text.replace(/ \d\d:[\d:.]+/, "")),
    time: ["00:00:00", "24:00:00", "12:34:56.789"],
    timetz: ["00:00:00+00", "12:34:56.789-03:30", "24:00:00+15:59:59"],
    timestamp: times,
    timestamptz: times.map((text) =>
      text.endsWith("infinity") ? text : text.replace(/( BC)?$/, "+00$1"),
    ),
    interval: intervals(seed),
    inet: ["10.0.0.1", "10.1.0.0/16", "::1", "fe80::1/64", "::ffff:1.2.3.4", "0.0.0.0/0", "::"],
    cidr: ["10.1.0.0/16", "10.0.0.1", "2001:db8::/32", "::/0"],
    "int4[]": ["{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={5,6}", "[2:2][3:4]={{1,2}}"],
    "text[]": ["{}", '{"",a,"NULL",NULL,"a\\"b\\\\c","{x}","a,b"," s "}', '{"\u00e9","nul"}'],
    "float8[]": ["{1.5,NaN}", "{1e300}"],
    "numeric[]": ["{1.50,NULL}", "{0}"],
    "timestamptz[]": ['{"2024-01-01 00:00:00+00",infinity}'],
    "date[]": ["{2024-01-01}"],
    "uuid[]": ["{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"],
    "bytea[]": ['{"\\\\x00ff"}'],
    "jsonb[]": ['{"{\\"a\\": 1}"}'],
    "bool[]": ["{t,f}"],
    tsrange: ['["2024-01-01 00:00:00","2024-01-02 00:00:00")'],
    point: ["(1.5,2)"],
    tsvector: ["'a' 'b':1"],
    xid: ["123", "4294967295"],
  };
}
