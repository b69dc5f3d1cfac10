// An event on the overview leads to its own page: how it began, as facts.

import assert from "node:assert/strict";
import { expectNoComplaints } from "../browser.mjs";

export default async function (browser) {
  const { events } = await browser.get("/api/v1/outages");
  const event = events.find((e) => e.scope === "network" && e.kind === "outage");
  const page = await browser.page();
  const path = `/event/${encodeURIComponent(event.id)}`;
  await page.locator(`a[href="${path}"]`).first().click();
  await page.waitForURL(browser.base + path);
  const said = await page.locator("main").innerText();
  for (const word of [event.network, event.onset.shape]) {
    assert.ok(said.toLowerCase().includes(word.toLowerCase()), `${word} in ${said}`);
  }
  for (const { place } of event.onset.order) assert.ok(said.includes(place), `${place} fell and is named`);
  const times = await page.locator("main time").evaluateAll((all) => all.map((t) => [t.dateTime, t.title]));
  assert.ok(times.length > 0);
  // Local time on hover; the browser is told to be in Pyongyang, UTC+9.
  assert.ok(times.every(([, title]) => /\+0?9/.test(title) || title.includes("GMT+9") || title.includes("KST")), `${times}`);
  expectNoComplaints(page);
}
