// run.mjs BASE CHECK: one check against one daemon. Ends with 0 when it holds, says on standard error why not.

import { Browser } from "./browser.mjs";

const [base, name] = process.argv.slice(2);
const { default: check } = await import(`./checks/${name}.mjs`);
const browser = await Browser.start(base);
try {
  await check(browser);
} catch (error) {
  console.error(error.stack ?? error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
