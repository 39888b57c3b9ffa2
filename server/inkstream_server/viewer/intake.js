// Takes a file however it comes: chosen, dropped anywhere on the page, or pasted.

import { byId, show } from "./dom.js";

/** `take` is given each file. */
export function setUpIntake(take) {
  const field = byId("file");
  byId("choose").addEventListener("click", () => field.click());
  field.addEventListener("change", () => {
    takeFirst(field.files, take);
    field.value = "";
  });
  setUpDrops(take);
  document.addEventListener("paste", (event) => takeFirst(event.clipboardData?.files, take));
}

/** Have the user choose another file. */
export function choose() {
  byId("file").click();
}

function setUpDrops(take) {
  const veil = byId("veil");
  const brings = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => brings(event) && show(veil, true));
  document.addEventListener("dragover", (event) => brings(event) && event.preventDefault());
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && show(veil, false));
  document.addEventListener("drop", (event) => {
    show(veil, false);
    if (!brings(event)) return;
    event.preventDefault();
    takeFirst(event.dataTransfer.files, take);
  });
}

function takeFirst(files, take) {
  if (files?.length) take(files[0]);
}
