// The file of rows: checks them, asks for predictions in parts, shows and gives back the result.

import { read, write } from "./csv.js";
import { make, sayProblem } from "./dom.js";
import { fault, model, withModel } from "./fields.js";
import { ask } from "./http.js";
import { amount, number } from "./units.js";

const PART = 1000;
const MOST_BYTES = 50e6;
const SHOWN = 50;
const place = document.getElementById("upload-answer");
const names = model.columns.map((column) => column.name);

const sample = document.getElementById("sample");
const example = names.map((name) => document.getElementById("row").elements.namedItem(name).defaultValue);
sample.href = link([names, example]);

document.getElementById("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  try {
    if (file.size > MOST_BYTES) throw new Error("the file has more than 50 MB: split it");
    await answer(file.name, read(await file.text()));
  } catch (error) {
    sayProblem(place, error);
  }
  // So that the same file, mended, can be chosen again.
  event.target.value = "";
});

async function answer(fileName, [header, ...lines]) {
  const known = (header ?? []).map((name) => name.trim());
  const missing = names.filter((name) => !known.includes(name));
  if (missing.length) throw new Error(`the first line of ${fileName} has no column ${missing.join(", ")}`);
  const twice = names.find((name) => known.indexOf(name) !== known.lastIndexOf(name));
  if (twice) throw new Error(`the first line of ${fileName} has the column ${twice} more than once`);
  if (!lines.length) throw new Error(`${fileName} has no rows below its first line`);
  const results = lines.map((line) => checked(line, known));
  const good = results.filter((result) => !result.faults.length);
  for (let start = 0; start < good.length; start += PART) {
    say(`${number(start)} of ${number(good.length)} rows answered…`);
    await predict(good.slice(start, start + PART));
  }
  show(fileName, header, results);
}

function checked(line, known) {
  const cells = names.map((name) => line[known.indexOf(name)] ?? "");
  const faults = model.columns
    .map((column, at) => ({ column: column.name, what: fault(cells[at], column) }))
    .filter((found) => found.what !== null);
  if (line.length !== known.length) {
    faults.unshift({ column: "", what: `it has ${line.length} values instead of ${known.length}` });
  }
  return { line, cells, faults };
}

async function predict(results) {
  const body = { features: results.map((result) => result.cells.map(Number)) };
  const told = await ask(withModel("/predict"), { method: "POST", body });
  results.forEach((result, at) => {
    const { version, prediction_id: id, unit } = told;
    Object.assign(result, { prediction: told.predictions[at], version, id, at, unit });
  });
}

function show(fileName, header, results) {
  const faulty = results.filter((result) => result.faults.length);
  const answered = results.length - faulty.length;
  const href = link([
    [...header, "prediction", "model", "version", "prediction_id", "prediction_row", "error"],
    ...results.map((result) => [...result.line, ...told(result)]),
  ]);
  const name = fileName.replace(/(\.csv)?$/i, "-predicted.csv");
  place.replaceChildren(
    make("p", {}, make("b", {}, `${number(answered)} of ${number(results.length)} rows answered. `),
      make("a", { href, download: name, class: "download" }, "Download the result")),
    ...(faulty.length ? [faults(results)] : []),
    table(results),
  );
}

function told(result) {
  const why = result.faults.map(({ column, what }) => (column ? `${column}: ${what}` : what)).join("; ");
  if (why) return ["", "", "", "", "", why];
  return [result.prediction, model.name, result.version, result.id, result.at, ""];
}

function faults(results) {
  const all = results.flatMap((result, at) => result.faults.map((found) => ({ row: at + 1, ...found })));
  const items = all.slice(0, SHOWN).map(({ row, column, what }) =>
    make("li", {}, make("b", {}, column ? `Row ${row}, column ${column}` : `Row ${row}`), `: ${what}`));
  if (all.length > SHOWN) items.push(make("li", {}, `and ${number(all.length - SHOWN)} more: the download names them all`));
  return make("div", { class: "problem", role: "alert" }, make("p", {}, "Not answered:"), make("ul", {}, ...items));
}

function table(results) {
  const titles = ["Row", "Answer", ...names];
  const rows = results.slice(0, SHOWN).map((result, at) =>
    make("tr", {},
      make("th", { scope: "row" }, String(at + 1)),
      make("td", { class: "strong" }, result.faults.length ? "—" : shown(result)),
      ...result.cells.map((cell) => make("td", {}, cell))));
  const caption = results.length > SHOWN ? `The first ${SHOWN} rows` : "All rows";
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", {}, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title)))),
      make("tbody", {}, ...rows)));
}

function shown(result) {
  return model.classes.length ? `class ${result.prediction}` : amount(result.prediction, result.unit);
}

function say(text) {
  place.replaceChildren(make("p", { class: "quiet" }, text));
}

function link(rows) {
  return URL.createObjectURL(new Blob([write(rows)], { type: "text/csv" }));
}
