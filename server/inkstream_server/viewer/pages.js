// Shows a document's pages in their order, and builds those that are near what is looked at.

import { Card } from "./card.js";

// How far beyond the window pages are built, in its heights.
const NEAR = "150%";

export class Pages {
  constructor(element, search) {
    this.element = element;
    this.search = search;
    this.cards = new Map();
    this.near = new IntersectionObserver((seen) => this.#follow(seen), { rootMargin: `${NEAR} 0px` });
  }

  clear() {
    this.near.disconnect();
    for (const card of this.cards.values()) card.unmount();
    this.cards.clear();
    this.element.replaceChildren();
  }

  /** Show a page as number `at`, in the place of the one that had its number before. */
  add(page, at) {
    const before = this.cards.get(page.pageNumber);
    const card = new Card(page, this.search);
    this.cards.set(page.pageNumber, card);
    card.element.dataset.page = page.pageNumber;
    if (before) before.element.replaceWith(card.element);
    else this.element.insertBefore(card.element, this.element.children[at] ?? null);
    this.near.observe(card.element);
  }

  showMatches() {
    for (const card of this.cards.values()) card.showMatches();
  }

  reveal(match) {
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.cards.get(match.pageNumber).reveal(match.line, isStill ? "instant" : "smooth");
  }

  #follow(seen) {
    for (const { target, isIntersecting } of seen) {
      const card = this.cards.get(Number(target.dataset.page));
      if (card?.element !== target) continue;
      if (isIntersecting) card.mount();
      else card.unmount();
    }
  }
}
