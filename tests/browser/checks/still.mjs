// Without scripts every view is there, to be read: what the API says is what the page says.

import assert from "node:assert/strict";
import { expectNoComplaints, findings, until, views } from "../browser.mjs";

export default async function (browser) {
  for (const [name, path] of Object.entries(await views(browser))) {
    const page = await browser.page({ path, scripts: false });
    assert.ok((await page.locator("h1").count()) === 1, `${name}: one heading of the first order`);
    assert.ok((await page.locator("main").innerText()).length > 100, `${name}: text`);
    assert.equal(await page.locator("script:not([src])").count(), 0, `${name}: no script within the document`);
    expectNoComplaints(page);
    await page.context().close();
  }
  await until(
    async () => {
      const page = await browser.page({ scripts: false });
      const said = (await page.locator("main").innerText()).toLowerCase();
      const { countries } = await browser.get("/api/v1/status");
      await page.context().close();
      const words = countries.flatMap((c) => [c.level, ...c.networks.flatMap((n) => [n.name, n.state])]);
      return words.every((word) => said.includes(word.toLowerCase()));
    },
    { what: "the overview has each level, network and state that the API has" },
  );
}
