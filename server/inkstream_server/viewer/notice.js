// Shows a problem, and offers what can be done about it.

import { byId, el, show } from "./dom.js";
import { choose } from "./intake.js";

/** `again` is called to try again, after a password where one is asked for. */
export function showProblem(problem, again) {
  const box = byId("problem");
  const told = [el("h2", { text: problem.message }), el("p", { text: problem.advice })];
  const actions = problem.asksForPassword ? passwordForm(again) : againButton(problem, again);
  box.replaceChildren(...told, actions, el("p", { class: "reason", text: problem.reason }));
  show(box, true);
  box.querySelector("input, button")?.focus({ preventScroll: true });
}

export function hideProblem() {
  const box = byId("problem");
  show(box, false);
  box.replaceChildren();
}

function againButton(problem, again) {
  if (!problem.mayPass && !problem.isMendable) {
    return el("button", { type: "button", class: "primary", text: "Choose another file", onclick: choose });
  }
  const text = problem.reason === "BROKEN_OFF" ? "Read the rest" : "Try again";
  return el("button", { type: "button", class: "primary", text, onclick: again });
}

function passwordForm(again) {
  const field = el("input", { id: "unlock", type: "password", autocomplete: "off", required: "" });
  const form = el(
    "form",
    {},
    el("label", { for: "unlock", text: "Password" }),
    el("div", { class: "row" }, field, el("button", { type: "submit", class: "primary", text: "Open it" })),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    byId("password").value = field.value;
    byId("options-form").dispatchEvent(new Event("input"));
    again();
  });
  return form;
}
