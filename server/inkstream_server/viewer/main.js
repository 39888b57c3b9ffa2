// Wires the page, and shows the view that the address names.

import { byId, show } from "./dom.js";
import { Live } from "./live.js";
import { Reader } from "./reader.js";
import { setUpToken } from "./token.js";

const TITLES = { read: "Inkstream", live: "Live · Inkstream" };
const live = new Live();

function viewOf(path) {
  return path.endsWith("/live") ? "live" : "read";
}

function turnTo(view) {
  document.title = TITLES[view];
  for (const name of Object.keys(TITLES)) show(byId(`view-${name}`), name === view);
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view === "live") live.start();
  else live.stop();
}

/** What was read stays while the other view is looked at. */
function follow(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  history.pushState(null, "", event.currentTarget.href);
  turnTo(viewOf(location.pathname));
  byId("main").focus({ preventScroll: true });
}

for (const link of document.querySelectorAll("a[data-view]")) link.addEventListener("click", follow);
addEventListener("popstate", () => turnTo(viewOf(location.pathname)));
setUpToken();
new Reader().setUp();
turnTo(viewOf(location.pathname));
