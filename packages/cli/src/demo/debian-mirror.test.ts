import { describe, expect, it } from "vitest";
import { mirrorOfLines, mirrorOfStanzas } from "./debian-mirror.ts";

const SUITES = new Set(["bookworm", "sid"]);

describe("mirrorOfStanzas", () => {
  it("takes the first enabled source of the release's main archive", () => {
    const content = `# a comment
Types: deb
URIs: http://mirror.test/vendor
Suites: stable-vendor
Components: main

Enabled: no
Types: deb
URIs: http://mirror.test/off
Suites: bookworm
Components: main

Types: deb deb-src
# another
URIs: http://mirror.test/debian http://other.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /keys/a.gpg
`;
    expect(mirrorOfStanzas(content, SUITES)).toEqual({
      uri: "http://mirror.test/debian",
      signedBy: "/keys/a.gpg",
    });
  });

  it("keeps a key that stands in the source itself", () => {
    const key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc";
    const content = `Types: deb\nURIs: http://m.test/d\nSuites: sid\nComponents: main\nSigned-By:${key}\n`;
    expect(mirrorOfStanzas(content, SUITES)?.signedBy).toBe(key);
    expect(mirrorOfStanzas(content, new Set(["trixie"]))).toBeNull();
  });
});

describe("mirrorOfLines", () => {
  it("takes the first line of the release's main archive", () => {
    const content = `
# deb http://mirror.test/comment bookworm main
deb-src http://mirror.test/source bookworm main
deb http://mirror.test/security bookworm-security main
deb [arch=amd64 signed-by=/keys/a.gpg,/keys/b.gpg] http://mirror.test/debian bookworm contrib main
`;
    expect(mirrorOfLines(content, SUITES)).toEqual({
      uri: "http://mirror.test/debian",
      signedBy: "/keys/a.gpg /keys/b.gpg",
    });
    expect(mirrorOfLines("deb http://mirror.test/debian sid main", SUITES)).toEqual({
      uri: "http://mirror.test/debian",
      signedBy: null,
    });
  });
});
