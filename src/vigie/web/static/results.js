// The results page: alert budget, expected frauds, charts. rows.js shows the rows.

import { byId, ofTen, percent, t, whole } from "./lib.js";
import { setBudget } from "./rows.js";

const form = byId("budget"), slider = byId("slider"), exact = byId("exact");
const points = JSON.parse(byId("points").textContent);
const rows = Number(form.dataset.rows), proposed = Number(form.dataset.proposed);
const most = points.length ? points.at(-1).alerts : rows;
const STEPS = Number(slider.max);
const WIDE = 0.4, UNINFORMATIVE = Number(form.dataset.uninformative);

// The slider is logarithmic: one step on the left is one row, on the right a hundred.
const toRows = (step) => Math.min(most, Math.round(Math.expm1((step / STEPS) * Math.log1p(most))));
const toStep = (n) => Math.round((STEPS * Math.log1p(Math.min(n, most))) / Math.log1p(most));

const interpolate = (low, high, part) => (low === null || high === null || low === undefined || high === undefined ? null : low + (high - low) * part);

/** The expectation at `n` rows, interpolated between the points of the job, as budgets.py does. */
function at(n) {
  let i = points.findIndex((point) => point.alerts >= n);
  if (i < 0) i = points.length - 1;
  const below = points[Math.max(0, i - 1)], above = points[i];
  const gap = above.alerts - below.alerts;
  const part = gap ? Math.min(1, Math.max(0, (n - below.alerts) / gap)) : 1;
  const found = {};
  for (const name of ["threshold", "expected_frauds", "precision", "low", "high"]) found[name] = interpolate(below[name], above[name], part);
  for (const name of ["over_time", "by_amount", "by_category"]) {
    found[name] = below[name] && above[name] ? below[name].map((value, k) => interpolate(value, above[name][k], part)) : null;
  }
  return found;
}

function show(n) {
  byId("count").textContent = whole(n);
  byId("of-rows").textContent = t("results.of_rows", { rows: whole(rows), share: percent(rows ? n / rows : 0) });
  slider.setAttribute("aria-valuetext", `${whole(n)} ${byId("of-rows").textContent}`);
  slider.style.setProperty("--at", `${(100 * Number(slider.value)) / STEPS}%`);
  byId("proposed").hidden = n === proposed || proposed === 0;
  for (const link of document.querySelectorAll(".menu a")) link.href = link.href.replace(/budget=\d+/, `budget=${n}`);
  if (!points.length) return;
  const point = at(n);
  if (form.dataset.calibrated) expectation(n, point);
  moveThreshold(n ? point.threshold : null);
  for (const name of ["over_time", "by_amount"]) moveBars(byId(`chart-${name}`), point[name]?.map((value) => (n ? value : 0)));
  moveCategories(byId("chart-by_category"), point.by_category?.map((value) => (n ? value : 0)));
}

function expectation(n, point) {
  const known = n > 0 && point.precision !== null;
  byId("ten").textContent = known ? ofTen(point.precision) : "–";
  const width = known ? point.high - point.low : 0, informative = width < UNINFORMATIVE;
  byId("no-estimate").hidden = informative;
  byId("estimate").hidden = !informative;
  byId("dots").hidden = !known || !informative;
  byId("range").textContent = !known
    ? t("results.nothing_to_expect")
    : !informative
      ? t("results.precision_unknown")
      : t(width > WIDE ? "results.of_ten_range_wide" : "results.of_ten_range", { estimate: ofTen(point.precision), low: ofTen(point.low), high: ofTen(point.high) });
  byId("frauds").textContent = known && informative ? t("results.frauds", { n: Math.round(n * point.precision) }) : "";
  if (!known || !informative) return;
  const sure = Math.round(10 * point.precision), maybe = Math.max(sure, Math.round(10 * point.high));
  [...byId("dots").children].forEach((dot, i) => { dot.className = i < sure ? "sure" : i < maybe ? "maybe" : ""; });
  byId("dots").setAttribute("aria-label", t("results.dots_label", { sure, maybe }));
}

function moveThreshold(threshold) {
  const chart = byId("chart-scores").firstElementChild;
  const [left, right, low, high] = ["left", "right", "low", "high"].map((name) => Number(chart.dataset[name]));
  const x = threshold === null ? right : Math.min(right, Math.max(left, left + ((right - left) * (threshold - low)) / (high - low || 1)));
  chart.querySelector('[data-cut="clip"]').setAttribute("x", x);
  for (const end of ["x1", "x2"]) chart.querySelector('[data-cut="line"]').setAttribute(end, x);
}

function moveBars(place, values) {
  if (!place || !values) return;
  const group = place.querySelector("[data-bars]"), top = Math.max(...values, 0);
  [...group.children].forEach((bar, i) => bar.setAttribute("height", top ? (group.dataset.bars * values[i]) / top : 0));
  place.querySelector("[data-most]").textContent = top ? t("results.at_most", { n: Math.max(1, Math.round(top)) }) : "";
}

function moveCategories(place, values) {
  if (!place || !values) return;
  const top = Math.max(...values, 0);
  place.querySelectorAll("rect.alerts").forEach((bar, i) => bar.setAttribute("width", top ? (100 * values[i]) / top : 0));
  place.querySelectorAll("[data-of] b").forEach((number, i) => { number.textContent = whole(values[i]); });
}

function setRows(n, { fromSlider = false, fromField = false } = {}) {
  n = Math.max(0, Math.min(rows, Math.round(n) || 0));
  if (!fromSlider) slider.value = toStep(n);
  if (!fromField) exact.value = n;
  show(n);
  setBudget(n);
}

slider.addEventListener("input", () => setRows(toRows(Number(slider.value)), { fromSlider: true }));
exact.addEventListener("input", () => setRows(Number(exact.value), { fromField: true }));
byId("proposed").addEventListener("click", () => setRows(proposed));
form.addEventListener("submit", (event) => event.preventDefault());

const start = Number(exact.value);
slider.value = toStep(start);
show(start);
// A number that was typed before this script came, or that the browser kept over a reload.
if (exact.value !== exact.defaultValue) setRows(start, { fromField: true });
