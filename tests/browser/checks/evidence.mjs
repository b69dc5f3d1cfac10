// The evidence of an event, light and dark, on a desk and on a phone: nothing that axe-core calls serious, nothing that
// sticks out to the side, the lost hop by a word and a sign, files that are there. Without scripts and on paper it is
// all there, too.

import assert from "node:assert/strict";
import { PHONE, WIDE, expectNoComplaints, findings } from "../browser.mjs";

const tooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
// Boxes that are wider than what is around them have to be scrolled to be read.
const cut = (page) =>
  page.locator("#evidence .wide").evaluateAll((all) => all.filter((box) => box.scrollWidth > box.clientWidth + 1).length);

export default async function (browser) {
  const { events } = await browser.get("/api/v1/outages");
  const event = events.findLast((e) => e.evidence?.paths.some((path) => path.loss) && e.evidence.packets.length > 0);
  const part = encodeURIComponent;
  const network = `/country/${part(event.country)}/network/${part(event.network)}`;
  const lost = event.evidence.paths.filter((path) => path.loss);
  const views = {
    event: `/event/${part(event.id)}`,
    network,
    target: `${network}/target/${part(lost[0].target)}`,
  };
  for (const [name, path] of Object.entries(views)) {
    for (const scheme of ["light", "dark"]) {
      for (const viewport of [WIDE, PHONE]) {
        const page = await browser.page({ path, scheme, viewport });
        const where = `${name}, ${scheme}, ${viewport.width} px`;
        assert.deepEqual(await findings(page), [], where);
        assert.ok((await tooWide(page)) <= 0, `${where}: too wide`);
        assert.ok((await page.locator("#evidence table").count()) > 0, `${where}: there is evidence`);
        if (name === "event") {
          const mark = await page.locator("#evidence .lost .sign").first().boundingBox();
          assert.ok(mark.x + mark.width <= viewport.width, `${where}: the mark is seen without scrolling`);
        }
        expectNoComplaints(page);
        await page.context().close();
      }
    }
  }

  const page = await browser.page({ path: views.event, scripts: false });
  const marks = page.locator("#evidence .lost .sign");
  assert.equal(await marks.count(), lost.length);
  assert.equal(await marks.first().innerText(), "first lost hop");
  const links = await page.locator("#evidence a[href^='/api/v1/evidence/']").evaluateAll((all) => all.map((a) => a.href));
  assert.equal(links.length, event.evidence.packets.length);
  const file = new Uint8Array(await (await fetch(links[0])).arrayBuffer());
  assert.deepEqual([...file.slice(0, 4)], [0x0a, 0x0d, 0x0d, 0x0a], "it is pcapng");
  await page.context().close();

  const scripted = await browser.page({ path: views.event });
  const sign = await scripted
    .locator("#evidence .lost .sign")
    .first()
    .evaluate((element) => getComputedStyle(element, "::before").content);
  assert.match(sign, /■/);
  // Some 190 mm, as A4 has between its margins.
  await scripted.setViewportSize({ width: 718, height: 1000 });
  await scripted.emulateMedia({ media: "print" });
  assert.equal(await cut(scripted), 0, "on paper nothing has to be scrolled");
  expectNoComplaints(scripted);
}
