// Keys of the queue and of a case: j and k move, Enter opens, the keys of the labels decide.

import { byId } from "./lib.js";

const french = document.documentElement.lang === "fr";
const STATUS = { f: "confirmed", l: "cleared", [french ? "i" : "u"]: "waiting" };
const BUTTON = { confirmed: "confirm", cleared: "clear", waiting: "wait" };
const table = byId("cases"), form = byId("decide");
const plain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input, textarea, select, [contenteditable]");

function move(step) {
  const links = [...table.querySelectorAll("tr[data-case] .name")];
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}

function decideRow(row, status) {
  const address = new URL(row.querySelector(".name").href);
  form.action = address.pathname + address.search;
  form.elements.version.value = row.dataset.version;
  form.elements.status.value = status;
  form.requestSubmit();
}

// Other rows and network take longer than the page.
const around = byId("around");
async function showSurroundings() {
  const answer = await fetch(around.dataset.from, { credentials: "same-origin", redirect: "manual" });
  if (answer.ok) around.innerHTML = await answer.text();
}
if (around) showSurroundings().catch(() => { /* the link that shows them stays */ });

document.addEventListener("keydown", (event) => {
  if (!plain(event)) return;
  const key = event.key.toLowerCase(), step = { j: 1, arrowdown: 1, k: -1, arrowup: -1 }[key];
  const row = table && document.activeElement?.closest("tr[data-case]");
  if (table && step && (row || !key.startsWith("arrow"))) {
    event.preventDefault();
    move(step);
  } else if (row && form && STATUS[key]) {
    decideRow(row, STATUS[key]);
  } else if (!table) {
    const button = byId(BUTTON[STATUS[key]] ?? { j: "next", k: "queue", a: "take" }[key]);
    button?.click();
  }
});
