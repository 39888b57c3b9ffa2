// Makes and finds elements. What is made is decided elsewhere; no text is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

/** The element with this id, which the document has. */
export const byId = (id) => document.getElementById(id);

/** A new element; members of `props` are attributes, `text` is its text, `on…` are listeners. */
export function el(name, props = {}, ...children) {
  return filled(document.createElement(name), props, children);
}

/** The same, of SVG. */
export function svg(name, props = {}, ...children) {
  return filled(document.createElementNS(SVG, name), props, children);
}

/** One of the document's symbols. */
export function icon(id) {
  return svg("svg", { "aria-hidden": "true" }, svg("use", { href: `#${id}` }));
}

/** Show or hide. */
export function show(element, isShown) {
  element.hidden = !isShown;
}

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
