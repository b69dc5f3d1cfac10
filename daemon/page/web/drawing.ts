// What each kind of chart draws of a series: columns for uPlot, and how they look. Colours are the style sheet's.

import type uPlot from "uplot";
import type { Channel, Series } from "./series";
import { duration, percent } from "./words";

export interface Drawing {
  data: uPlot.AlignedData;
  series: uPlot.Series[];
  bands: uPlot.Band[];
  yTop: number | null; // null: as high as the values
  text: (value: number) => string;
  // By bin: nothing is known of it, and why.
  gaps: ("unwatched" | "fault" | null)[];
}

export const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const faded = (name: string, share: number): string => {
  const alpha = Math.round(share * 100);
  return `color-mix(in srgb, ${colour(name)} ${alpha}%, transparent)`;
};

const ratio = (part: number | null | undefined, rest: number | null | undefined): number | null => {
  const whole = (part ?? 0) + (rest ?? 0);
  return whole > 0 ? (part ?? 0) / whole : null;
};

const line = (label: string, name: string, more: Partial<uPlot.Series> = {}): uPlot.Series => ({
  label,
  stroke: colour(name),
  width: 1.5,
  points: { show: false },
  spanGaps: false,
  ...more,
});
const edge = (label: string): uPlot.Series => line(label, "smoke", { width: 0 });

function reachable(series: Series): Drawing | null {
  const states = series.states;
  if (!states) return null;
  return {
    data: [middles(series), states.usual, states.reachable, states.least_reachable],
    series: [
      line("usual", "soft", { dash: [4, 4], width: 1 }),
      line("reachable", "up", { width: 2 }),
      line("least", "up", { width: 0 }),
    ],
    bands: [{ series: [2, 3], fill: faded("up", 0.25) }],
    yTop: 1,
    text: percent,
    gaps: states.minutes.map((minutes, i) => {
      if (!minutes) return "unwatched";
      return (states.unknown_seconds[i] ?? 0) > minutes * 30 ? "fault" : null;
    }),
  };
}

function smoke(series: Series, channel: Channel): Drawing {
  const { least, p10, p25, p50, p75, p90, most } = channel.rtt;
  return {
    data: [middles(series), most, p90, p75, p50, p25, p10, least],
    series: [edge("most"), edge("90 %"), edge("75 %"), line("median", "smoke", { width: 2 }), edge("25 %"), edge("10 %"), edge("least")],
    bands: [
      { series: [1, 7], fill: faded("smoke", 0.14) },
      { series: [2, 6], fill: faded("smoke", 0.22) },
      { series: [3, 5], fill: faded("smoke", 0.32) },
    ],
    yTop: null,
    text: duration,
    gaps: gapsOf(channel),
  };
}

function variation(series: Series, channel: Channel): Drawing {
  const spread = channel.rtt.p90.map((high, i) => {
    const low = channel.rtt.least[i];
    return high === null || low === null || low === undefined ? null : high - low;
  });
  return {
    data: [middles(series), spread],
    series: [line("90 % above least", "smoke", { fill: faded("smoke", 0.2) })],
    bands: [],
    yTop: null,
    text: duration,
    gaps: gapsOf(channel),
  };
}

function loss(series: Series, of: { answered: (number | null)[]; lost: (number | null)[] }, gaps: Drawing["gaps"]): Drawing {
  return {
    data: [middles(series), of.lost.map((lost, i) => ratio(lost, of.answered[i]))],
    series: [line("lost", "down", { fill: faded("down", 0.3), width: 1 })],
    bands: [],
    yTop: null,
    text: percent,
    gaps,
  };
}

// Stacked from below: each column is the sum of those below it and its own.
function outcomes(series: Series, channel: Channel): Drawing {
  const sum = (i: number) => (channel.answered[i] ?? 0) + (channel.lost[i] ?? 0) + (channel.aborted[i] ?? 0);
  const share = (...columns: (number | null)[][]) =>
    series.times.map((_, i) => (sum(i) > 0 ? columns.reduce((all, c) => all + (c[i] ?? 0), 0) / sum(i) : null));
  const { answered, lost, aborted } = channel;
  const area = (label: string, name: string) => line(label, name, { fill: faded(name, 0.55), width: 0 });
  return {
    data: [middles(series), share(answered, lost, aborted), share(answered, lost), share(answered)],
    series: [area("answered, lost and aborted", "unknown"), area("answered and lost", "down"), area("answered", "up")],
    bands: [
      { series: [1, 2], fill: faded("unknown", 0.55) },
      { series: [2, 3], fill: faded("down", 0.55) },
    ],
    yTop: 1,
    text: percent,
    gaps: gapsOf(channel),
  };
}

const middles = (series: Series): number[] => series.times.map((start) => start + series.step_seconds / 2);

const gapsOf = (channel: Channel): Drawing["gaps"] =>
  channel.minutes.map((minutes, i) => {
    if (!minutes) return "unwatched";
    const judged = (channel.answered[i] ?? 0) + (channel.lost[i] ?? 0);
    return judged === 0 && (channel.aborted[i] ?? 0) > 0 ? "fault" : null;
  });

// Null: a series has nothing of that kind.
export function drawingOf(kind: string, series: Series): Drawing | null {
  if (kind === "reachable") return reachable(series);
  const states = series.states;
  if (states) return kind === "loss" ? loss(series, states, states.minutes.map((m) => (m ? null : "unwatched"))) : null;
  const channel = series.channels?.[0];
  if (!channel) return null;
  switch (kind) {
    case "smoke":
      return smoke(series, channel);
    case "pdv":
      return variation(series, channel);
    case "loss":
      return loss(series, channel, gapsOf(channel));
    case "outcomes":
      return outcomes(series, channel);
    default:
      return null;
  }
}
