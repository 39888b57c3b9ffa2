// Finds text in what has been read. How a match is shown is not known here.

/** The matches of one query, in reading order, and which of them is looked at. */
export class Search {
  constructor() {
    this.pattern = null;
    this.byPage = new Map();
    this.current = null;
  }

  /** Look for another text in all pages. */
  ask(query, pages) {
    this.pattern = patternOf(query);
    this.byPage = new Map();
    this.current = null;
    for (const page of pages) this.look(page);
  }

  /** Look through one page more; its matches. */
  look(page) {
    const matches = this.pattern === null ? [] : matchesOf(page, this.pattern);
    if (matches.length) this.byPage.set(page.pageNumber, matches);
    return matches;
  }

  of(page) {
    return this.byPage.get(page.pageNumber) ?? [];
  }

  get all() {
    return [...this.byPage.keys()].sort((a, b) => a - b).flatMap((number) => this.byPage.get(number));
  }

  /** Go on by so many matches, round and round; from nowhere to the first or the last. */
  step(by) {
    const all = this.all;
    if (!all.length) return null;
    const at = this.current === null ? (by > 0 ? -1 : 0) : all.indexOf(this.current);
    this.current = all[(at + by + all.length) % all.length];
    return this.current;
  }

  /** Such as “3 of 17”. */
  get told() {
    if (this.pattern === null) return "";
    const all = this.all;
    if (!all.length) return "No match";
    return this.current === null ? `${all.length} found` : `${all.indexOf(this.current) + 1} of ${all.length}`;
  }
}

/** Capitals and how wide a blank is make no difference. */
function patternOf(query) {
  const words = query.trim().split(/\s+/u).filter(Boolean);
  if (!words.length) return null;
  return new RegExp(words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&")).join("\\s+"), "giu");
}

function matchesOf(page, pattern) {
  return (page.lines ?? []).flatMap((line, at) =>
    Array.from(line.text.matchAll(pattern), (found) => ({
      pageNumber: page.pageNumber,
      line: at,
      from: found.index,
      to: found.index + found[0].length,
    })),
  );
}

/** Write a line's text with its matches marked. */
export function mark(element, text, matches, current) {
  const parts = [];
  let at = 0;
  for (const match of matches) {
    const marked = document.createElement("mark");
    marked.textContent = text.slice(match.from, match.to);
    if (match === current) marked.className = "current";
    parts.push(text.slice(at, match.from), marked);
    at = match.to;
  }
  element.replaceChildren(...parts, text.slice(at));
}
