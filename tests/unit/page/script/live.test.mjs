// When the page asks again, by a clock and a stream that are handed to it.
import assert from "node:assert/strict";
import { test } from "node:test";

let now = 0;
let timers = [];
const later = (act, delay, again) => {
  const timer = { act, at: now + delay, every: again ? delay : null };
  timers.push(timer);
  return timer;
};
const drop = (timer) => (timers = timers.filter((other) => other !== timer));
globalThis.window = {
  setTimeout: (act, delay) => later(act, delay, false),
  setInterval: (act, delay) => later(act, delay, true),
  clearInterval: drop,
};
async function pass(milliseconds) {
  for (const end = now + milliseconds; ; ) {
    const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
    if (!due) return void (now = end);
    now = due.at;
    if (due.every === null) drop(due);
    else due.at += due.every;
    due.act();
    await new Promise(setImmediate); // what awaits a fetch goes on
  }
}

const sign = { dataset: {}, setAttribute() {}, textContent: "" };
const share = { dataset: { live: "country/KP/reachable" }, textContent: "100\u00a0%" };
globalThis.document = { createElement: () => sign, querySelector: () => ({ append() {} }), querySelectorAll: () => [share] };

let streams = [];
globalThis.EventSource = class {
  static CLOSED = 2;
  readyState = 1;
  told = new Map();
  constructor() {
    streams.push(this);
  }
  addEventListener(kind, act) {
    this.told.set(kind, act);
  }
  close() {
    this.readyState = 2;
  }
  tell(kind, data) {
    this.told.get(kind)({ data: JSON.stringify(data) });
  }
};
const { follow } = await import("../../../../daemon/page/web/live");

function start() {
  [now, timers, streams] = [0, [], []];
  const asked = [];
  follow(async () => void asked.push(now));
  return { asked, stream: streams[0] };
}
const status = (level, reachable = 1) => ({
  taken: "2014-12-22T16:15:40.000Z",
  vantage: { state: "ok", since: null, control_answer_ratio: 1 },
  countries: [{ code: "KP", level, unstable: false, reachable_ratio: reachable, usual_reachable_ratio: 1, networks: [] }],
});

test("a share is put in place at once, and for another level the document is fetched, once for all that comes together", async () => {
  const { asked, stream } = start();
  stream.tell("open");
  stream.tell("status", status("normal"));
  stream.tell("status", status("normal", 0.125));
  await pass(60_000);
  // Once, for what may have changed between the document and the first that was heard.
  assert.deepEqual(asked, [50]);
  assert.equal(share.textContent, "13\u00a0%");
  stream.tell("status", status("total", 0));
  stream.tell("event", {});
  await pass(1_000);
  assert.equal(asked.length, 2);
  assert.ok(asked[1] - 60_000 <= 100);
});

test("a minute is not fetched by all pages at once, but within three seconds", async () => {
  const { asked, stream } = start();
  stream.tell("open");
  stream.tell("minute", {});
  await pass(3_000);
  assert.equal(asked.length, 1);
});

test("what was missed while the stream was down is fetched when it is back", async () => {
  const { asked, stream } = start();
  stream.tell("open");
  stream.readyState = 0;
  stream.tell("error");
  assert.match(sign.textContent, /^not connected since/);
  await pass(1_000);
  assert.deepEqual(asked, []);
  stream.tell("open");
  await pass(1_000);
  assert.equal(asked.length, 1);
  assert.equal(sign.textContent, "live");
});

test("without a stream the page asks every ten seconds, until a later attempt at one succeeds", async () => {
  const { asked, stream } = start();
  stream.close(); // as after an answer of 503
  stream.tell("error");
  await pass(45_000);
  assert.deepEqual(asked, [0, 10_000, 20_000, 30_000, 40_000]);
  assert.equal(sign.textContent, "asking every ten seconds");
  assert.equal(streams.length, 1);
  await pass(15_000);
  assert.equal(streams.length, 2);
  streams[1].tell("open");
  asked.length = 0;
  await pass(120_000);
  assert.deepEqual(asked, [60_000]);
  assert.equal(sign.textContent, "live");
});

test("three failures in a row are enough to stop waiting for the stream", async () => {
  const { asked, stream } = start();
  stream.readyState = 0;
  for (let i = 0; i < 2; ++i) stream.tell("error");
  await pass(5_000);
  assert.deepEqual(asked, []);
  stream.tell("error");
  await pass(0);
  assert.equal(asked.length, 1);
  assert.equal(stream.readyState, 2);
});
