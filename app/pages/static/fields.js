// What the page knows of its model, and which values of it are no good.

export const model = JSON.parse(document.getElementById("model").dataset.model);

export const withModel = (path) => `${path}?model=${encodeURIComponent(model.name)}`;

// The service checks again: this names every fault at once, and before anything is sent.
export function fault(text, column) {
  const value = Number(text);
  if (String(text).trim() === "") return `a number is missing: ${column.unit}`;
  if (!Number.isFinite(value)) return `“${String(text).slice(0, 40)}” is not a number`;
  if (value < column.low || value > column.high) {
    return `${text} is not plausible: ${column.unit}, between ${column.low} and ${column.high}`;
  }
  return null;
}
