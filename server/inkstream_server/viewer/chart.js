// Draws series over time as SVG: one path each, whose points alone change from second to second.

import { el, svg } from "./dom.js";

const WIDTH = 300;
const HEIGHT = 100;

export class Chart {
  /** `series`: name and colour class of each; `tell` writes a value; `top`: where the scale ends, if fixed. */
  constructor({ title, series, tell, top = null, least = 1 }) {
    this.series = series;
    this.tell = tell;
    this.fixedTop = top;
    this.least = least;
    this.paths = series.map(({ tone }) => svg("path", { class: `stroke ${tone}` }));
    this.areas = series.map(({ tone }) => svg("path", { class: `area ${tone}` }));
    this.cursor = svg("line", { class: "cursor", y1: 0, y2: HEIGHT, visibility: "hidden" });
    this.drawing = svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": title },
      ...[1, 2, 3].map((quarter) => svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: quarter * 25, y2: quarter * 25 })),
      ...this.areas,
      ...this.paths,
      this.cursor,
    );
    this.now = series.map(({ name, tone }) => el("span", { class: `now ${tone}` }, el("i"), el("b", { text: "–" }), el("span", { text: name })));
    this.top = el("span", { class: "scale-top" });
    this.ago = el("span", { class: "ago", text: "5 min ago" });
    this.when = el("span", { text: "now" });
    this.title = title;
    this.element = el(
      "figure",
      { class: "chart" },
      el("figcaption", {}, el("h2", { text: title }), el("p", {}, ...this.now)),
      el("div", { class: "plot" }, this.drawing, this.top),
      el("div", { class: "axis" }, this.ago, this.when),
    );
    this.drawing.addEventListener("pointermove", (event) => this.#look(event));
    this.drawing.addEventListener("pointerleave", () => this.#lookAway());
  }

  /** `values`: of each series one a second, the newest last; `room`: how many there may be. */
  draw(values, room) {
    this.values = values;
    this.room = room;
    const told = values.flat().filter((value) => value !== null);
    const top = this.fixedTop ?? roundTop(Math.max(this.least, ...told));
    this.top.textContent = this.tell(top);
    values.forEach((each, at) => {
      const line = pathOf(each, room, top);
      this.paths[at].setAttribute("d", line.stroke);
      this.areas[at].setAttribute("d", line.area);
    });
    if (this.lookedAt === undefined) this.#tellAt(values[0].length - 1);
    const parts = this.series.map(({ name }, at) => `${name}: now ${this.#told(values[at].at(-1))}, most ${this.#told(mostOf(values[at]))}`);
    this.drawing.setAttribute("aria-label", `${this.title}. ${parts.join("; ")}.`);
  }

  #told(value) {
    return value === null || value === undefined ? "–" : this.tell(value);
  }

  #tellAt(at) {
    this.now.forEach((element, number) => {
      element.querySelector("b").textContent = this.#told(this.values[number][at]);
    });
  }

  #look(event) {
    if (!this.values) return;
    const { left, width } = this.drawing.getBoundingClientRect();
    const count = this.values[0].length;
    const slot = Math.round(((event.clientX - left) / width) * (this.room - 1));
    const at = Math.min(count - 1, Math.max(0, slot - (this.room - count)));
    this.lookedAt = at;
    const x = ((at + this.room - count) / (this.room - 1)) * WIDTH;
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    this.cursor.setAttribute("visibility", "visible");
    this.when.textContent = count - 1 === at ? "now" : `${count - 1 - at} s ago`;
    this.#tellAt(at);
  }

  #lookAway() {
    this.lookedAt = undefined;
    this.cursor.setAttribute("visibility", "hidden");
    this.when.textContent = "now";
    if (this.values) this.#tellAt(this.values[0].length - 1);
  }
}

/** A path with a gap wherever there is no value. */
function pathOf(values, room, top) {
  let stroke = "";
  let area = "";
  let begin = null;
  const skipped = room - values.length;
  const close = (x) => { area += `L${x} ${HEIGHT}L${begin} ${HEIGHT}Z`; begin = null; };
  let last = 0;
  values.forEach((value, at) => {
    const x = (((at + skipped) / (room - 1)) * WIDTH).toFixed(1);
    if (value === null) {
      if (begin !== null) close(last);
      return;
    }
    const y = (HEIGHT - 1 - (Math.min(value, top) / top) * (HEIGHT - 4)).toFixed(1);
    stroke += `${begin === null ? "M" : "L"}${x} ${y}`;
    area += `${begin === null ? "M" : "L"}${x} ${y}`;
    begin ??= x;
    last = x;
  });
  if (begin !== null) close(last);
  return { stroke, area };
}

function mostOf(values) {
  const told = values.filter((value) => value !== null);
  return told.length ? Math.max(...told) : null;
}

/** The next of 1, 2, 5, 10, 20 …, so that the scale seldom changes. */
function roundTop(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}
