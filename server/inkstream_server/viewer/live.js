// Shows the server at work: asks for what is new once a second while it is looked at, and draws it.

import { getJson } from "./calling.js";
import { Chart } from "./chart.js";
import { byId, el, show } from "./dom.js";
import { seriesOf, stepsOf } from "./figures.js";
import { askForToken } from "./token.js";

const EVERY_MS = 1000;
const KEPT = 300;
const BYTES = 1 << 20;

const number = (value) => (value > 0 && value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en"));
const whole = (value) => Math.round(value).toLocaleString("en");
const share = (value) => `${Math.round(100 * value)} %`;
const milliseconds = (seconds) => (seconds === null ? "–" : `${number(1000 * seconds)} ms`);

const CHARTS = [
  { title: "Lines read", series: [{ name: "a second", tone: "one", of: "lines" }], tell: number },
  { title: "Pages read", series: [{ name: "a second", tone: "one", of: "pages" }], tell: number },
  { title: "Workers busy", series: [{ name: "models", tone: "one", of: "busyModel" }, { name: "CPU", tone: "two", of: "busyCpu" }], tell: share, top: 1 },
  { title: "Items waiting", series: [{ name: "for models", tone: "one", of: "waitingModel" }, { name: "for CPU", tone: "two", of: "waitingCpu" }], tell: whole, least: 5 },
  { title: "Items in a batch", series: [{ name: "of models", tone: "one", of: "batch" }], tell: number, least: 2 },
  { title: "Use of batches", series: [{ name: "places filled", tone: "one", of: "fill" }, { name: "pixels wasted", tone: "two", of: "waste" }], tell: share, top: 1, isOptional: true },
];

const TILES = [
  { name: "lines a second", of: "lines", tell: number },
  { name: "pages a second", of: "pages", tell: number },
  { name: "pages being read", of: "inFlight", tell: whole },
  { name: "items waiting for models", of: "waitingModel", tell: whole },
  { name: "model workers busy", of: "busyModel", tell: share },
  { name: "items in a batch", of: "batch", tell: number },
];

export class Live {
  constructor() {
    this.snapshots = [];
    this.server = "";
    this.last = 0;
    this.timer = 0;
    this.isShown = false;
  }

  start() {
    if (this.isShown) return;
    this.isShown = true;
    if (!this.charts) this.#build();
    this.#look();
  }

  stop() {
    this.isShown = false;
    clearTimeout(this.timer);
  }

  #build() {
    this.charts = CHARTS.map((chart) => ({ ...chart, drawn: new Chart(chart) }));
    byId("charts").replaceChildren(...this.charts.map(({ drawn }) => drawn.element));
    this.tiles = TILES.map((tile) => ({ ...tile, value: el("dd", { text: "–" }) }));
    byId("tiles").replaceChildren(...this.tiles.map(({ name, value }) => el("dl", {}, el("dt", { text: name }), value)));
  }

  /** Ask, draw, and look again; a page in the background asks nothing. */
  async #look() {
    if (!this.isShown) return;
    if (!document.hidden) await this.#ask();
    clearTimeout(this.timer);
    if (this.isShown) this.timer = setTimeout(() => this.#look(), EVERY_MS);
  }

  async #ask() {
    try {
      this.#take(await getJson(`live.json?after=${this.last}&server=${this.server}`));
      this.#tell("");
    } catch (problem) {
      this.#tell(`${problem.message} It is tried again every second.`);
      if (problem.status === 401) {
        this.stop();
        askForToken(() => this.start());
      }
    }
  }

  #take(told) {
    if (told.server !== this.server) this.snapshots = [];
    this.server = told.server;
    this.last = told.last;
    this.snapshots = [...this.snapshots, ...told.snapshots].slice(-KEPT);
    requestAnimationFrame(() => this.#draw(told.models));
  }

  #draw(models) {
    const now = this.snapshots.at(-1);
    if (!now) return;
    const series = seriesOf(this.snapshots, models);
    for (const chart of this.charts) {
      const values = chart.series.map(({ of }) => series[of]);
      const isThere = !chart.isOptional || values.some((each) => each.some((value) => value !== null));
      show(chart.drawn.element, isThere);
      if (isThere) chart.drawn.draw(values, KEPT);
    }
    for (const { of, tell, value } of this.tiles) {
      const latest = series[of].at(-1);
      value.textContent = latest === null ? "–" : tell(latest);
    }
    byId("steps").replaceChildren(...stepsOf(this.snapshots).map(rowOf));
    byId("workers").replaceChildren(...Object.entries(now.workers).map(workerOf), ...Object.entries(now.arenas).map(arenaOf));
  }

  #tell(text) {
    const state = byId("live-state");
    if (state.textContent !== text) state.textContent = text;
  }
}

function rowOf({ step, batchesPerS, itemsPerBatch, waitS, busyS }) {
  const cells = [number(batchesPerS), itemsPerBatch === null ? "–" : number(itemsPerBatch), milliseconds(waitS), milliseconds(busyS)];
  return el("tr", {}, el("th", { scope: "row", text: step }), ...cells.map((text) => el("td", { text })));
}

function workerOf([name, bytes]) {
  const state = bytes ? `${whole(bytes / BYTES)} MiB` : "being replaced";
  return el("li", { class: bytes ? "well" : "away" }, el("span", { text: name }), el("span", { class: "quiet", text: state }));
}

function arenaOf([name, [taken, size]]) {
  const meter = el("meter", { max: size, value: taken, "aria-label": `Shared memory for ${name}` });
  return el("li", {}, el("span", { text: `memory for ${name}` }), meter, el("span", { class: "quiet", text: `${whole(taken / BYTES)} of ${whole(size / BYTES)} MiB` }));
}
