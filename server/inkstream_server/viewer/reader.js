// Has a file read and shows what comes: the one place that knows what is going on.

import { brokenOff, readDocument } from "./calling.js";
import { copy, save } from "./copying.js";
import { byId, show } from "./dom.js";
import { choose, setUpIntake } from "./intake.js";
import { hideProblem, showProblem } from "./notice.js";
import { chosen, lead, setUpOptions } from "./options.js";
import { Pages } from "./pages.js";
import { Paper } from "./paper.js";
import { Problem } from "./problems.js";
import { Progress, speak } from "./progress.js";
import { Search } from "./search.js";
import { askForToken } from "./token.js";

const MANY_PAGES = /\.(pdf|tiff?)$/iu;
const SEARCH_AFTER_MS = 120;

export class Reader {
  constructor() {
    this.search = new Search();
    this.pages = new Pages(byId("pages"), this.search);
    this.progress = new Progress();
    this.paper = null;
    this.file = null;
    this.running = null;
  }

  setUp() {
    setUpOptions();
    setUpIntake((file) => this.open(file));
    byId("cancel").addEventListener("click", () => this.running?.abort());
    byId("anew").addEventListener("click", choose);
    byId("copy-all").addEventListener("click", () => this.#copyAll());
    byId("save").addEventListener("click", () => this.#save());
    byId("outlines").addEventListener("click", (event) => toggleOutlines(event.currentTarget));
    this.#setUpSearch();
    document.addEventListener("told", (event) => speak(event.detail));
  }

  /** Read a file, in the place of what was read before. */
  async open(file) {
    this.running?.abort();
    this.file = file;
    this.paper = new Paper(file.name || "pasted picture");
    this.pages.clear();
    this.search.ask(byId("query").value, []);
    show(byId("tools"), false);
    document.body.classList.add("has-paper");
    await this.#read(chosen().query);
  }

  /** Read it, or what is missing of it. Ends with all of it, with a problem, or as it was cancelled. */
  async #read(query) {
    const running = (this.running = new AbortController());
    hideProblem();
    this.progress.begin(this.paper, this.file.size);
    try {
      await this.#take(query, running.signal);
      this.progress.end(this.paper);
    } catch (error) {
      if (running !== this.running) return; // another file has taken its place
      this.#fail(error, query);
    }
  }

  async #take(query, signal) {
    const priority = MANY_PAGES.test(this.file.name) ? "batch" : "interactive";
    const asked = { order: "completion", returnPageImages: true, priority, ...query };
    let end = null;
    for await (const event of readDocument(this.file, asked, chosen().password, signal)) {
      if (event.start) this.#begin(event.start);
      if (event.page) this.#show(event.page);
      if (event.end) end = event.end;
    }
    if (end === null) throw brokenOff();
    this.paper.end = end;
    if (end.error) throw new Problem({ message: end.error.message, reason: end.error.reason });
  }

  #begin(start) {
    this.paper.start ??= start;
    this.progress.show(this.paper);
    show(byId("tools"), true);
  }

  #show(told) {
    const { page, at } = this.paper.add(told);
    this.search.look(page);
    this.pages.add(page, at);
    this.progress.show(this.paper);
    this.#tellFound();
  }

  #fail(error, query) {
    if (error.name === "AbortError") {
      this.progress.stop(this.paper, "Cancelled");
      return;
    }
    this.progress.stop(this.paper, "Stopped");
    const isOurs = error instanceof Problem;
    const problem = isOurs ? error : new Problem({ message: String(error), reason: "INTERNAL" });
    const again = () => this.#again(query);
    if (problem.status === 401) askForToken(again);
    else showProblem(problem, again);
    lead(problem.field);
  }

  /** What was read stays, where the rest can be named. */
  #again(query) {
    const ranges = this.paper.pages.length ? this.paper.missing : null;
    if (ranges) this.#read({ ...query, ranges });
    else this.open(this.file);
  }

  #setUpSearch() {
    const field = byId("query");
    let waiting = 0;
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.#find(), SEARCH_AFTER_MS);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#step(event.shiftKey ? -1 : 1);
    });
    byId("next").addEventListener("click", () => this.#step(1));
    byId("previous").addEventListener("click", () => this.#step(-1));
  }

  #find() {
    this.search.ask(byId("query").value, this.paper?.pages ?? []);
    this.pages.showMatches();
    this.#tellFound();
  }

  #step(by) {
    const match = this.search.step(by);
    if (match) this.pages.reveal(match);
    this.pages.showMatches();
    this.#tellFound();
  }

  #tellFound() {
    byId("found").textContent = this.search.told;
    const hasNone = this.search.byPage.size === 0;
    byId("next").disabled = hasNone;
    byId("previous").disabled = hasNone;
  }

  async #copyAll() {
    const isCopied = await copy(this.paper.text);
    speak(isCopied ? "All text is copied" : "The browser did not let the text be copied");
    flash(byId("copy-all"), isCopied ? "Copied" : "Not copied");
  }

  #save() {
    const name = this.paper.name.replace(/\.[^.]*$/u, "");
    save(`${name}.json`, JSON.stringify(this.paper), "application/json");
    speak("The JSON is saved");
  }
}

function toggleOutlines(button) {
  const areShown = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", areShown);
  byId("pages").classList.toggle("outlined", areShown);
}

function flash(button, text) {
  const label = button.querySelector("span");
  const before = label.dataset.text ?? label.textContent;
  label.dataset.text = before;
  label.textContent = text;
  setTimeout(() => { label.textContent = before; }, 1500);
}
