// Ten pages, of all kinds, open for half a minute: each is live.

import assert from "node:assert/strict";
import { expectNoComplaints, until, views } from "../browser.mjs";

const OPEN_MS = 30_000;

export default async function (browser) {
  const paths = Object.values(await views(browser));
  const pages = [];
  for (let i = 0; i < 10; ++i) pages.push(await browser.page({ path: paths[i % paths.length] }));
  for (const page of pages) {
    await until(async () => (await page.locator("#connection").innerText()) === "live", { what: "the page is live" });
  }
  await new Promise((done) => setTimeout(done, OPEN_MS));
  for (const page of pages) {
    assert.equal(await page.locator("#connection").innerText(), "live");
    expectNoComplaints(page);
  }
}
