// A page that is open when the system turns dark draws its charts in the colours of the dark, and once each.

import assert from "node:assert/strict";
import { expectNoComplaints, until, views } from "../browser.mjs";

// The colours of a chart's canvas: how many pixels each has, the most frequent first.
const colours = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector("figure.chart canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const counts = new Map();
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] !== 255) continue; // what shines through, and edges
      const colour = data.slice(at, at + 3).join();
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  });

export default async function (browser) {
  const { network } = await views(browser);
  const page = await browser.page({ path: network });
  await page.locator("figure.chart canvas").first().waitFor({ timeout: 5000 });
  const charts = await page.locator("figure.chart canvas").count();
  const light = (await colours(page))[0];
  await page.emulateMedia({ colorScheme: "dark" });
  await until(async () => !(await colours(page)).includes(light), { what: `nothing is drawn in ${light} any more` });
  assert.equal(await page.locator("figure.chart canvas").count(), charts);
  expectNoComplaints(page);
}
