// The form for one row: asks for a prediction, then for its drivers.

import { make, sayProblem } from "./dom.js";
import { drivers } from "./drivers.js";
import { fault, model, withModel } from "./fields.js";
import { ask } from "./http.js";
import { inFull } from "./units.js";

const form = document.getElementById("row");
const answer = document.getElementById("answer");
const explanation = document.getElementById("drivers");
const inputs = model.columns.map((column) => form.elements.namedItem(column.name));
let asked = 0;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  predict();
});
inputs.forEach((input) => input.addEventListener("input", () => tell(input, null)));
document.getElementById("choose")?.addEventListener("change", (event) => event.target.form.submit());

async function predict() {
  const faults = inputs.map((input, at) => fault(input.value, model.columns[at]));
  inputs.forEach((input, at) => tell(input, faults[at]));
  const first = faults.findIndex((found) => found !== null);
  const mine = ++asked;
  if (first >= 0) {
    // The answer to what stood there before would be taken for one to what stands there now.
    answer.replaceChildren(make("p", { class: "quiet" }, "Mend what is marked, then ask again."));
    explanation.replaceChildren();
    return inputs[first].focus();
  }
  const body = { features: [inputs.map((input) => Number(input.value))] };
  form.setAttribute("aria-busy", "true");
  try {
    const told = await ask(withModel("/predict"), { method: "POST", body });
    if (mine !== asked) return undefined;
    answer.replaceChildren(...answered(told));
    explanation.replaceChildren();
    if (model.explained) await explain(body, mine);
  } catch (error) {
    if (mine === asked) refused(error);
  } finally {
    form.removeAttribute("aria-busy");
  }
  return undefined;
}

async function explain(body, mine) {
  explanation.replaceChildren(make("p", { class: "quiet" }, "Looking for what drives it…"));
  try {
    const told = await ask(withModel("/explain"), { method: "POST", body });
    if (mine === asked) explanation.replaceChildren(...drivers(told, told.explanations[0]));
  } catch (error) {
    if (mine === asked) explanation.replaceChildren(make("p", { class: "quiet" }, `No drivers: ${error.message}.`));
  }
}

function answered(told) {
  const [value] = told.predictions;
  const text = model.classes.length ? `class ${value}` : inFull(value, told.unit);
  const facts = { Model: told.model, Version: told.version, Run: told.run_id };
  facts["Prediction id"] = told.prediction_id ?? "not kept";
  return [
    make("p", { class: "price" }, text),
    make("dl", {}, ...Object.entries(facts).flatMap(([name, fact]) => [make("dt", {}, name), make("dd", {}, fact)])),
  ];
}

function refused(error) {
  const input = inputs.find((candidate) => candidate.name === error.told?.column);
  explanation.replaceChildren();
  sayProblem(answer, error);
  if (input) {
    tell(input, error.message);
    input.focus();
  }
}

function tell(input, message) {
  const at = inputs.indexOf(input);
  document.getElementById(`error-${at}`).textContent = message ?? "";
  if (message) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}
