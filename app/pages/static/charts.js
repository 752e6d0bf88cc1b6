// Lines over the last hour, drawn by Chart.js in the colours of the page, with words beside them.

import { make } from "./dom.js";

const FONT_PX = 11;
const scheme = matchMedia("(prefers-color-scheme: dark)");
const drawn = new Map();

scheme.addEventListener("change", () => drawn.forEach(({ shown }, id) => shown && draw(id, shown)));

// `lines`: name, values, colour (a variable of the style sheet), and how a value is written;
// `limits`: name and value, drawn dashed. `none` is said where there is nothing to draw.
export function draw(id, shown) {
  const { title, at, lines, limits = [], none, quietly = [] } = shown;
  const canvas = document.getElementById(id);
  const empty = [...lines, ...quietly].every(({ values }) => values.every((value) => value === null));
  const missing = document.getElementById(`${id}-none`);
  missing.hidden = !empty;
  missing.textContent = empty ? none : "";
  canvas.style.visibility = empty ? "hidden" : "";
  canvas.setAttribute("aria-label", empty ? `${title}: ${none}` : described(shown));
  document.getElementById(`${id}-legend`).replaceChildren(...(empty ? [] : legend(lines, limits, quietly)));
  const chart = drawn.get(id)?.chart ?? new Chart(canvas, { type: "line", options: {}, data: {} });
  drawn.set(id, { chart, shown });
  chart.data.datasets = [
    ...limits.map((limit) => limitLine(limit, at)),
    ...lines.map((line) => dataset(line, at, 1.75)),
    ...quietly.map((line) => dataset({ ...line, colour: "--quiet" }, at, 0.75)),
  ];
  chart.options = options(at, lines[0]?.write ?? String);
  chart.update("none");
}

export function newest(values) {
  return values.findLast((value) => value !== null) ?? null;
}

function dataset({ name, values, colour, write }, at, borderWidth) {
  const data = values.map((value, place) => ({ x: at[place] * 1000, y: value }));
  const of = css(colour);
  return { label: name, data, write, borderColor: of, backgroundColor: of, borderWidth, pointRadius: 0, pointHitRadius: 6 };
}

function limitLine({ name, value, colour }, at) {
  const data = [at[0], at.at(-1)].map((second) => ({ x: second * 1000, y: value }));
  return { label: name, data, borderColor: css(colour), borderDash: [5, 4], borderWidth: 1.25, pointRadius: 0, pointHitRadius: 0 };
}

function options(at, write) {
  const ticks = { color: css("--quiet"), font: { size: FONT_PX } };
  const grid = { color: css("--line"), tickLength: 3 };
  const border = { color: css("--line") };
  return {
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: "nearest", axis: "x", intersect: false },
    scales: {
      x: {
        type: "time",
        min: at[0] * 1000,
        max: at.at(-1) * 1000,
        time: { displayFormats: { minute: "HH:mm", hour: "HH:mm" }, tooltipFormat: "HH:mm:ss" },
        ticks: { ...ticks, maxTicksLimit: 5, maxRotation: 0 },
        grid: { ...grid, display: false },
        border,
      },
      y: { beginAtZero: true, ticks: { ...ticks, maxTicksLimit: 5, callback: (value) => write(value) }, grid, border },
    },
    plugins: {
      legend: { display: false },
      tooltip: {
        filter: (item) => item.dataset.write !== undefined,
        callbacks: { label: (item) => `${item.dataset.label} ${item.dataset.write(item.parsed.y)}` },
      },
    },
  };
}

function legend(lines, limits, quietly) {
  const rest = quietly.length ? [make("li", { class: "quiet" }, `${quietly.length} more`)] : [];
  return [
    ...lines.map(({ name, values, colour, write }) => {
      const value = newest(values);
      return make("li", {}, key(colour), value === null ? name : `${name} ${write(value)}`);
    }),
    ...rest,
    ...limits.map(({ name, colour }) => make("li", { class: "quiet" }, key(colour, " dashed"), name)),
  ];
}

function key(colour, more = "") {
  const mark = make("span", { class: `key${more}`, "aria-hidden": "true" });
  // Set by script, as the page's rules allow no style attributes.
  mark.style.borderTopColor = css(colour);
  return mark;
}

// What a line shows at a glance, for who cannot see it.
function described({ title, lines, limits = [], quietly = [] }) {
  const parts = [...lines, ...quietly].map(({ name, values, write }) => {
    const known = values.filter((value) => value !== null);
    if (!known.length) return `${name} without figures`;
    const last = newest(values);
    return `${name} now ${write(last)}, between ${write(Math.min(...known))} and ${write(Math.max(...known))}`;
  });
  return `${title} over the last hour: ${[...parts, ...limits.map(({ name }) => name)].join("; ")}`;
}

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
