// The scenario cuts the whole country some time after the start: the open page says so within 3 s of the API, in the
// level, in its title, and without being loaded anew; and so when it is back.

import assert from "node:assert/strict";
import { expectNoComplaints, until } from "../browser.mjs";

const AS_LATE_AS = 3000;

async function follow(browser, page, isIt, what) {
  const level = async () => (await browser.get("/api/v1/status")).countries[0].level;
  const told = await until(async () => (isIt(await level()) ? await level() : null), { within: 60000, what });
  const began = Date.now();
  await until(
    async () => isIt((await page.locator('[data-live="country/KP/level"]').first().innerText()).trim().toLowerCase()),
    { within: AS_LATE_AS, what: `the page says ${told}` },
  );
  return Date.now() - began;
}

export default async function (browser) {
  const page = await browser.page();
  await page.evaluate(() => {
    window.isTheSame = true;
  });
  const fell = await follow(browser, page, (level) => level === "total", "the country falls");
  await until(async () => (await page.title()).toLowerCase().includes("total"), { within: AS_LATE_AS, what: "the title" });
  await until(async () => (await page.locator('a[href^="/event/"]').count()) > 0, {
    within: AS_LATE_AS,
    what: "the event is on the page",
  });
  const rose = await follow(
    browser,
    page,
    (level) => ["normal", "recovering"].includes(level),
    "the country is back",
  );
  assert.ok(await page.evaluate(() => window.isTheSame), "the page was not loaded anew");
  expectNoComplaints(page);
  console.log(JSON.stringify({ fell_after_ms: fell, rose_after_ms: rose }));
}
