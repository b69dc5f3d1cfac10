// Puts charts that can be read off and zoomed in the places of still pictures. The picture stays in the document, for
// print and for those who do not see the canvas; where anything goes wrong it is what there is.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./charts.css";
import { type Drawing, colour, drawingOf } from "./drawing";
import { type Series, fetchSeries } from "./series";
import { utc } from "./words";

type ZoomTo = (from: number, to: number) => void;

interface Chart {
  plot: uPlot;
  series: Series;
  zoomTo: ZoomTo;
}

const charts = new Map<Element, Chart>();
const figuresOf = (root: ParentNode): HTMLElement[] => {
  const found = [...root.querySelectorAll<HTMLElement>("figure.chart[data-series]")];
  return root instanceof HTMLElement && root.matches("figure.chart[data-series]") ? [root, ...found] : found;
};

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const plot = charts.get(target)?.plot;
    if (plot && plot.width !== target.clientWidth && target.clientWidth > 0) {
      plot.setSize({ width: target.clientWidth, height: plot.height });
    }
  }
});

export function mountCharts(root: ParentNode, zoomTo: ZoomTo): void {
  for (const figure of figuresOf(root)) void mount(figure, zoomTo);
}

async function mount(figure: HTMLElement, zoomTo: ZoomTo): Promise<void> {
  const address = figure.dataset["series"] ?? "";
  let series: Series;
  try {
    series = await fetchSeries(address);
  } catch {
    return; // the picture is what there is
  }
  if (!figure.isConnected || figure.dataset["series"] !== address) return;
  draw(figure, series, zoomTo);
}

function draw(figure: HTMLElement, series: Series, zoomTo: ZoomTo): void {
  const drawing = drawingOf(figure.dataset["chart"] ?? "", series);
  const picture = figure.querySelector<SVGElement>(":scope > svg");
  if (!drawing || !picture || series.times.length === 0) return;
  const height = Math.max(120, Math.round(picture.getBoundingClientRect().height) || charts.get(figure)?.plot.height || 200);
  end(figure);
  figure.classList.add("is-drawn");
  const holder = document.createElement("div");
  holder.className = "canvas";
  // What it shows is told by the picture's name and by the table of numbers.
  holder.setAttribute("aria-hidden", "true");
  picture.after(holder);
  const plot = new uPlot(options(drawing, series, figure.clientWidth, height, zoomTo), drawing.data, holder);
  charts.set(figure, { plot, series, zoomTo });
  sizes.observe(figure);
}

function options(drawing: Drawing, series: Series, width: number, height: number, zoomTo: ZoomTo): uPlot.Options {
  const axis = { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 } };
  const [from, to] = [Date.parse(series.from) / 1000, Date.parse(series.to) / 1000];
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: {
      x: { range: [from, to] },
      y: { range: (_plot, _low, high) => [0, drawing.yTop ?? (high > 0 ? high * 1.08 : 1)] },
    },
    axes: [
      { ...axis, values: TIMES },
      { ...axis, size: 64, values: (_plot, splits) => splits.map(drawing.text) },
    ],
    series: [
      { label: "from", value: (_plot, at) => (at === null ? "" : utc(at - series.step_seconds / 2)) },
      ...drawing.series.map((s) => ({ ...s, value: (_plot: uPlot, v: number | null) => (v === null ? "" : drawing.text(v)) })),
    ],
    bands: drawing.bands,
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 }, y: false },
    hooks: {
      drawClear: [(plot) => shade(plot, drawing, series)],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          const [left, right] = [plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x")];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          zoomTo(left, right);
        },
      ],
    },
  };
}

// In UTC and 24 hours: uPlot's own are American. [step in seconds, usual, on a new year, …, on a new day, …, mode]
const TIMES: (string | number | null)[][] = [
  [86400 * 28, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [86400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
];

// Stretches of which nothing is known are hatched, and those of our own fault the other way round.
function shade(plot: uPlot, drawing: Drawing, series: Series): void {
  const { ctx, bbox } = plot;
  const start = (bin: number) => (series.times[bin] ?? series.times[0]! + bin * series.step_seconds);
  for (let i = 0; i < drawing.gaps.length; ) {
    const why = drawing.gaps[i];
    let end = i + 1;
    while (end < drawing.gaps.length && drawing.gaps[end] === why) ++end;
    if (why) {
      const left = Math.max(bbox.left, plot.valToPos(start(i), "x", true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(start(end), "x", true));
      if (right > left) hatch(ctx, left, bbox.top, right - left, bbox.height, why === "fault" ? -1 : 1);
    }
    i = end;
  }
}

function hatch(ctx: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, lean: 1 | -1): void {
  const step = 8 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.strokeStyle = colour("unknown");
  ctx.globalAlpha = 0.55;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (let at = x - height; at < x + width + height; at += step) {
    ctx.moveTo(at, y + height);
    ctx.lineTo(at + lean * height, y);
  }
  ctx.stroke();
  ctx.restore();
}

function end(figure: Element): void {
  const chart = charts.get(figure);
  if (!chart) return;
  charts.delete(figure);
  sizes.unobserve(figure);
  const holder = chart.plot.root.parentElement;
  chart.plot.destroy();
  holder?.remove();
  figure.classList.remove("is-drawn");
}

export function unmountCharts(root: ParentNode): void {
  for (const figure of figuresOf(root)) end(figure);
}

// The old chart stands in the new figure until what is new has been fetched, so that nothing flickers.
export function adopt(old: Element, fresh: Element): void {
  for (const figure of figuresOf(old)) {
    const chart = charts.get(figure);
    const heir = figure.id && figuresOf(fresh).find((other) => other.id === figure.id);
    const holder = chart?.plot.root.parentElement;
    if (!chart || !heir || !holder || heir.dataset["chart"] !== figure.dataset["chart"]) continue;
    charts.delete(figure);
    sizes.unobserve(figure);
    heir.querySelector(":scope > svg")?.after(holder);
    heir.classList.add("is-drawn");
    charts.set(heir, chart);
    sizes.observe(heir);
  }
}

// In the colours of now.
export function redrawCharts(): void {
  for (const [figure, { series, zoomTo }] of [...charts]) draw(figure as HTMLElement, series, zoomTo);
}
