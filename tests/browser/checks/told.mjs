// A share that was put into the page goes when the daemon writes the page as it was before.

import assert from "node:assert/strict";
import { expectNoComplaints } from "../browser.mjs";

export default async function (browser) {
  const page = await browser.page();
  // No stream that would put it right: only the document is asked for.
  await page.route("**/api/v1/events", (route) => route.abort());
  await page.reload({ waitUntil: "load" });
  const share = page.locator("[data-live$='/usual']").first();
  const written = await share.textContent();
  await share.evaluate((element) => (element.textContent = "7 %"));
  await page.evaluate(() => window.blipd.refresh());
  assert.equal(await share.textContent(), written);
  page.complaints = page.complaints.filter((complaint) => !complaint.includes("net::ERR_FAILED"));
  expectNoComplaints(page);
}
