// pictures.mjs BASE FOLDER: one picture of each view, as a reader would have it on a desk, at night, on a phone.

import { Browser, PHONE, until } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const browser = await Browser.start(base);

async function take(name, path, { whole = false, ...options } = {}) {
  const page = await browser.page({ path, viewport: { width: 1100, height: 760 }, ...options });
  const figures = await page.locator("figure.chart[data-series]").count();
  await until(async () => (await page.locator("figure.chart .u-over").count()) >= figures, { what: `charts of ${name}` });
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: whole });
  await page.context().close();
}

try {
  const status = await browser.get("/api/v1/status");
  const country = `/country/${status.countries[0].code}`;
  const network = `${country}/network/${encodeURIComponent(status.countries[0].networks[0].name)}`;
  const { targets } = await browser.get("/api/v1/targets");
  const target = targets.find((t) => t.network === status.countries[0].networks[0].name);
  const { events } = await browser.get("/api/v1/outages");
  const open = events.findLast((event) => event.scope === "country" && event.end === null) ?? events.at(-1);
  const day = 24 * 3600 * 1000;
  const range = (days) => {
    const now = Date.now();
    return `?from=${new Date(now - days * day).toISOString()}&to=${new Date(now).toISOString()}`;
  };
  await take("overview", "/");
  await take("overview-dark", "/", { scheme: "dark" });
  await take("overview-phone", "/", { viewport: PHONE });
  await take("country", country + range(7));
  await take("network", network + range(2));
  await take("target", `${network}/target/${encodeURIComponent(target.name)}${range(1)}`);
  await take("event", `/event/${encodeURIComponent(open.id)}`);
} finally {
  await browser.close();
}
