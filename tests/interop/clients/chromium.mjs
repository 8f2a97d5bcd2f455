// Chromium, through Playwright. Its QUIC is Google's quiche, its TLS BoringSSL.

import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { main } from "./page.mjs";

const [npm, origin, cafile] = process.argv.slice(2);
const { chromium } = createRequire(join(npm, "package.json"))("playwright-core");

// The hash of the server's key, which Chromium takes for a reason to trust it: its own list of
// authorities is the system's.
function serverKey() {
  const certificate = new X509Certificate(readFileSync(join(dirname(cafile), "server.pem")));
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

await main(async () => {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--host-resolver-rules=MAP localhost 127.0.0.1, MAP ip6-localhost [::1]",
      `--origin-to-force-quic-on=${new URL(origin).host}`,
      `--ignore-certificate-errors-spki-list=${serverKey()}`,
    ],
  });
  const page = await browser.newPage();
  await page.goto(`${origin}/hello`);
  return page;
});
