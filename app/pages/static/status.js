// The status page: asks /status/data again and again, and shows what it says.

import { draw, newest } from "./charts.js";
import { make, sayProblem } from "./dom.js";
import { ask } from "./http.js";
import { number } from "./units.js";

const EVERY_MS = 15_000;
const NAMED_FEATURES = 3;
const COLOURS = ["--accent", "--lowers", "--third"];
const PROBLEMS = {
  prometheus: (why) => `Which services answer, traffic and drift are not known, since Prometheus cannot be asked: ${why}`,
  database: (why) => `The history of retrainings cannot be read: ${why}`,
  model: (why) => `The model: ${why}`,
};
const place = (id) => document.getElementById(id);
let asked = 0;
let waiting = null;

document.addEventListener("visibilitychange", () => document.hidden || refresh());
refresh();

async function refresh() {
  clearTimeout(waiting);
  const mine = ++asked;
  try {
    const told = await ask("/status/data");
    if (mine === asked) show(told);
  } catch (error) {
    if (mine === asked) sayProblem(place("problems"), error);
    if (error.status === 401 || error.status === 403) {
      place("as-of").textContent = "";
      place("status").classList.add("refused");
      return;
    }
  }
  // A page that nobody looks at asks nothing.
  if (mine === asked && !document.hidden) waiting = setTimeout(refresh, EVERY_MS);
}

function show(told) {
  const problems = Object.entries(told.problems).filter(([, text]) => text !== null);
  place("problems").replaceChildren(...problems.map(([of, text]) => make("p", { class: "problem" }, PROBLEMS[of](text))));
  place("as-of").replaceChildren("as of ", clock(told.at));
  place("services").replaceChildren(...lights(told));
  place("now").replaceChildren(...figures(told));
  charts(told);
  place("retrainings").replaceChildren(history(told));
}

function lights({ services }) {
  if (!services.length) return [make("li", { class: "quiet" }, "Services not known")];
  return services.map(({ name, up }) => make("li", { class: up ? "up" : "down" },
    make("span", { class: "mark", "aria-hidden": "true" }, up ? "●" : "▲"), ` ${name}`,
    up ? make("span", { class: "unseen" }, " answers") : " does not answer"));
}

function figures({ model, now }) {
  const known = (value, write) => (value === null ? "—" : write(value));
  return [
    ["Model in force", model ? `${model.name} ${model.version}` : "none",
      model ? [model.since ? ["since ", clock(model.since)] : [], model.baseline_rmse === null ? [] : [model.since ? ", " : "", `baseline RMSE ${number(model.baseline_rmse)}`]].flat() : ["train one: python -m training.train"]],
    ["Requests", known(now.requests_per_s, (value) => `${rate(value)} a second`), ["last 5 minutes"]],
    ["Without a prediction", known(now.error_share, share), ["of the last 5 minutes’ requests"]],
    ["99 % answered within", known(now.latency_p99_s, seconds), ["last 5 minutes"]],
  ].map(([name, value, beside]) => make("div", {}, make("dt", {}, name), make("dd", {}, value), make("dd", {}, ...beside)));
}

function charts({ course, limits, model, problems }) {
  const { at } = course;
  const none = problems.prometheus === null ? "No requests in the last hour" : "Not known: Prometheus is away";
  draw("traffic", { title: "Requests a second", at, none, lines: [
    { name: "all", values: course.requests_per_s, colour: "--accent", write: rate },
    { name: "without a prediction", values: course.errors_per_s, colour: "--lowers", write: rate }] });
  draw("latency", { title: "Latency", at, none, lines: [
    { name: "half within", values: course.latency_p50_s, colour: "--accent", write: seconds },
    { name: "99 % within", values: course.latency_p99_s, colour: "--lowers", write: seconds }] });
  const features = Object.entries(course.drift_psi)
    .map(([name, values]) => ({ name, values, write: hundredths }))
    .sort((one, other) => (newest(other.values) ?? 0) - (newest(one.values) ?? 0));
  draw("drift", { title: "Drift of the features (PSI)", at,
    none: problems.prometheus === null ? `Not measured yet: it takes ${limits.window_rows} served rows` : none,
    lines: features.slice(0, NAMED_FEATURES).map((line, nth) => ({ ...line, colour: COLOURS[nth] })),
    quietly: features.slice(NAMED_FEATURES),
    limits: [
      { name: `${limits.psi_warn} warning`, value: limits.psi_warn, colour: "--quiet" },
      { name: `${limits.psi_drifted} drifted`, value: limits.psi_drifted, colour: "--bad" }] });
  draw("rmse", { title: "Live RMSE over baseline", at,
    none: problems.prometheus === null ? `Not known yet: it takes ${limits.least_labelled_rows} true values` : none,
    lines: [{ name: model ? `${model.name}` : "model", values: course.live_rmse_ratio, colour: "--accent", write: hundredths }],
    limits: [{ name: `${limits.rmse_alarm} retraining`, value: limits.rmse_alarm, colour: "--bad" }] });
}

function history({ retrainings, problems }) {
  if (!retrainings.length) {
    return make("p", { class: "quiet" }, problems.database === null ? "None yet: drift, a larger live error, the schedule or the operator begins one." : "Not known.");
  }
  const head = ["When", "Why", "Outcome", "Reason", "Took", "Version"].map((name) => make("th", { scope: "col" }, name));
  const severalModels = new Set(retrainings.map(({ model }) => model)).size > 1;
  return make("table", { class: "past" },
    make("thead", {}, make("tr", {}, ...head)),
    make("tbody", {}, ...retrainings.map((one) => make("tr", {},
      make("th", { scope: "row" }, when(one.at)),
      make("td", { class: "why" }, severalModels ? `${one.model}: ${one.trigger}` : one.trigger),
      make("td", { class: one.outcome ?? "running" }, one.outcome ?? `${one.stage}…`),
      make("td", { class: "reason" }, one.reason),
      make("td", { "data-name": "took" }, duration(one.seconds)),
      make("td", { "data-name": "version" }, one.version ?? "—")))));
}

function clock(at) {
  const date = new Date(at);
  const day = date.toDateString() === new Date().toDateString() ? "" : `${date.toLocaleDateString()} `;
  return make("time", { datetime: at }, `${day}${date.toLocaleTimeString([], { timeStyle: "medium", hourCycle: "h23" })}`);
}

function when(at) {
  const text = new Date(at).toLocaleString([], { dateStyle: "short", timeStyle: "short", hourCycle: "h23" });
  return make("time", { datetime: at }, text);
}

function rate(value) {
  return number(value, value < 10 ? 2 : 0);
}

function share(value) {
  return `${number(100 * value, 2)} %`;
}

function hundredths(value) {
  return number(value, 2);
}

function seconds(value) {
  return value < 1 ? `${number(1000 * value, value < 0.01 ? 2 : 0)} ms` : `${number(value, 1)} s`;
}

function duration(value) {
  if (value < 90) return `${number(value, 0)} s`;
  return value < 5400 ? `${number(value / 60, 0)} min` : `${number(value / 3600, 1)} h`;
}
