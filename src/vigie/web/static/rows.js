// The table of rows: budget, filters, pages, marks by mouse and keyboard, and the drawer of one row.
// Rows come from the server as markup of our own templates, where every cell is escaped.

import { api, byId, make, t } from "./lib.js";

const run = byId("budget").dataset.run, place = byId("rows"), filters = byId("filters"), drawer = byId("drawer");
const suggest = byId("suggest"), bar = byId("marked-bar");
const state = { budget: Number(byId("exact").value), page: 1, suggest: false };
const KEYS = { [t("results.key_fraud")]: "fraud", [t("results.key_fine")]: "fine", [t("results.key_unsure")]: "unsure" };
let timer = 0, asking = null;

export function setBudget(n) {
  state.budget = n;
  state.page = 1;
  if (state.suggest) return;
  // At once what is known, then the server's word.
  for (const row of place.querySelectorAll("tr[data-rank]")) row.hidden = Number(row.dataset.rank) > n;
  refresh(150);
}

function refresh(wait = 0) {
  clearTimeout(timer);
  timer = setTimeout(load, wait);
}

async function markup(address, signal) {
  const answer = await fetch(address, { credentials: "same-origin", signal, redirect: "manual" });
  // Signed out meanwhile: the door is shown, and leads back here.
  if (answer.type === "opaqueredirect") location.reload();
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.text();
}

async function load(focusTop = false) {
  asking?.abort();
  asking = new AbortController();
  const asked = new URLSearchParams(new FormData(filters));
  asked.set("budget", state.budget);
  asked.set("page", state.page);
  if (state.suggest) asked.set("suggest", "1");
  place.setAttribute("aria-busy", "true");
  try {
    const text = await markup(`/runs/${run}/rows?${asked}`, asking.signal);
    place.innerHTML = text;
    tell("");
    if (focusTop) place.querySelector(".open-row")?.focus();
  } catch (error) {
    if (error.name !== "AbortError") tell(t("results.not_loaded", { why: error.message }));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

function tell(said) {
  byId("problem").textContent = said;
  byId("problem").hidden = !said;
}

/* ---------- filters and pages ---------- */
filters.addEventListener("input", () => { state.page = 1; refresh(200); });
filters.addEventListener("submit", (event) => { event.preventDefault(); state.page = 1; refresh(); });
suggest?.addEventListener("click", () => {
  state.suggest = !state.suggest;
  state.page = 1;
  suggest.setAttribute("aria-pressed", String(state.suggest));
  suggest.textContent = t(state.suggest ? "results.end_suggest" : "results.suggest");
  byId("table-title").textContent = t(state.suggest ? "results.suggest_text" : "results.table");
  load(true);
});

/* ---------- marks ---------- */
async function mark(number, verdict) {
  const buttons = document.querySelectorAll(`[data-row="${number}"] [data-mark]`);
  const before = [...buttons].find((button) => button.getAttribute("aria-pressed") === "true")?.dataset.mark ?? null;
  const now = before === verdict ? null : verdict;
  press(buttons, now);
  count(before, now);
  try {
    await api(`/predictions/${run}/marks`, { method: "PUT", body: { marks: { [number]: now } } });
    tell("");
  } catch (error) {
    press(buttons, before);
    count(now, before);
    tell(t("results.not_marked", { why: error.message }));
  }
}

function press(buttons, verdict) {
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.mark === verdict));
}

function count(before, now) {
  if (before) bar.dataset[before] = Number(bar.dataset[before]) - 1;
  if (now) bar.dataset[now] = Number(bar.dataset[now]) + 1;
  summary();
}

function summary() {
  if (!bar) return;
  const counts = ["fraud", "fine", "unsure"].map((verdict) => [verdict, Number(bar.dataset[verdict])]);
  const all = counts.reduce((sum, [, n]) => sum + n, 0);
  bar.hidden = all === 0;
  byId("marked-count").textContent = t("results.marks_so_far", { n: all });
  byId("marked-kinds").textContent = counts.filter(([, n]) => n).map(([verdict, n]) => `${t(`results.${verdict}`)} ${n}`).join(" · ");
  bar.querySelector("button").disabled = counts[0][1] + counts[1][1] === 0;
}

/* ---------- the drawer ---------- */
async function open(number) {
  try {
    drawer.innerHTML = await markup(`/runs/${run}/rows/${number}`);
  } catch (error) {
    return tell(t("results.not_loaded", { why: error.message }));
  }
  drawer.dataset.open = number;
  if (!drawer.open) drawer.showModal();
  drawer.scrollTop = 0;
  byId("drawer-title").focus();
  return undefined;
}

drawer.addEventListener("click", (event) => {
  if (event.target === drawer || event.target.closest("[data-close]")) return drawer.close();
  const button = event.target.closest("[data-mark]");
  return button && mark(drawer.dataset.open, button.dataset.mark);
});
drawer.addEventListener("close", () => place.querySelector(`[data-row="${drawer.dataset.open}"] .open-row`)?.focus());
drawer.addEventListener("keydown", (event) => {
  if (plain(event) && KEYS[event.key.toLowerCase()] && bar) mark(drawer.dataset.open, KEYS[event.key.toLowerCase()]);
  const step = { j: 1, k: -1 }[event.key];
  const next = step && beside(drawer.dataset.open, step);
  if (next) open(next.dataset.row);
});

/* ---------- the table, by mouse and keyboard ---------- */
place.addEventListener("click", (event) => {
  const page = event.target.closest("[data-page]");
  if (page) {
    state.page = Number(page.dataset.page);
    return load(true);
  }
  const row = event.target.closest("tr[data-row]"), button = event.target.closest("[data-mark]");
  if (!row) return undefined;
  if (button) return mark(row.dataset.row, button.dataset.mark);
  return String(getSelection()) || event.target.closest(".marks") ? undefined : open(row.dataset.row);
});

// Keys work only while the table has the focus, so that they are in nobody's way.
place.addEventListener("keydown", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row || !plain(event)) return;
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (step) {
    event.preventDefault();
    beside(row.dataset.row, step)?.querySelector(".open-row").focus();
  } else if (KEYS[event.key.toLowerCase()] && bar) {
    mark(row.dataset.row, KEYS[event.key.toLowerCase()]);
  }
});
place.addEventListener("focusin", (event) => here(event.target.closest("tr[data-row]")));
place.addEventListener("focusout", () => here(null));

function here(row) {
  place.querySelector("tr.here")?.classList.remove("here");
  row?.classList.add("here");
}

function beside(number, step) {
  const rows = [...place.querySelectorAll("tr[data-row]:not([hidden])")];
  return rows[rows.findIndex((row) => row.dataset.row === String(number)) + step];
}

const plain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey;

const keys = byId("keys");
if (keys) {
  // The words name the keys by their places; the keys are drawn as keys.
  const names = { down: "↓", up: "↑", open: "↵", fraud: t("results.key_fraud"), fine: t("results.key_fine"), unsure: t("results.key_unsure") };
  const parts = t("results.keys", Object.fromEntries(Object.keys(names).map((name) => [name, `\u0000${name}\u0000`]))).split("\u0000");
  keys.append(...parts.map((part) => (names[part] ? make("kbd", { textContent: names[part] }) : part)));
}
summary();
