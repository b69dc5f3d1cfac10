// Pages of the system's Chromium that are held to rules which hold for every check: no script fails, no policy is
// violated, and nothing is asked of anybody but the daemon. Packages are found below BLIPD_BROWSER_PACKAGES.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.BLIPD_BROWSER_PACKAGES}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const WIDE = { width: 1280, height: 900 };
export const PHONE = { width: 360, height: 780 };

export class Browser {
  static async start(base) {
    const browser = new Browser();
    browser.base = base;
    browser.chromium = await chromium.launch({
      executablePath: process.env.BLIPD_CHROMIUM ?? "/usr/bin/chromium",
      // As root there is no sandbox; it is a page of ours, in a network of its own.
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--js-flags=--expose-gc"],
    });
    return browser;
  }

  // A page of its own profile. `complaints` grows while it is open; expectNoComplaints() asks for none.
  async page({ path = "/", viewport = WIDE, scheme = "light", scripts = true, motion = "reduce" } = {}) {
    const context = await this.chromium.newContext({
      viewport,
      colorScheme: scheme,
      reducedMotion: motion,
      javaScriptEnabled: scripts,
      timezoneId: "Asia/Pyongyang",
      locale: "en-GB",
    });
    const page = await context.newPage();
    page.complaints = [];
    page.on("pageerror", (error) => page.complaints.push(`script: ${error.stack ?? error}`));
    page.on("console", (message) => {
      // Policy violations are told here as well.
      if (message.type() === "error") page.complaints.push(`console: ${message.text()}`);
    });
    const own = new URL(this.base).host;
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (["data:", "blob:"].includes(url.protocol)) return;
      if (url.host !== own) page.complaints.push(`asked another host: ${url}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 400) page.complaints.push(`${response.status()} for ${response.url()}`);
    });
    await page.goto(this.base + path, { waitUntil: "load" });
    return page;
  }

  async get(path) {
    const response = await fetch(this.base + path);
    assert.equal(response.status, 200, path);
    return response.json();
  }

  close() {
    return this.chromium.close();
  }
}

export function expectNoComplaints(page) {
  assert.deepEqual(page.complaints, []);
}

// Serious and critical findings of axe-core, by WCAG 2.2 A and AA.
export async function findings(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    window.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
      resultTypes: ["violations"],
    }),
  );
  return found.violations
    .filter((violation) => ["serious", "critical"].includes(violation.impact))
    .map((violation) => `${violation.id}: ${violation.help}: ${violation.nodes.slice(0, 3).map((node) => node.html)}`);
}

// Asks until `claim` gives something true; its value.
export async function until(claim, { within = 5000, what = "it is so" } = {}) {
  const end = Date.now() + within;
  for (;;) {
    const value = await claim();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

// The addresses of one page of each kind, found as a reader would: by following links.
export async function views(browser) {
  const { countries } = await browser.get("/api/v1/status");
  const country = countries.find((c) => c.networks.length > 0) ?? countries[0];
  const { targets } = await browser.get("/api/v1/targets");
  const target = targets.find((t) => !t.control);
  const { events } = await browser.get("/api/v1/outages");
  const part = encodeURIComponent;
  const network = `/country/${part(target.country)}/network/${part(target.network)}`;
  return {
    overview: "/",
    country: `/country/${part(country.code ?? target.country)}`,
    network,
    target: `${network}/target/${part(target.name)}`,
    ...(events.length > 0 ? { event: `/event/${part(events.at(-1).id)}` } : {}),
  };
}
