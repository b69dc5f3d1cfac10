// How numbers are told, as the documents tell them: shares as daemon/page/words.cpp, to the letter.

const UNKNOWN = "unknown";
const withUnit = (text: string, unit: string): string => `${text}\u00a0${unit}`;

export function percent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return UNKNOWN;
  const share = ratio * 100;
  if (share > 0 && share < 1) return withUnit(share < 0.1 ? "< 0.1" : (Math.round(share * 10) / 10).toFixed(1), "%");
  if (share > 99 && share < 100) return withUnit((Math.floor(share * 10) / 10).toFixed(1), "%");
  return withUnit(Math.round(share).toFixed(0), "%");
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return UNKNOWN;
  if (seconds === 0) return "0";
  if (seconds >= 1) return withUnit(seconds.toPrecision(3), "s");
  const milliseconds = seconds * 1000;
  if (milliseconds >= 100) return withUnit(milliseconds.toFixed(0), "ms");
  return milliseconds >= 1 ? withUnit(milliseconds.toPrecision(3), "ms") : withUnit((milliseconds * 1000).toFixed(0), "µs");
}

export const utc = (seconds: number): string => {
  const text = new Date(seconds * 1000).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
};
