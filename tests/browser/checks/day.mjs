// A day is some thousand refreshes. The memory that the page keeps after many is what it kept after few.

import assert from "node:assert/strict";
import { expectNoComplaints, views } from "../browser.mjs";

const MOST_GROWTH = 1024 * 1024;

async function heap(page, session) {
  await session.send("HeapProfiler.collectGarbage");
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
  return { usedSize, nodes, jsEventListeners };
}

export default async function (browser) {
  const { overview, target } = await views(browser);
  for (const path of [overview, target]) {
    const page = await browser.page({ path });
    const session = await page.context().newCDPSession(page);
    const refresh = (times) =>
      page.evaluate(async (count) => {
        for (let i = 0; i < count; ++i) await window.blipd.refresh();
      }, times);
    await refresh(20);
    const early = await heap(page, session);
    await refresh(200);
    const late = await heap(page, session);
    console.log(path, JSON.stringify({ early, late }));
    assert.ok(late.usedSize - early.usedSize < MOST_GROWTH, `${path}: ${early.usedSize} to ${late.usedSize} bytes`);
    assert.ok(late.nodes < early.nodes * 1.2 + 200, `${path}: ${early.nodes} to ${late.nodes} nodes`);
    assert.ok(late.jsEventListeners < early.jsEventListeners * 1.2 + 20, `${path}: listeners`);
    expectNoComplaints(page);
    await page.context().close();
  }
}
