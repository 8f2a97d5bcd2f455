// Firefox, through Puppeteer and WebDriver BiDi. Its QUIC is neqo, its TLS NSS.

import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { main } from "./page.mjs";

const [npm, origin, cafile] = process.argv.slice(2);
const puppeteer = createRequire(join(npm, "package.json"))("puppeteer-core");

// A profile that trusts the authority.
function profile() {
  const directory = mkdtempSync(join(dirname(cafile), "firefox-"));
  const store = `sql:${directory}`;
  execFileSync("certutil", ["-N", "-d", store, "--empty-password"]);
  execFileSync("certutil", ["-A", "-d", store, "-n", "interop", "-t", "CT,,", "-i", cafile]);
  return directory;
}

await main(async () => {
  const { hostname, port } = new URL(origin);
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: "/usr/bin/firefox-esr",
    userDataDir: profile(),
    headless: true,
    extraPrefsFirefox: {
      "network.http.http3.alt-svc-mapping-for-testing": `${hostname};h3=:${port}`,
      "network.http.http3.force-use-alt-svc-mapping-for-testing": true,
      "network.http.http3.disable_when_third_party_roots_found": false,
      "network.dns.forceResolve": hostname === "ip6-localhost" ? "::1" : "127.0.0.1",
    },
  });
  const page = await browser.newPage();
  await page.goto(`${origin}/hello`);
  return page;
});
