// Uploads a file in parts, so that a broken connection costs one part.

import { api, byId, csrf, duration, problem, size, t } from "./lib.js";

const TYPES = /\.(csv|tsv|txt)(\.gz)?$|\.(xlsx|parquet)$/i;
const TRIES = 6;
const drop = byId("drop");
let current = null;

if (drop) {
  byId("file").addEventListener("change", () => byId("file").files[0] && send(byId("file").files[0]));
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => over(event, true));
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (event) => over(event, false));
  drop.addEventListener("drop", (event) => event.dataTransfer.files[0] && send(event.dataTransfer.files[0]));
  drop.addEventListener("submit", (event) => event.preventDefault());
  byId("stop").addEventListener("click", stop);
  // A file dropped beside the zone would otherwise replace the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
  addEventListener("beforeunload", (event) => current && event.preventDefault());
}

function over(event, inside) {
  event.preventDefault();
  if (current) return;
  drop.classList.toggle("over", inside);
  byId("drop-title").textContent = t(inside ? "upload.release" : "upload.drop");
}

function refusalOf(file) {
  if (!TYPES.test(file.name)) return t("upload.wrong_type");
  if (file.size === 0) return t("upload.empty_file");
  const limit = Number(drop.dataset.limit);
  return file.size > limit ? t("upload.too_large", { size: size(file.size), limit: size(limit) }) : "";
}

async function send(file) {
  if (current) return;
  const refused = refusalOf(file) || (drop.dataset.resume && file.name !== drop.dataset.name ? t("upload.resume_other", { name: drop.dataset.name }) : "");
  if (refused) return showProblem(refused);
  current = { stopped: false, request: null, id: null, began: performance.now() };
  const mine = current;
  show(true);
  byId("sending-title").textContent = t("upload.sending", { name: file.name });
  byId("sending-title").focus();
  progress(0, file.size);
  try {
    const resumed = drop.dataset.resume;
    const upload = await (resumed ? api(`/uploads/${resumed}`) : api("/uploads", { method: "POST", body: { name: file.name, size: file.size } }));
    const here = new Map((upload.received ?? []).map((part) => [part.number, part.sha256]));
    mine.id = upload.id;
    if (mine.stopped) return discard(mine); // stopped before the server had answered
    for (let number = 1, from = 0; from < file.size && !mine.stopped; number += 1, from += upload.part_bytes) {
      const part = file.slice(from, Math.min(from + upload.part_bytes, file.size));
      if (here.has(number) && (await sha256(part)) === here.get(number)) continue;
      await sendPart(mine, upload.id, number, part, (sent) => progress(from + sent, file.size));
    }
    if (mine.stopped) return;
    await api(`/uploads/${upload.id}/complete`, { method: "POST" });
    byId("sent-text").textContent = t("upload.received");
    byId("left-text").textContent = "";
    current = null;
    location.assign(drop.dataset.check.replace("ID", upload.id));
  } catch (error) {
    if (mine.stopped) return;
    // After a refusal nothing is left to resume; after a broken connection the list of files offers the rest.
    if (error.final || error.status || !mine.id) {
      discard(mine);
      finish(t("upload.failed", { why: error.message }));
    } else {
      drop.dataset.resume = mine.id;
      drop.dataset.name = file.name;
      finish(t("upload.broken", { why: error.message }));
    }
  }
}

/** The digest of a part; empty where the page is not served safely enough for it, so that the part is sent again. */
async function sha256(part) {
  if (!crypto.subtle) return "";
  const digest = await crypto.subtle.digest("SHA-256", await part.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends one part; retries with longer pauses while the connection is broken, but not after a refusal. */
async function sendPart(mine, id, number, part, report) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await put(mine, `/api/v1/uploads/${id}/parts/${number}`, part, report);
    } catch (error) {
      if (mine.stopped || error.final || attempt === TRIES) throw error;
      byId("left-text").textContent = t("upload.retry");
      await new Promise((done) => setTimeout(done, 500 * 2 ** attempt));
      if (mine.stopped) throw error;
    }
  }
}

// XMLHttpRequest, because fetch does not report upload progress.
function put(mine, address, part, report) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    mine.request = request;
    request.open("PUT", address);
    request.setRequestHeader("X-CSRFToken", csrf());
    request.setRequestHeader("Accept-Language", document.documentElement.lang);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => report(event.loaded));
    request.addEventListener("load", () => (request.status < 300 ? done() : failed(refusal(request))));
    request.addEventListener("error", () => failed(new Error(t("upload.offline"))));
    request.addEventListener("abort", () => failed(new Error("")));
    request.send(part);
  });
}

function refusal(request) {
  let text = "";
  try { text = problem(JSON.parse(request.responseText)); } catch { /* not our JSON */ }
  const error = new Error(text || `${request.status} ${request.statusText}`);
  error.final = request.status < 500 && request.status !== 429 && request.status !== 408;
  return error;
}

function progress(sent, all) {
  byId("sent").value = sent / all;
  byId("sent-text").textContent = t("upload.sent", { done: size(sent), all: size(all) });
  const seconds = (performance.now() - current.began) / 1000;
  byId("left-text").textContent = seconds > 2 && sent > 0 ? t("upload.left", { time: duration((seconds * (all - sent)) / sent) }) : "";
}

function stop() {
  if (!current) return;
  current.stopped = true;
  current.request?.abort();
  discard(current);
  finish(t("upload.stopped"));
}

function discard(mine) {
  if (mine.id) api(`/uploads/${mine.id}`, { method: "DELETE" }).catch(() => {});
}

function finish(text) {
  current = null;
  byId("file").value = "";
  show(false);
  showProblem(text);
}

function show(sending) {
  byId("choose").hidden = sending;
  byId("sending").hidden = !sending;
  byId("problem").hidden = true;
  drop.classList.remove("over");
}

function showProblem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = false;
}
