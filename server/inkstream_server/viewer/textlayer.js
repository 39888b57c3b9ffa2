// Lays a page's text over its picture, as text that can be selected, and draws its outlines.

import { el, svg } from "./dom.js";

// A column: as tall against its width as the server takes for a line that lies on its side.
const TALL = 1.5;
// Of a line's height what its letters have: its outline is drawn around them with room to spare.
const LETTERS = 0.76;
const REFERENCE_PX = 100;
const FONT = "sans-serif";
// How a page that was read turned (counter-clockwise) is shown upright.
const TURNS = {
  90: { top: "100%", left: "0", angle: -90 },
  180: { top: "100%", left: "100%", angle: 180 },
  270: { top: "0", left: "100%", angle: 90 },
};

const pen = document.createElement("canvas").getContext("2d");
pen.font = `${REFERENCE_PX}px ${FONT}`;

/** The page's size as it is shown. */
export function shownSize(page) {
  const isOnItsSide = page.docAngle === 90 || page.docAngle === 270;
  return isOnItsSide ? { width: page.height, height: page.width } : page;
}

/** The picture with all that lies over it; `spans` are its lines in their order. */
export function leafOf(page, pictureUrl) {
  const leaf = el("div", { class: "leaf" });
  turn(leaf, page);
  if (pictureUrl) {
    leaf.append(el("img", { src: pictureUrl, alt: `Page ${page.pageNumber}, as it was read`, decoding: "async", draggable: "false" }));
  }
  const spans = page.lines.map((line, at) => spanOf(line, at, page));
  leaf.append(outlinesOf(page), el("div", { class: "text", "aria-hidden": "true" }, ...spans));
  return { leaf, spans };
}

function turn(leaf, page) {
  const shown = shownSize(page);
  leaf.style.width = `${(100 * page.width) / shown.width}%`;
  leaf.style.aspectRatio = `${page.width} / ${page.height}`;
  const turned = TURNS[page.docAngle];
  if (!turned) return;
  leaf.style.top = turned.top;
  leaf.style.left = turned.left;
  leaf.style.transform = `rotate(${turned.angle}deg)`;
}

function outlinesOf(page) {
  const boxes = page.lines.flatMap((line, at) => {
    const places = line.words.length ? line.words.filter((word) => word.text.trim()) : [line];
    return places.map((place) => svg("polygon", { points: pointsOf(place.polygon), "data-line": at }));
  });
  const viewBox = `0 0 ${page.width} ${page.height}`;
  return svg("svg", { class: "outlines", viewBox, preserveAspectRatio: "none", "aria-hidden": "true" }, ...boxes);
}

function pointsOf(polygon) {
  return polygon.points.map(({ x, y }) => `${x},${y}`).join(" ");
}

/** A line's text from its own top left, as wide and high as the line, and turned as it is. */
function spanOf(line, at, page) {
  const { origin, along, height } = directionOf(line.polygon.points);
  const length = Math.hypot(along.x, along.y);
  const letters = LETTERS * height;
  const natural = (pen.measureText(line.text).width * letters) / REFERENCE_PX;
  const span = el("span", { text: line.text, "data-line": at });
  const share = (pixels) => `${(100 * pixels) / page.width}cqw`;
  span.style.left = `${(100 * origin.x) / page.width}%`;
  span.style.top = `${(100 * origin.y) / page.height}%`;
  span.style.fontSize = share(letters);
  span.style.lineHeight = share(height);
  const angle = Math.atan2(along.y, along.x);
  span.style.transform = `rotate(${angle}rad) scaleX(${natural > 0 ? length / natural : 1})`;
  return span;
}

/** Where a line begins, where it runs to from there, and how high it is. */
export function directionOf(points) {
  const [first, second, third] = points;
  const across = distance(first, second);
  const down = distance(second, third);
  if (down >= TALL * across) return { origin: second, along: between(second, third), height: across };
  return { origin: first, along: between(first, second), height: down };
}

function distance(a, b) {
  return Math.hypot(b.x - a.x, b.y - a.y);
}

function between(a, b) {
  return { x: b.x - a.x, y: b.y - a.y };
}
