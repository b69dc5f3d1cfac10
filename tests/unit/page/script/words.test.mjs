// The script's words beside those of the documents, whose own test reads the same file.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { duration, percent } from "../../../../daemon/page/web/words";

const shares = readFileSync(`${process.env.BLIPD_SOURCE_DIR}/tests/unit/page/shares.txt`, "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split("\t"));

test("a share reads as in the document that it is put into", () => {
  assert.ok(shares.length > 10);
  for (const [share, text] of shares) assert.equal(percent(Number(share)), text);
  for (const nothing of [null, undefined, Number.NaN]) assert.equal(percent(nothing), "unknown");
});

test("a round trip has three figures and a unit that suits it", () => {
  assert.equal(duration(0), "0");
  assert.equal(duration(0.00005), "50\u00a0µs");
  assert.equal(duration(0.0042), "4.20\u00a0ms");
  assert.equal(duration(0.42), "420\u00a0ms");
  assert.equal(duration(1.214), "1.21\u00a0s");
  assert.equal(duration(null), "unknown");
});
