// Reads how a file is to be read from the form. What is allowed is for the server to say.

import { byId } from "./dom.js";

/** The members of the query that were set, and the password, which is none of them. */
export function chosen() {
  const told = new FormData(byId("options-form"));
  const password = told.get("password");
  told.delete("password");
  const query = Object.fromEntries([...told].filter(([, value]) => value.trim() !== ""));
  return { query, password };
}

/** Open the options at the field that is to be mended; whether there is such a field. */
export function lead(field) {
  const element = byId("options-form").elements.namedItem(field);
  if (!element) return false;
  byId("options").open = true;
  element.setAttribute("aria-invalid", "true");
  element.addEventListener("input", () => element.removeAttribute("aria-invalid"), { once: true });
  element.focus();
  return true;
}

/** Say beside the closed options how many are set. */
export function setUpOptions() {
  const form = byId("options-form");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    const { query, password } = chosen();
    const count = Object.keys(query).length + (password ? 1 : 0);
    byId("options-told").textContent = count ? `${count} set` : "";
  });
}
