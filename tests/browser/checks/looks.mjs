// Every view, light and dark, on a desk and on a phone: nothing that axe-core calls serious, nothing that sticks out to
// the side, and dark is dark.

import assert from "node:assert/strict";
import { PHONE, WIDE, expectNoComplaints, findings, views } from "../browser.mjs";

const brightness = (page) =>
  page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d");
    canvas.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
    return (red + green + blue) / 765;
  });

export default async function (browser) {
  for (const [name, path] of Object.entries(await views(browser))) {
    for (const scheme of ["light", "dark"]) {
      for (const viewport of [WIDE, PHONE]) {
        const page = await browser.page({ path, scheme, viewport });
        const where = `${name}, ${scheme}, ${viewport.width} px`;
        assert.deepEqual(await findings(page), [], where);
        const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(tooWide <= 0, `${where}: ${tooWide} px too wide`);
        const bright = await brightness(page);
        assert.ok(scheme === "light" ? bright > 0.8 : bright < 0.25, `${where}: brightness ${bright}`);
        expectNoComplaints(page);
        await page.context().close();
      }
    }
  }
}
