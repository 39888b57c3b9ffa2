// What has been read of one document: its pages in order, their text, and what is missing.

/** One document as it comes in. */
export class Paper {
  constructor(name) {
    this.name = name;
    this.start = null;
    this.end = null;
    this.pages = [];
  }

  get pageCount() {
    return this.start?.selectedPageCount ?? 0;
  }

  /** Put a page where it belongs; where that is among those that are here. Its picture is kept as bytes. */
  add(told) {
    const { inputImage, ...members } = told;
    const page = { ...members, picture: inputImage ? jpegOf(inputImage) : null };
    const at = placeOf(this.pages, page.pageNumber);
    this.pages.splice(at, this.pages[at]?.pageNumber === page.pageNumber ? 1 : 0, page);
    return { page, at };
  }

  /** All text: lines under each other, a blank line between pages. */
  get text() {
    return this.pages.map(textOf).filter(Boolean).join("\n\n");
  }

  /** The pages that are not here, as the query names them; null where that cannot be told. */
  get missing() {
    if (this.start === null || this.start.selectedPageCount !== this.start.pageCount) return null;
    const here = new Set(this.pages.map((page) => page.pageNumber));
    return spansOf(Array.from({ length: this.start.pageCount }, (_, at) => at + 1).filter((n) => !here.has(n)));
  }

  /** All that was told, but for the pictures. */
  toJSON() {
    const pages = this.pages.map(({ picture, ...members }) => members);
    return { file: this.name, start: this.start, pages, end: this.end };
  }
}

/** A page's lines under each other. */
export function textOf(page) {
  return (page.lines ?? []).map((line) => line.text).join("\n");
}

function placeOf(pages, number) {
  let at = pages.length;
  while (at > 0 && pages[at - 1].pageNumber >= number) at -= 1;
  return at;
}

function spansOf(numbers) {
  const spans = [];
  for (const number of numbers) {
    const last = spans.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else spans.push([number, number]);
  }
  return spans.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** Bytes that the browser may keep outside of the page's memory. */
function jpegOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return new Blob([bytes], { type: "image/jpeg" });
}
