// What charts draw of a series.
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { documentElement: {} };
globalThis.getComputedStyle = () => ({ getPropertyValue: (name) => ` ${name} ` });
const { drawingOf } = await import("../../../../daemon/page/web/drawing");

const times = [0, 60, 120, 180];
const series = { from: "1970-01-01T00:00:00Z", to: "1970-01-01T00:04:00Z", step_seconds: 60, problem: "", times };
const none = [null, null, null, null];
const rtt = { least: none, p10: none, p25: none, p50: none, p75: none, p90: none, most: none };
// Answered alone, some of each, nothing but our own failures, not watched.
const channel = {
  probe: "ping",
  minutes: [1, 1, 1, 0],
  answered: [10, 5, 0, 0],
  lost: [0, 3, 0, 0],
  aborted: [0, 2, 4, 0],
  late: [0, 0, 0, 0],
  rtt: { ...rtt, least: [1, 2, null, null], p90: [3, 7, null, null] },
};
const of = (kind) => drawingOf(kind, { ...series, channels: [channel] });

test("values stand in the middle of their bins", () => {
  for (const kind of ["smoke", "loss", "outcomes", "pdv"]) assert.deepEqual(of(kind).data[0], [30, 90, 150, 210]);
});

test("a failure of ours is no loss, and nothing is drawn of what was not watched", () => {
  const { data, gaps } = of("loss");
  assert.deepEqual(data[1], [0, 3 / 8, null, null]);
  assert.deepEqual(gaps, [null, null, "fault", "unwatched"]);
});

test("outcomes are stacked and add up to all of them", () => {
  const [, all, judged, answered] = of("outcomes").data;
  assert.deepEqual(all, [1, 1, 1, null]);
  assert.deepEqual(judged, [1, 0.8, 0, null]);
  assert.deepEqual(answered, [1, 0.5, 0, null]);
});

test("the variation of round trips is how far nine in ten lie above the least", () => {
  assert.deepEqual(of("pdv").data[1], [2, 5, null, null]);
});

test("each band of the smoke lies between the two lines that it is named after", () => {
  const { data, series: lines, bands } = of("smoke");
  assert.equal(data.length, lines.length + 1);
  const labels = bands.map(({ series: [upper, lower] }) => [lines[upper - 1].label, lines[lower - 1].label]);
  assert.deepEqual(labels, [["most", "least"], ["90 %", "10 %"], ["75 %", "25 %"]]);
});

test("a bin that was unknown for more than half of what was watched is the vantage point's fault", () => {
  const states = { reachable: none, least_reachable: none, usual: none, minutes: [1, 1, 2, 0], unknown_seconds: [30, 31, 60, 0] };
  assert.deepEqual(drawingOf("reachable", { ...series, states }).gaps, [null, "fault", null, "unwatched"]);
});

test("there is no drawing of what a series has nothing of", () => {
  assert.equal(drawingOf("smoke", series), null);
  assert.equal(drawingOf("tea leaves", { ...series, channels: [channel] }), null);
});
