// Makes elements. Text is always text: nothing that came from elsewhere is read as HTML.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function sayProblem(place, error) {
  const parts = [error.message];
  if (error.status === 401) parts.push(" ", make("a", { href: "/login" }, "Log in"));
  place.replaceChildren(make("p", { class: "problem", role: "alert" }, ...parts));
}
