// Gives text away: to the clipboard, or as a file.

import { el } from "./dom.js";

/** Whether the text is in the clipboard now. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // a page that came by plain HTTP has no clipboard
  }
}

export function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function copyBySelection(text) {
  const focused = document.activeElement;
  const field = el("textarea", { class: "unseen", readonly: "", "aria-hidden": "true" });
  field.style.whiteSpace = "pre"; // or what is out of sight would lose its line ends
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  focused?.focus({ preventScroll: true });
  return isCopied;
}
