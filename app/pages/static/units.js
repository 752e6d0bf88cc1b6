// Writes values with their units: 4.53 × 100,000 USD = 453,000 USD.

const MULTIPLE = /(\d[\d,]*)\s+([A-Z]{3})\b/;
const minus = (text) => text.replace("-", "−");

export function number(value, digits = 3) {
  const most = Math.abs(value) >= 1000 ? 0 : digits;
  return minus(value.toLocaleString("en-US", { maximumFractionDigits: most }));
}

// "median house value in 100,000 USD" counts in 100,000 USD; other units are no sum of money.
export function money(unit) {
  const found = MULTIPLE.exec(unit ?? "");
  return found && { times: Number(found[1].replaceAll(",", "")), currency: found[2], text: found[0] };
}

export function amount(value, unit, { signed = false } = {}) {
  const counted = money(unit);
  const exact = counted ? value * counted.times : value;
  // No model knows a house's price to the dollar; what adds up to it is told a digit finer.
  const step = counted ? counted.times / (signed ? 1000 : 100) : 1;
  const rounded = counted ? Math.round(exact / step) * step : exact;
  const text = counted ? `${number(rounded, 0)} ${counted.currency}` : number(exact);
  return signed && value >= 0 ? `+${text}` : text;
}

export function inFull(value, unit) {
  const counted = money(unit);
  if (!counted) return `${number(value)}${unit ? ` (${unit})` : ""}`;
  return `${number(value, 2)} × ${counted.text} = ${amount(value, unit)}`;
}
