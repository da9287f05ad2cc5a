// On every page: theme, local times, confirmation of deletions, copying of secrets, menus.

const theme = document.getElementById("theme");
if (theme) {
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  });
}

// The server writes times in UTC; they are converted to the browser's time zone.
const clock = new Intl.DateTimeFormat(document.documentElement.lang.replace(/^en$/, "en-GB"), { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) time.textContent = clock.format(new Date(time.dateTime));

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.sure ?? event.target.dataset.sure;
  if (question && !confirm(question)) event.preventDefault();
});

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent.trim());
    copy.textContent = copy.dataset.copied;
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A refused form keeps what was typed: fields are remembered when a form is sent, and filled in again after an error.
const FORM = "vigie-form";
const typed = (form) => [...form.elements].filter((field) => field.name && !["password", "hidden", "file", "submit", "button"].includes(field.type) && (field.type !== "radio" || field.checked));

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  const fields = typed(event.target).map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]);
  sessionStorage.setItem(FORM, JSON.stringify({ page: location.pathname, action: event.target.getAttribute("action"), fields }));
});

function refill() {
  const kept = JSON.parse(sessionStorage.getItem(FORM) ?? "null");
  const refused = document.querySelector(".notes .signal") || kept?.back;
  if (!kept || kept.page !== location.pathname) return;
  sessionStorage.removeItem(FORM);
  if (!refused) return;
  const form = [...document.forms].find((one) => one.getAttribute("action") === kept.action);
  for (const field of form ? typed(form) : []) {
    const found = kept.fields.find(([name]) => name === field.name);
    if (!found) continue;
    if (field.type === "checkbox") field.checked = found[1];
    else field.value = found[1];
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

const way = document.querySelector("[data-refill]");
way?.addEventListener("click", () => {
  const kept = JSON.parse(sessionStorage.getItem(FORM) ?? "null");
  if (kept) sessionStorage.setItem(FORM, JSON.stringify({ ...kept, back: true }));
});
if (!way) refill();
