// Tells how far a document is: a bar, a line of text, and, now and then, words for who listens.

import { byId, show } from "./dom.js";

const SPEAK_EVERY_MS = 4000;

export function speak(text) {
  byId("spoken").textContent = text;
}

export class Progress {
  begin(paper, sizeBytes) {
    this.beganAt = performance.now();
    this.spokeAt = 0;
    this.isDrawn = true;
    byId("work-name").textContent = paper.name;
    byId("work-told").textContent = `Sending ${sizeOf(sizeBytes)}…`;
    byId("bar").removeAttribute("value");
    this.#arrange(true);
    speak(`Reading ${paper.name}`);
  }

  /** Once a frame is enough, however fast pages come. */
  show(paper) {
    if (!this.isDrawn) return;
    this.isDrawn = false;
    requestAnimationFrame(() => this.#draw(paper));
  }

  end(paper) {
    this.#stop(toldAtEnd(paper, this.#elapsedS));
  }

  stop(paper, word) {
    const count = paper.pages.length;
    this.#stop(count ? `${word} · ${pagesOf(count)} of ${paper.pageCount}` : word);
  }

  #draw(paper) {
    this.isDrawn = true;
    if (!this.isRunning || paper.start === null) return;
    const count = paper.pages.length;
    byId("bar").max = paper.pageCount;
    byId("bar").value = count;
    const rate = count / this.#elapsedS;
    const pace = count > 3 ? ` · ${rate.toFixed(rate < 10 ? 1 : 0)} a second` : "";
    const told = `${count} of ${pagesOf(paper.pageCount)}`;
    byId("work-told").textContent = told + pace;
    if (performance.now() - this.spokeAt < SPEAK_EVERY_MS) return;
    this.spokeAt = performance.now();
    speak(told);
  }

  #stop(told) {
    byId("work-told").textContent = told;
    this.#arrange(false);
    speak(told);
  }

  #arrange(isRunning) {
    this.isRunning = isRunning;
    const hadFocus = document.activeElement === byId("cancel");
    show(byId("work"), true);
    show(byId("bar"), isRunning);
    show(byId("cancel"), isRunning);
    show(byId("anew"), !isRunning);
    if (hadFocus) byId("anew").focus();
  }

  get #elapsedS() {
    return (performance.now() - this.beganAt) / 1000;
  }
}

function toldAtEnd(paper, elapsedS) {
  const lineCount = paper.pages.reduce((sum, page) => sum + (page.lines?.length ?? 0), 0);
  const failed = paper.pages.filter((page) => page.error).length;
  const lines = lineCount === 1 ? "1 line" : `${lineCount.toLocaleString("en")} lines`;
  const told = [pagesOf(paper.pages.length), lines, `${elapsedS.toFixed(1)} s`];
  if (failed) told.push(`${failed} failed`);
  return told.join(" · ");
}

function pagesOf(count) {
  return count === 1 ? "1 page" : `${count} pages`;
}

function sizeOf(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
