// Waits until the columns of an upload are understood; a reload at any time does no harm.

import { api, byId } from "./lib.js";

const id = byId("reading").dataset.upload;
let wait = 300;

async function ask() {
  try {
    const upload = await api(`/uploads/${id}`);
    if (upload.state === "ready" || upload.state === "refused") return location.reload();
  } catch (error) {
    if (error.status === 401 || error.status === 404) return location.reload();
  }
  wait = Math.min(wait * 1.3, 3000);
  setTimeout(ask, wait);
}
ask();
