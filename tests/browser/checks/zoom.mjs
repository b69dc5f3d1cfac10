// Dragging over a chart makes the time range narrower, in the address too; going back makes it as it was; and the same
// can be had with the keyboard alone.

import assert from "node:assert/strict";
import { expectNoComplaints, until, views } from "../browser.mjs";

const width = (page) => {
  const parameters = new URL(page.url()).searchParams;
  return new Date(parameters.get("to")) - new Date(parameters.get("from"));
};

export default async function (browser) {
  const { country } = await views(browser);
  const to = new Date();
  const from = new Date(to - 2 * 3600 * 1000);
  const path = `${country}?from=${from.toISOString()}&to=${to.toISOString()}`;
  const page = await browser.page({ path });
  const plot = page.locator("figure.chart .u-over").first();
  await plot.waitFor({ timeout: 5000 });
  const before = width(page);
  const box = await plot.boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.5, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, y, { steps: 5 });
  await page.mouse.move(box.x + box.width * 0.9, y, { steps: 5 });
  await page.mouse.up();
  await until(() => page.url() !== browser.base + path && width(page) > 0 && width(page) < before * 0.6, {
    what: `the address has the narrower range: ${page.url()}`,
  });
  await page.locator("figure.chart .u-over").first().waitFor({ timeout: 5000 });
  await page.goBack();
  await until(() => page.url().endsWith(path), { what: "going back" });
  await until(async () => (await page.locator("figure.chart .u-over").count()) > 0, { what: "the chart is drawn" });

  // By keyboard: a link of that name is reached with the tabulator, has a visible focus, and works.
  for (let i = 0; ; ++i) {
    assert.ok(i < 60, "there is no link to zoom in");
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => document.activeElement?.textContent?.trim().toLowerCase() ?? "");
    if (name.includes("zoom in")) break;
  }
  const outline = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== "none" || style.boxShadow !== "none";
  });
  assert.ok(outline, "the focus is visible");
  await page.keyboard.press("Enter");
  await until(() => width(page) > 0 && width(page) < before, { what: "the keyboard zooms in" });
  expectNoComplaints(page);
}
