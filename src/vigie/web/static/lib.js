// Shared by the other modules: texts, numbers in the language of the page, requests to the API.

const language = document.documentElement.lang;
const block = document.getElementById("words");
const words = block ? JSON.parse(block.textContent) : {};
const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const plurals = new Intl.PluralRules(language);

export const whole = (n) => numbers.format(Math.round(n));

export const decimal = (n, digits = 2) =>
  new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n);

/** A share as a percentage of two significant figures, never a false 0% or 100%; as `Formatter.percent` in Python. */
export function percent(share) {
  const x = 100 * share;
  if (x > 0 && x < 0.005) return `< ${percent(0.0001)}`;
  if (x >= 99.995 && x < 100) return `> ${percent(0.9999)}`;
  let digits = x >= 10 || x === 0 ? 0 : x >= 1 ? 1 : 2;
  if (x >= 99.5 && x < 100) digits = x < 99.95 ? 1 : 2;
  const style = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, style).format(share);
}

/** A share as a number of ten. */
export const ofTen = (x) => decimal(10 * x, 0.05 <= 10 * x && 10 * x < 0.95 ? 1 : 0);

export function t(key, values = {}) {
  let text = words[key];
  if (text === undefined) return key;
  if (typeof text !== "string") text = text[plurals.select(values.n)] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? whole(values[name]) : values[name] ?? ""));
}

export function size(bytes) {
  if (bytes < 1000) return `${whole(bytes)} ${t("unit.bytes")}`;
  let unit;
  for (unit of ["KB", "MB", "GB"]) {
    bytes /= 1000;
    if (bytes < 999.5) break;
  }
  return `${decimal(bytes, bytes < 9.95 ? 1 : 0)}\u00a0${t(`unit.${unit}`)}`;
}

export function duration(seconds) {
  if (seconds < 90) return t("unit.seconds", { n: Math.max(1, Math.round(seconds)) });
  if (seconds < 5400) return t("unit.minutes", { n: Math.round(seconds / 60) });
  return t("unit.hours", { n: Math.round(seconds / 3600) });
}

export const csrf = () => document.querySelector('meta[name="csrf-token"]').content;

/** Requests the API; returns the JSON, or throws an Error with the message of the problem+json. */
export async function api(path, { method = "GET", body, signal } = {}) {
  const answer = await fetch(`/api/v1${path}`, {
    method, signal, credentials: "same-origin",
    headers: { "X-CSRFToken": csrf(), Accept: "application/json", "Accept-Language": document.documentElement.lang, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let json = null;
  try { json = text ? JSON.parse(text) : null; } catch { /* the page of a proxy: the status is shown */ }
  if (!answer.ok) {
    const error = new Error(problem(json) || `${answer.status} ${answer.statusText}`);
    error.status = answer.status;
    throw error;
  }
  return json;
}

/** Message and hint of a problem+json. */
export function problem(json) {
  if (!json) return "";
  return [json.detail || json.message || json.title, json.hint].filter(Boolean).join(" — ");
}

export const byId = (id) => document.getElementById(id);

/** Creates an element with properties and children; text is never parsed as markup. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
