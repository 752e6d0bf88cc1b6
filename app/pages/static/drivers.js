// Draws what drives a prediction: a bar each, to the left what lowers it, to the right what raises it.

import { make } from "./dom.js";
import { amount, number } from "./units.js";

export function drivers(explained, row) {
  const { contribution_unit: unit, base } = explained;
  const strongest = Math.max(...row.drivers.map((driver) => Math.abs(driver.contribution)), 1e-12);
  const list = make("ol", { class: "drivers" }, ...row.drivers.map((driver) => bar(driver, strongest, unit)));
  const kept = Math.abs(row.sum - row.prediction) > 1e-3 && unit !== "log-odds";
  return [
    make("h3", {}, "What drives it"),
    make("p", { class: "quiet" }, `From the model’s base value, ${told(base, unit)}, each input adds or takes:`),
    list,
    make("p", { class: "quiet" }, `Together ${told(row.sum, unit)}.`,
      kept ? " The answer is kept within the values that the model has seen." : ""),
  ];
}

function bar(driver, strongest, unit) {
  const raises = driver.contribution >= 0;
  const fill = make("span", { class: raises ? "raises" : "lowers" });
  // Set by script, as the page's rules allow no style attributes.
  fill.style.width = `${(50 * Math.abs(driver.contribution)) / strongest}%`;
  const value = driver.value === null ? "" : ` ${number(driver.value, 4)}`;
  return make("li", {},
    make("span", { class: "what" }, make("b", {}, driver.driver), value),
    make("span", { class: "much" }, told(driver.contribution, unit, true)),
    make("span", { class: "bar", "aria-hidden": "true" }, fill));
}

function told(value, unit, signed = false) {
  const text = amount(value, unit, { signed });
  return unit === "log-odds" ? `${text} log-odds` : text;
}
