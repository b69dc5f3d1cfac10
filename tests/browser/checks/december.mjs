// December 2014 as it is simulated: the beat, the collapse and the relapses, read off the page and followed into an event.

import assert from "node:assert/strict";
import { expectNoComplaints, until } from "../browser.mjs";

const outage = (events, from, to) =>
  events.find(
    (event) =>
      event.scope === "country" && event.kind === "outage" && event.start.earliest < to && event.end.latest > from,
  );

export default async function (browser) {
  const range = "?from=2014-12-19T00:00:00Z&to=2014-12-24T00:00:00Z";
  const page = await browser.page({ path: `/country/KP${range}` });
  const said = await page.locator("main").innerText();
  const { events } = await browser.get(`/api/v1/outages${range}`);
  const collapse = outage(events, "2014-12-22T17:00:00Z", "2014-12-22T23:00:00Z");
  const relapse = outage(events, "2014-12-23T15:45:00Z", "2014-12-23T16:05:00Z");
  assert.ok(collapse && relapse);
  for (const event of [collapse, relapse]) {
    // In the strip and in the list.
    assert.ok((await page.locator(`a[href="/event/${encodeURIComponent(event.id)}"]`).count()) >= 2, event.id);
  }
  assert.match(said, /9\sh\s3[01]\smin/, "how long the collapse lasted");
  assert.match(said.toLowerCase(), /instability/, "the beat before it");

  // The chart falls to nothing for those hours, and is not drawn where nothing is known.
  const series = await browser.get(`/api/v1/series?country=KP&from=2014-12-19T00:00:00Z&to=2014-12-24T00:00:00Z`);
  const hours = series.states.down_seconds.reduce((sum, seconds) => sum + seconds, 0) / 3600;
  assert.ok(hours > 9.5 && hours < 16, `${hours} h down`);
  const beat = series.times.filter((at, i) => {
    const isBefore = at * 1000 < Date.parse("2014-12-22T16:00:00Z");
    return isBefore && series.states.down_seconds[i] > 0;
  });
  assert.ok(beat.length > 20, `${beat.length} steps of the beat`);

  await page.locator(`a[href="/event/${encodeURIComponent(collapse.id)}"]`).last().click();
  await page.waitForURL("**/event/**");
  await until(async () => (await page.locator("main").innerText()).includes(collapse.onset.shape), { what: "its onset" });
  const told = await page.locator("main").innerText();
  assert.match(told, /22\sDec\s2014\s16:1[45]/);
  assert.match(told, /9\sh\s3[01]\smin/);
  for (const { place } of collapse.onset.order) assert.ok(told.includes(place), place);
  expectNoComplaints(page);
  console.log(JSON.stringify({ hours_down: hours, steps_of_the_beat: beat.length }));
}
