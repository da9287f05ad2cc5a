// Page to try the API: each operation of the OpenAPI document with a form, its response and the curl command.

import { byId, csrf, make, t } from "./lib.js";

const place = byId("operations");
const BODIES = new Set(["post", "put", "patch"]);

function example(schema, all, depth = 0) {
  if (!schema || depth > 4) return null;
  if (schema.$ref) return example(all[schema.$ref.split("/").pop()], all, depth + 1);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object" || schema.properties) return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, example(inner, all, depth + 1)]));
  if (type === "array") return [];
  return { integer: 1, number: 0, boolean: false, string: "" }[type] ?? null;
}

function operation(path, method, spec, all) {
  const fields = (spec.parameters ?? []).map((parameter) => {
    const input = make("input", { name: parameter.name, required: parameter.required && parameter.in === "path" });
    input.dataset.in = parameter.in;
    return make("label", { className: "field" }, parameter.name, input);
  });
  const schema = spec.requestBody?.content?.["application/json"]?.schema;
  const body = schema ? make("textarea", { rows: 5, spellcheck: false, value: JSON.stringify(example(schema, all), null, 2), ariaLabel: t("api.body") }) : null;
  const answer = make("pre", { hidden: true, tabIndex: 0 });
  const form = make("form", {}, make("div", { className: "two-fields" }, ...fields), body, make("button", { className: "button small" }, t("api.send")), answer);
  form.addEventListener("submit", (event) => { event.preventDefault(); send(form, path, method, body, answer); });
  return make("details", { className: "card operation" }, make("summary", {}, make("span", { className: `pill ${method === "get" ? "accent" : ""}` }, method.toUpperCase()), " ", make("code", {}, path), " ", make("span", { className: "quiet small" }, spec.summary ?? "")), form);
}

async function send(form, path, method, body, answer) {
  const query = new URLSearchParams();
  let address = path;
  for (const input of form.querySelectorAll("input")) {
    if (input.dataset.in === "path") address = address.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.in === "query" && input.value) query.set(input.name, input.value);
  }
  if (String(query)) address += `?${query}`;
  const headers = { "X-CSRFToken": csrf(), ...(body ? { "Content-Type": "application/json" } : {}) };
  const got = await fetch(address, { method: method.toUpperCase(), headers, credentials: "same-origin", body: body && BODIES.has(method) ? body.value : undefined });
  const text = await got.text();
  let shown = text;
  try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON */ }
  const data = body ? ` -H 'Content-Type: application/json' -d '${body.value.replace(/\s+/g, " ").replaceAll("'", "'\\''")}'` : "";
  answer.textContent = `${got.status} ${got.statusText}\n\n${shown.slice(0, 20000)}\n\n# curl\ncurl -X ${method.toUpperCase()} -H "Authorization: Bearer $VIGIE_TOKEN"${data} '${location.origin}${address}'`;
  answer.hidden = false;
}

const found = await (await fetch("/api/v1/openapi.json", { credentials: "same-origin" })).json();
const all = found.components?.schemas ?? {};
for (const [path, methods] of Object.entries(found.paths)) {
  for (const [method, spec] of Object.entries(methods)) if (typeof spec === "object" && spec.responses) place.append(operation(path, method, spec, all));
}
