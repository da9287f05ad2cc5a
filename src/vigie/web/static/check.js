// Highlights changed roles, and offers to check again only then.

import { byId, t } from "./lib.js";

const form = byId("check"), again = byId("again"), status = byId("changed");
const boxes = [...form.querySelectorAll("select[data-found]")];

function count() {
  let changed = 0;
  for (const box of boxes) {
    const differs = box.value !== box.dataset.found;
    box.closest("tr").classList.toggle("changed", differs);
    changed += Number(differs);
  }
  if (again) {
    again.hidden = changed === 0;
    status.textContent = changed ? t("check.changed", { n: changed }) : t("check.ready");
  }
}

form.addEventListener("change", count);
// Browsers keep the fields over a reload.
count();
