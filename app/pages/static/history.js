// Past predictions with their outcome, and a way to tell the true value.

import { make, sayProblem } from "./dom.js";
import { ask } from "./http.js";
import { amount, money, number } from "./units.js";

const LIMIT = 20;
const ROWS_SHOWN = 20;
const place = document.getElementById("history");
const more = document.getElementById("more");
const models = new Map(JSON.parse(place.dataset.models).map((model) => [model.name, model]));
let next = null;

more.addEventListener("click", load);
load();

async function load() {
  const before = next === null ? "" : `&before=${encodeURIComponent(next)}`;
  try {
    const told = await ask(`/predictions?limit=${LIMIT}${before}`);
    if (next === null) place.replaceChildren();
    place.append(...told.predictions.map(shown));
    next = told.before;
    more.hidden = next === null;
    if (!place.children.length) {
      place.append(make("p", { class: "card" }, "None yet. ", make("a", { href: "/" }, "Ask for one")));
    }
  } catch (error) {
    sayProblem(place, error.status === 404 ? new Error("this service keeps no predictions") : error);
    more.hidden = true;
  }
  place.removeAttribute("aria-busy");
}

function shown(prediction) {
  const rows = prediction.predictions.slice(0, ROWS_SHOWN).map((value, row) => one(prediction, value, row));
  const rest = prediction.row_count - rows.length;
  if (rest > 0) {
    const all = `/predictions/${encodeURIComponent(prediction.id)}`;
    rows.push(make("p", {}, make("a", { href: all }, `and ${number(rest)} more rows, as JSON`)));
  }
  const several = prediction.row_count > 1;
  return make("article", { class: "card past" },
    make("h2", {}, when(prediction.at), " ", make("span", { class: "quiet" }, `${prediction.model}, version ${prediction.version}`)),
    several
      ? make("details", {}, make("summary", {}, `${number(prediction.row_count)} rows`), ...rows)
      : rows[0],
    make("p", { class: "id" }, prediction.id));
}

function one(prediction, value, row) {
  const model = models.get(prediction.model);
  const unit = model?.unit ?? "";
  const outcome = make("div", { class: "outcome", "aria-live": "polite" });
  const known = (prediction.feedback ?? []).filter((told) => told.row === row).at(-1);
  if (known) outcome.append(compared(value, known.actual, model));
  else outcome.append(form(prediction, value, row, model, outcome));
  return make("div", { class: "one" },
    make("p", { class: "price small" }, written(value, model)),
    make("p", { class: "entered" }, entered(prediction.rows?.[row] ?? [], model)),
    outcome);
}

function form(prediction, value, row, model, outcome) {
  const id = `actual-${prediction.id}-${row}`;
  const input = make("input", { id, type: "number", step: "any", required: true, autocomplete: "off" });
  const problem = make("span", { class: "error" });
  const counted = money(model?.unit);
  const label = counted ? `True value in ${counted.text}` : "True value";
  const made = make("form", {}, make("label", { for: id }, label), input, make("button", {}, "Tell"), problem);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { prediction_id: prediction.id, row, actual: Number(input.value) };
    try {
      await ask("/feedback", { method: "POST", body });
      outcome.replaceChildren(compared(value, body.actual, model));
    } catch (error) {
      input.setAttribute("aria-invalid", "true");
      problem.textContent = error.message;
      input.focus();
    }
  });
  return made;
}

function compared(value, actual, model) {
  if (model?.classes.length) {
    return make("p", {}, `Truly class ${actual}: ${actual === value ? "right" : "wrong"}`);
  }
  const off = amount(Math.abs(value - actual), model?.unit);
  const side = value >= actual ? "too high" : "too low";
  return make("p", {}, `Truly ${amount(actual, model?.unit)}: the prediction was ${off} ${side}`);
}

function written(value, model) {
  return model?.classes.length ? `class ${value}` : amount(value, model?.unit);
}

function entered(row, model) {
  const named = model && model.columns.length === row.length;
  return row.map((value, at) => (named ? `${model.columns[at].name} ${number(value, 4)}` : number(value, 4))).join(" · ");
}

function when(at) {
  const date = new Date(typeof at === "number" ? at * 1000 : at);
  return make("time", { datetime: date.toISOString() }, date.toLocaleString());
}
