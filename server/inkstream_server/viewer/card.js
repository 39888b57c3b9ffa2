// Shows one page: its picture with the text over it, and its lines beside it. Far from what is looked
// at, only the lines are kept: they are found by the browser's own search, and by screen readers.

import { copy } from "./copying.js";
import { el, icon } from "./dom.js";
import { textOf } from "./paper.js";
import { mark } from "./search.js";
import { leafOf, shownSize } from "./textlayer.js";

const COPIED_MS = 1200;

export class Card {
  constructor(page, search) {
    this.page = page;
    this.search = search;
    this.items = page.error ? [] : page.lines.map((line, at) => el("li", { text: line.text, "data-line": at }));
    this.element = page.error ? failedCard(page) : this.#card();
    this.isMounted = false;
    this.spans = [];
  }

  /** Show all of it: it is looked at, or soon will be. */
  mount() {
    if (this.isMounted || this.page.error) return;
    this.isMounted = true;
    this.url = this.page.picture && URL.createObjectURL(this.page.picture);
    const { leaf, spans } = leafOf(this.page, this.url);
    this.spans = spans;
    this.sheet.replaceChildren(leaf);
    this.items.forEach((item, at) => this.#equip(item, at));
    this.showMatches();
  }

  /** Keep its lines' text alone. */
  unmount() {
    if (!this.isMounted || this.#isInUse()) return;
    this.isMounted = false;
    this.sheet.replaceChildren();
    this.items.forEach((item, at) => { item.textContent = this.page.lines[at].text; });
    this.spans = [];
    if (this.url) URL.revokeObjectURL(this.url);
  }

  /** Mark what is searched for, where that can be seen. */
  showMatches() {
    if (!this.isMounted) return;
    const byLine = grouped(this.search.of(this.page));
    this.spans.forEach((span, at) => {
      const matches = byLine.get(at) ?? [];
      if (!matches.length && !span.querySelector("mark")) return;
      const { text } = this.page.lines[at];
      mark(span, text, matches, this.search.current);
      mark(this.items[at].firstElementChild, text, matches, this.search.current);
    });
  }

  /** Bring a line into view, in its list and in the picture. */
  reveal(at, scrolling) {
    this.mount();
    this.spans[at].scrollIntoView({ block: "center", inline: "nearest", behavior: scrolling });
    this.#showInList(at);
    this.#point(at);
  }

  #isInUse() {
    const selection = getSelection();
    const isSelected = !selection.isCollapsed && selection.containsNode(this.element, true);
    return isSelected || this.element.contains(document.activeElement);
  }

  #card() {
    const { page } = this;
    const title = `page-${page.pageNumber}`;
    const shown = shownSize(page);
    this.sheet = el("div", { class: "sheet" });
    this.sheet.style.aspectRatio = `${shown.width} / ${shown.height}`;
    const list = el("ol", { "aria-labelledby": title }, ...this.items);
    this.lines = el("div", { class: "lines" }, this.items.length ? list : el("p", { class: "quiet", text: "There is no text on this page." }));
    const copyPage = el("button", { type: "button", class: "plain-button", "aria-label": `Copy page ${page.pageNumber}` }, icon("i-copy"), el("span", { text: "Copy" }));
    copyPage.addEventListener("click", () => copied(copyPage, textOf(page)));
    const head = el("header", {}, el("h2", { id: title, text: `Page ${page.pageNumber}` }), el("p", { class: "quiet", text: toldOf(page) }), copyPage);
    const card = el("article", { class: "card", "aria-labelledby": title }, head, el("div", { class: "spread" }, this.sheet, this.lines));
    card.addEventListener("pointerover", (event) => this.#point(lineOf(event.target)));
    card.addEventListener("pointerleave", () => this.#point(null));
    card.addEventListener("focusin", (event) => this.#point(lineOf(event.target)));
    card.addEventListener("keydown", (event) => this.#walk(event));
    this.sheet.addEventListener("click", (event) => {
      const at = lineOf(event.target);
      if (at !== null && getSelection().isCollapsed) this.#showInList(at);
    });
    return card;
  }

  /** Give a line its button. One of the page's buttons is in the order of the tab key. */
  #equip(item, at) {
    const { text, score } = this.page.lines[at];
    const said = el("span", { class: "said", text });
    const button = el("button", { type: "button", class: "copy-line", "aria-label": `Copy line ${at + 1}`, tabindex: at === 0 ? "0" : "-1" }, icon("i-copy"));
    button.addEventListener("click", () => copied(button, text));
    item.title = `Score ${score.toFixed(3)}`;
    item.replaceChildren(said, button);
  }

  #walk(event) {
    const at = lineOf(event.target);
    if (at === null || !event.target.matches(".copy-line")) return;
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.items.length - 1 };
    const next = this.items[steps[event.key]]?.querySelector("button");
    if (!next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  #showInList(at) {
    const item = this.items[at];
    const room = this.lines.clientHeight;
    this.lines.scrollTop = item.offsetTop - (room - item.offsetHeight) / 2;
    this.#point(at);
  }

  #point(at) {
    if (this.pointedAt === at) return;
    for (const [number, isHere] of [[this.pointedAt, false], [at, true]]) {
      if (number === null || number === undefined) continue;
      this.items[number]?.classList.toggle("here", isHere);
      const marked = this.sheet.querySelectorAll(`.leaf [data-line="${number}"]`);
      for (const each of marked) each.classList.toggle("here", isHere);
    }
    this.pointedAt = at;
  }
}

function failedCard(page) {
  const title = `page-${page.pageNumber}`;
  return el(
    "article",
    { class: "card failed", "aria-labelledby": title },
    el("header", {}, el("h2", { id: title, text: `Page ${page.pageNumber}` })),
    el("p", { text: page.error.message }),
    el("p", { class: "quiet", text: page.error.reason }),
  );
}

function toldOf(page) {
  const count = page.lines.length;
  const seconds = Number.parseFloat(page.timing.total);
  const turned = page.docAngle > 0 ? [`turned by ${page.docAngle}°`] : [];
  return [count === 1 ? "1 line" : `${count} lines`, `${seconds.toFixed(2)} s`, ...turned].join(" · ");
}

function lineOf(target) {
  const owner = target.closest?.("[data-line]");
  return owner ? Number(owner.dataset.line) : null;
}

async function copied(button, text) {
  const use = button.querySelector("use");
  if (!(await copy(text))) return;
  use.setAttribute("href", "#i-done");
  button.classList.add("copied");
  document.dispatchEvent(new CustomEvent("told", { detail: "Copied" }));
  setTimeout(() => {
    use.setAttribute("href", "#i-copy");
    button.classList.remove("copied");
  }, COPIED_MS);
}

function grouped(matches) {
  const byLine = new Map();
  for (const match of matches) byLine.set(match.line, [...(byLine.get(match.line) ?? []), match]);
  return byLine;
}
