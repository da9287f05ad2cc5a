// The table of rows: budget, filters, pages, labels by mouse and keyboard, and the drawer with one row.
// Rows come from the server as markup of our own templates, where every cell is escaped.

import { api, byId, make, t } from "./lib.js";

const run = byId("budget").dataset.run, place = byId("rows"), filters = byId("filters"), drawer = byId("drawer");
const views = [...document.querySelectorAll("[data-view]")], bar = byId("labels-bar");
const start = new URLSearchParams(location.search);
const state = { budget: Number(byId("exact").value), page: Number(start.get("page")) || 1, view: "" };
for (const view of ["hidden", ...views.map(({ dataset }) => dataset.view)]) if (start.has(view)) state.view = view;
const KEYS = { [t("results.key_fraud")]: "fraud", [t("results.key_fine")]: "fine", [t("results.key_unsure")]: "unsure" };
const KEEP_AFTER = 600, PENDING = "vigie-pending";
let timer = 0, keeping = 0, request = null;

export function setBudget(n) {
  state.budget = n;
  state.page = 1;
  if (bar) keep(n);
  if (state.view === "suggest") {
    showAddress();
    return loadReviewed();
  }
  // Hide rows at once, before the server responds.
  if (!state.view) for (const row of place.querySelectorAll("tr[data-rank]")) row.hidden = Number(row.dataset.rank) > n;
  return refresh(150);
}

/** Saves the budget with the prediction, so that downloads, report and API show the same alerts. */
function keep(n) {
  clearTimeout(keeping);
  keeping = setTimeout(async () => {
    if (n === Number(byId("budget").dataset.kept)) return;
    try {
      await api(`/predictions/${run}/budget`, { method: "PUT", body: { budget: n } });
      byId("budget").dataset.kept = n;
    } catch (error) {
      showProblem(t("results.not_kept", { why: error.message }));
    }
  }, KEEP_AFTER);
}

/** What the page shows, as parameters of its address. */
function parameters() {
  const found = new URLSearchParams([...new FormData(filters)].filter(([, value]) => value));
  found.set("budget", state.budget);
  if (state.page > 1) found.set("page", state.page);
  if (state.view) found.set(state.view, "1");
  found.set("lang", document.documentElement.lang);
  return found;
}

function showAddress() {
  history.replaceState(null, "", `?${parameters()}`);
}

function refresh(wait = 0) {
  clearTimeout(timer);
  timer = setTimeout(load, wait);
}

async function markup(address, signal) {
  const answer = await fetch(address, { credentials: "same-origin", signal, redirect: "manual" });
  // The session ended: the sign-in page is shown, and leads back here.
  if (answer.type === "opaqueredirect") location.reload();
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.text();
}

async function load(focusTop = false) {
  request?.abort();
  request = new AbortController();
  place.setAttribute("aria-busy", "true");
  showAddress();
  try {
    const text = await markup(`/runs/${run}/rows?${parameters()}`, request.signal);
    place.innerHTML = text;
    showProblem("");
    loadReviewed();
    if (focusTop) place.querySelector(".open-row")?.focus();
  } catch (error) {
    if (error.name !== "AbortError") showProblem(t("results.not_loaded", { why: error.message }));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

/** What the labels say of the rows to review. */
async function loadReviewed() {
  const shown = `budget=${state.budget}&lang=${document.documentElement.lang}`;
  try {
    byId("reviewed").innerHTML = await markup(`/runs/${run}/reviewed?${shown}`);
    byId("rules").innerHTML = await markup(`/runs/${run}/rules?${shown}`);
    byId("concentrations").innerHTML = await markup(`/runs/${run}/concentrations?${shown}`);
  } catch (error) {
    showProblem(t("results.not_loaded", { why: error.message }));
  }
}

function showProblem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

/* filters and pages */
filters.addEventListener("input", (event) => {
  if (event.target.name === "sort") filters.down.value = "";
  state.page = 1;
  refresh(200);
});
byId("clear")?.addEventListener("click", () => {
  for (const field of filters.querySelectorAll("input[type=search], .more input, select:not([name=sort])")) field.value = "";
  state.page = 1;
  load();
});
filters.addEventListener("submit", (event) => { event.preventDefault(); state.page = 1; refresh(); });
function showView() {
  for (const button of views) {
    const pressed = button.dataset.view === state.view;
    button.setAttribute("aria-pressed", String(pressed));
    button.textContent = t(pressed ? "results.end_view" : `results.${button.dataset.view}`);
  }
  byId("table-title").textContent = t(state.view ? `results.${state.view}_text` : "results.table");
}
for (const button of views) {
  button.addEventListener("click", () => {
    state.view = state.view === button.dataset.view ? "" : button.dataset.view;
    state.page = 1;
    showView();
    load(true);
  });
}
if (state.view) showView();
byId("language").addEventListener("submit", (event) => { event.target.back.value = location.pathname + location.search; });

// A bar of a chart leads to the rows behind it, without leaving the page.
document.addEventListener("click", (event) => {
  const entity = event.target.closest("a[data-search]");
  if (entity) {
    event.preventDefault();
    filters.search.value = entity.dataset.search;
    state.page = 1;
    byId("table-title").scrollIntoView();
    load(true);
  }
  const link = event.target.closest(".hits a, a[data-filter]");
  if (!link) return;
  event.preventDefault();
  const wanted = new URL(link.getAttribute("href"), location.href).searchParams;
  for (const field of filters.querySelectorAll(".more-in [name]")) field.value = wanted.get(field.name) ?? "";
  filters.querySelector(".more").open = true;
  state.page = 1;
  byId("table-title").scrollIntoView();
  load(true);
});

/* labels */
async function setLabel(number, label) {
  const buttons = document.querySelectorAll(`[data-row="${number}"] [data-mark]`);
  const before = [...buttons].find((button) => button.getAttribute("aria-pressed") === "true")?.dataset.mark ?? null;
  const now = before === label ? null : label;
  press(buttons, now);
  count(before, now);
  try {
    await api(`/predictions/${run}/marks`, { method: "PUT", body: { marks: { [number]: now } } });
    showProblem("");
    loadReviewed();
  } catch (error) {
    if (error.status === 401) return signIn({ marks: { [number]: now } });
    press(buttons, before);
    count(now, before);
    showProblem(t("results.not_marked", { why: error.message }));
  }
  return undefined;
}

/** The session ended: signing in leads back here, and what was under way is saved then, by the same user alone. */
function signIn(change) {
  sessionStorage.setItem(PENDING, JSON.stringify({ run, user: byId("budget").dataset.user, change }));
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

async function savePending() {
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  sessionStorage.removeItem(PENDING);
  if (!bar || pending?.run !== run || pending.user !== byId("budget").dataset.user) return;
  try {
    await api(`/predictions/${run}/marks`, { method: "PUT", body: pending.change });
    location.reload();
  } catch (error) {
    showProblem(t("results.not_marked", { why: error.message }));
  }
}

function press(buttons, label) {
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.mark === label));
  // The comment belongs to the label of the row that is open.
  if (![...buttons].some((button) => drawer.contains(button))) return;
  for (const field of drawer.querySelectorAll("#comment textarea, #comment button")) field.disabled = !label;
  byId("comment-hint").textContent = t(label ? "results.comment_hint" : "results.comment_first");
}

function count(before, now) {
  if (before) bar.dataset[before] = Number(bar.dataset[before]) - 1;
  if (now) bar.dataset[now] = Number(bar.dataset[now]) + 1;
  summary();
}

function summary() {
  if (!bar) return;
  const counts = ["fraud", "fine", "unsure"].map((label) => [label, Number(bar.dataset[label])]);
  const all = counts.reduce((sum, [, n]) => sum + n, 0);
  bar.hidden = all === 0;
  byId("labels-count").textContent = t("results.marks_so_far", { n: all });
  byId("labels-by-kind").textContent = counts.filter(([, n]) => n).map(([label, n]) => `${t(`results.${label}`)} ${n}`).join(" · ");
  bar.querySelector("button").disabled = counts[0][1] + counts[1][1] === 0;
}

/* the drawer */
async function open(number) {
  try {
    drawer.innerHTML = await markup(`/runs/${run}/rows/${number}?lang=${document.documentElement.lang}`);
  } catch (error) {
    return showProblem(t("results.not_loaded", { why: error.message }));
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
  return button && setLabel(drawer.dataset.open, button.dataset.mark);
});
drawer.addEventListener("submit", async (event) => {
  event.preventDefault();
  const row = drawer.dataset.open, text = byId("comment-text").value;
  try {
    await api(`/predictions/${run}/marks`, { method: "PUT", body: { comments: { [row]: text } } });
    byId("comment-hint").textContent = t("results.comment_saved");
  } catch (error) {
    if (error.status === 401) return signIn({ comments: { [row]: text } });
    byId("comment-hint").textContent = t("results.not_marked", { why: error.message });
  }
  return undefined;
});
drawer.addEventListener("close", () => place.querySelector(`[data-row="${drawer.dataset.open}"] .open-row`)?.focus());
drawer.addEventListener("keydown", (event) => {
  if (event.target.closest("#comment")) return;
  if (plain(event) && KEYS[event.key.toLowerCase()] && bar) setLabel(drawer.dataset.open, KEYS[event.key.toLowerCase()]);
  const step = { j: 1, k: -1 }[event.key];
  const next = step && beside(drawer.dataset.open, step);
  if (next) open(next.dataset.row);
});

/* the table, by mouse and keyboard */
place.addEventListener("click", (event) => {
  const sort = event.target.closest("[data-sort]");
  if (sort) {
    filters.elements.sort.value = sort.dataset.sort;
    filters.down.value = sort.dataset.down;
    state.page = 1;
    return load().then(() => place.querySelector(`[data-sort="${sort.dataset.sort}"]`)?.focus());
  }
  const page = event.target.closest("[data-page]");
  if (page) {
    state.page = Number(page.dataset.page);
    return load(true);
  }
  const row = event.target.closest("tr[data-row]"), button = event.target.closest("[data-mark]");
  if (!row) return undefined;
  if (button) return setLabel(row.dataset.row, button.dataset.mark);
  return String(getSelection()) || event.target.closest(".marks") ? undefined : open(row.dataset.row);
});

// Keys work only while the table has the focus.
place.addEventListener("keydown", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row || !plain(event)) return;
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (step) {
    event.preventDefault();
    beside(row.dataset.row, step)?.querySelector(".open-row").focus();
  } else if (KEYS[event.key.toLowerCase()] && bar) {
    setLabel(row.dataset.row, KEYS[event.key.toLowerCase()]);
  }
});
place.addEventListener("focusin", (event) => highlight(event.target.closest("tr[data-row]")));
place.addEventListener("focusout", () => highlight(null));

function highlight(row) {
  place.querySelector("tr.current")?.classList.remove("current");
  row?.classList.add("current");
}

function beside(number, step) {
  const rows = [...place.querySelectorAll("tr[data-row]:not([hidden])")];
  return rows[rows.findIndex((row) => row.dataset.row === String(number)) + step];
}

const plain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey;

const keys = byId("keys");
if (keys) {
  // The text has placeholders for the keys, which are drawn as keys.
  const names = { down: "↓", up: "↑", open: "↵", fraud: t("results.key_fraud"), fine: t("results.key_fine"), unsure: t("results.key_unsure") };
  const parts = t("results.keys", Object.fromEntries(Object.keys(names).map((name) => [name, `\u0000${name}\u0000`]))).split("\u0000");
  keys.append(...parts.map((part) => (names[part] ? make("kbd", { textContent: names[part] }) : part)));
}
summary();
savePending();
