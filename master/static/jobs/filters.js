// What the list is about, which is what the address says: so that it can be shared, and back and forward work.

import { lasting } from "../storage.js";

const NAMES = ["state", "batch", "code", "search", "since", "before"];
const TIMES = ["since", "before"];
const TYPING = 300;

const form = document.getElementById("filters");
const section = document.getElementById("jobs-section");

const filtersOf = (search) => {
  const told = new URLSearchParams(search);
  const found = Object.fromEntries(NAMES.map((name) => [name, told.get(name) ?? ""]));
  // typed by hand it is often small
  return { ...found, state: found.state.toUpperCase() };
};

/** The filters, as the API takes them. */
export function query() {
  return new URLSearchParams(Object.entries(filtersOf(location.search)).filter(([, value]) => value));
}

export const view = () => (section.dataset.view === "grid" ? "grid" : "table");

// --- times: where the reader is in the form, in UTC in the address --------------------------------------------------------

const two = (number) => String(number).padStart(2, "0");

function toLocal(text) {
  if (!text) return "";
  const [moment] = text.split("_");
  const date = new Date(Number(moment) ? Number(moment) * 1000 : moment);
  if (Number.isNaN(date.getTime())) return "";
  // a year that is being typed has one digit at first
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

const toAddress = (local) => (local ? new Date(local).toISOString().replace(/:\d\d\.\d+Z$/, "Z") : "");

// --- the address ----------------------------------------------------------------------------------------------------------

function addressWith(changes) {
  const wanted = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) wanted.set(name, value);
    else wanted.delete(name);
  }
  const text = wanted.toString();
  return `/${text ? `?${text}` : ""}`;
}

function write({ back = false } = {}) {
  const told = filtersOf(location.search);
  for (const link of form.querySelectorAll("a[data-state]")) {
    link.href = addressWith({ state: link.dataset.state, before: "" });
    link.toggleAttribute("aria-current", false);
    if (link.dataset.state === told.state) link.setAttribute("aria-current", "true");
  }
  for (const link of section.querySelectorAll(".views a")) {
    link.href = addressWith({ view: link.dataset.view });
    link.removeAttribute("aria-current");
    if (link.dataset.view === view()) link.setAttribute("aria-current", "true");
  }
  const values = { search: told.search, code: told.code, since: toLocal(told.since), before: toLocal(told.before) };
  for (const [name, value] of Object.entries(values)) {
    const input = form.elements[name];
    // what is being typed is further than the address, unless somebody went back
    if (input.value !== value && (back || input !== document.activeElement)) input.value = value;
  }
}

// the lists of failures and of a batch have parts that only the server makes
const isOther = (one, other) => one.batch !== other.batch || (one.state === "FAILED") !== (other.state === "FAILED");

let shown = filtersOf(location.search);
const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);

/** Follow what people filter by; `changed()` is called when the list is about something else, `seen()` for another view. */
export function followFilters(changed, seen) {
  let timer = 0;
  let typing = false;
  const moved = (how) => {
    const now = filtersOf(location.search);
    if (isOther(shown, now)) return location.reload();
    const same = NAMES.every((name) => shown[name] === now[name]);
    shown = now;
    write(how);
    if (!same) changed();
  };
  const go = (changes, { replace = false } = {}) => {
    const address = addressWith(changes);
    if (address === location.pathname + location.search) return;
    if (isOther(shown, filtersOf(new URL(address, location.href).search))) return location.assign(address);
    history[replace ? "replaceState" : "pushState"](null, "", address);
    moved();
  };

  window.addEventListener("popstate", () => {
    clearTimeout(timer);
    typing = false;
    look(new URLSearchParams(location.search).get("view") ?? view());
    moved({ back: true });
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-state]");
    if (!link || !plain(event)) return;
    event.preventDefault();
    go({ state: link.dataset.state, before: "" });
  });

  const typed = () => {
    clearTimeout(timer);
    go({ search: form.elements.search.value.trim(), before: "" }, { replace: typing });
    // what is typed in one go is one place to come back to
    typing = true;
  };
  form.elements.search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(typed, TYPING);
  });
  form.elements.search.addEventListener("blur", () => (typing = false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    typed();
  });
  form.addEventListener("change", (event) => {
    const { name, value } = event.target;
    if (name === "search") return;
    go({ [name]: TIMES.includes(name) ? toAddress(value) : value.trim(), ...(name === "batch" ? { before: "" } : {}) });
  });

  function look(wanted) {
    if (wanted === view() || !["table", "grid"].includes(wanted)) return;
    section.dataset.view = wanted;
    write();
    seen();
  }
  section.querySelector(".views").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || !plain(event)) return;
    event.preventDefault();
    lasting.set("tilework.view", link.dataset.view);
    history.pushState(null, "", addressWith({ view: link.dataset.view }));
    look(link.dataset.view);
  });
  if (!new URLSearchParams(location.search).has("view")) look(lasting.get("tilework.view") ?? "table");
  write();
}
