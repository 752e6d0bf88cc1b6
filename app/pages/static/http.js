// Asks this service, and turns every refusal into an Error that a person can read.
// No token is sent: the browser says itself that the request comes from a page of this site.

export class Refused extends Error {
  constructor(status, told) {
    super(told.error ?? `the service answered ${status}`);
    this.status = status;
    this.told = told;
  }
}

export async function ask(path, { method = "GET", body } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Refused(0, { error: "the service does not answer: check your connection, then try again" });
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, told);
  return told;
}
