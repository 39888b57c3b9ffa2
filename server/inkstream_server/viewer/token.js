// Keeps the access token, in this tab alone, and asks for it where the server does.

import { byId, show } from "./dom.js";

const KEY = "inkstream-token";
let retry = null;

/** What a request has to carry for the server to know who asks. */
export function authorization() {
  const token = sessionStorage.getItem(KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Ask for a token; `then` is called once there is one. */
export function askForToken(then) {
  retry = then;
  const form = byId("token");
  if (!form.hidden) return;
  show(form, true);
  byId("token-value").focus();
}

export function setUpToken() {
  byId("token").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = byId("token-value");
    sessionStorage.setItem(KEY, field.value.trim());
    field.value = "";
    show(byId("token"), false);
    retry?.();
  });
}
