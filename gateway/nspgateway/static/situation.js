// The buttons beside the situation text; without them the text can be selected and printed as any other.
"use strict";

const words = document.getElementById("situation-text");
const copy = document.getElementById("copy-text");
const copied = document.getElementById("copied");

async function copyText() {
  try {
    await navigator.clipboard.writeText(words.innerText);
    copied.textContent = copy.dataset.done;
  } catch {
    // A browser may keep the clipboard to itself: then the text is at least selected.
    getSelection().selectAllChildren(words);
    copied.textContent = copy.dataset.failed;
  }
}

copy.addEventListener("click", copyText);
copy.hidden = false;
