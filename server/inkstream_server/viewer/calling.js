// Calls the server: a file goes in, events come out as lines of JSON. What they mean is not known here.

import { Problem } from "./problems.js";
import { authorization } from "./token.js";

/** Yields the events of POST /pages. Throws a Problem, or an AbortError once `signal` says so. */
export async function* readDocument(file, query, password, signal) {
  const headers = { ...authorization() };
  if (password) headers["inkstream-password"] = encodeURIComponent(password);
  const response = await reached(() =>
    fetch(`pages?${new URLSearchParams(query)}`, { method: "POST", body: file, headers, signal }),
  );
  if (!response.ok) throw await problemOf(response);
  for await (const line of lines(response.body)) yield JSON.parse(line);
}

/** What GET gives as JSON. Throws as above. */
export async function getJson(path, signal) {
  const response = await reached(() => fetch(path, { headers: authorization(), signal }));
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

async function reached(ask) {
  try {
    return await ask();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ message: "The server cannot be reached.", reason: "UNREACHABLE" });
  }
}

async function problemOf(response) {
  const told = await response.json().catch(() => ({}));
  const after = response.headers.get("Retry-After");
  return new Problem({
    message: told.errorMsg ?? `The server answered ${response.status}.`,
    reason: told.reason ?? `HTTP ${response.status}`,
    status: response.status,
    afterS: after === null ? null : Number(after),
    field: told.facts?.field ?? "",
  });
}

/** The lines of a stream. A line of a page with its picture comes in many parts. */
async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let parts = [];
  for (;;) {
    const { value, done } = await taken(reader);
    if (done) break;
    const pieces = value.split("\n");
    parts.push(pieces[0]);
    for (const piece of pieces.slice(1)) {
      yield parts.join("");
      parts = [piece];
    }
  }
  if (parts.join("")) throw brokenOff();
}

async function taken(reader) {
  try {
    return await reader.read();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw brokenOff();
  }
}

export function brokenOff() {
  return new Problem({ message: "The connection ended before the last page.", reason: "BROKEN_OFF" });
}
