// Polls a run and shows its progress; a reload loses nothing.

import { api, byId, duration, percent, t, whole } from "./lib.js";

const id = byId("watch").dataset.run;
const stages = [...document.querySelectorAll("[data-stage]")];
let wait = 400, announced = "", failures = 0;

function show(run) {
  const running = run.state === "running";
  byId("percent").textContent = running ? percent(run.share) : "–";
  if (running) byId("share").value = run.share;
  else byId("share").removeAttribute("value");
  const at = stages.findIndex(({ dataset }) => run.stage === dataset.stage || run.stage.startsWith(`${dataset.stage},`) || run.stage.startsWith(`${dataset.stage} `));
  stages.forEach((stage, i) => {
    stage.className = i < at ? "past" : i === at ? "now" : "";
    if (i === at) stage.setAttribute("aria-current", "step");
    else stage.removeAttribute("aria-current");
  });
  byId("status").textContent = running ? runningText(run) : queuedText(run);
  if (running && run.stage !== announced && at >= 0) {
    announced = run.stage;
    byId("announcement").textContent = stages[at].textContent;
  }
}

function runningText(run) {
  const parts = [];
  if (run.stage === "scoring" && run.rows && run.rows_done > 0) parts.push(t("progress.rows_done", { done: whole(run.rows_done), all: whole(run.rows) }));
  if (run.seconds_left !== null) parts.push(run.seconds_left < 4 ? t("progress.soon") : t("progress.left", { time: duration(run.seconds_left) }));
  return parts.join(" · ") || "\u00a0";
}

function queuedText(run) {
  const before = run.position > 0 ? t("progress.position", { n: run.position }) : run.position === 0 ? t("progress.next") : "";
  const wait = run.wait_seconds >= 4 ? t("progress.wait", { time: duration(run.wait_seconds) }) : "";
  return `${t("progress.queued")} ${before} ${wait}`.trim();
}

async function poll() {
  try {
    const run = await api(`/predictions/${id}`);
    failures = 0;
    if (run.state !== "queued" && run.state !== "running") return location.reload();
    show(run);
    wait = run.state === "running" ? 600 : Math.min(wait * 1.2, 3000);
  } catch (error) {
    if (error.status === 401 || error.status === 404) return location.reload();
    failures += 1;
    if (failures === 3) byId("status").textContent = t("progress.quiet");
    wait = Math.min(wait * 1.5, 8000);
  }
  setTimeout(poll, wait);
}
poll();
