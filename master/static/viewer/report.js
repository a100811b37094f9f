// The beginning of a report: a CSV as a table, all else as the text that it is.

import { shown } from "../dom.js";
import { seen } from "../polling.js";
import { mayPass } from "../problems.js";
import { ask } from "../session.js";
import { say } from "../strings.js";

const MOST_ROWS = 200;
// milliseconds until it is asked for again; they double
const SOONEST_MS = 1000;
const LATEST_MS = 30000;

/** Show the report of a job in `figure`, once. */
export async function showReport(figure, job) {
  const key = `${job.result_key}`;
  if (figure.dataset.key === key) return;
  figure.dataset.key = key;
  const told = await reportOf(job);
  if (!told) return;
  const body = told.format === "csv" ? table(told.text) : text(told);
  figure.querySelector("[data-report=text]").replaceChildren(body);
  figure.querySelector("[data-report=told]").textContent = say(told.truncated ? "viewer.report_cut" : "viewer.report_whole", {
    bytes: told.bytes,
  });
  figure.hidden = false;
}

/** What the report says, however long nobody can tell; null where there is none to be read. */
async function reportOf(job) {
  for (let pause = SOONEST_MS; ; pause = Math.min(LATEST_MS, 2 * pause)) {
    try {
      const response = await ask(`/api/jobs/${encodeURIComponent(job.id)}/report`, { headers: { Accept: "application/json" } });
      if (response.ok) return await response.json();
      if (!mayPass(response.status)) return null;
    } catch {
      // nobody answers
    }
    await new Promise((over) => setTimeout(over, pause));
    await seen();
  }
}

function text(told) {
  const element = document.createElement("pre");
  let written = told.text;
  if (told.format === "json" && !told.truncated) {
    try {
      written = JSON.stringify(JSON.parse(written), null, 2);
    } catch {
      // shown as it is
    }
  }
  element.textContent = written;
  return element;
}

function table(written) {
  const lines = written.split(/\r?\n/).filter(Boolean).slice(0, MOST_ROWS);
  const element = document.createElement("table");
  lines.forEach((line, index) => {
    const row = element.insertRow();
    for (const value of cells(line)) {
      const cell = document.createElement(index ? "td" : "th");
      if (!index) cell.scope = "col";
      cell.textContent = shown(value);
      if (index && value !== "" && !Number.isNaN(Number(value))) cell.className = "number";
      row.append(cell);
    }
  });
  return element;
}

/** The fields of a line of CSV (RFC 4180); a quoted line break is none of ours. */
function cells(line) {
  const found = [];
  for (const [, quoted, bare] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    found.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
  }
  return found;
}
