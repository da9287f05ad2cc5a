// Polls an upload until it is inspected, then reloads the page.

import { api, byId } from "./lib.js";

const id = byId("inspecting").dataset.upload;
let wait = 300;

async function poll() {
  try {
    const upload = await api(`/uploads/${id}`);
    if (upload.state === "ready" || upload.state === "refused") return location.reload();
  } catch (error) {
    if (error.status === 401 || error.status === 404) return location.reload();
  }
  wait = Math.min(wait * 1.3, 3000);
  setTimeout(poll, wait);
}
poll();
