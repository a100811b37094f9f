// The beginning of a report: a CSV as a table, all else as the text that it is.

import { shown } from "../dom.js";
import { ask } from "../session.js";
import { say } from "../strings.js";

const MOST_ROWS = 200;

/** Show the report of a job in `figure`, once. */
export async function showReport(figure, job) {
  const key = `${job.result_key}`;
  if (figure.dataset.key === key) return;
  figure.dataset.key = key;
  const response = await ask(`/api/jobs/${encodeURIComponent(job.id)}/report`, { headers: { Accept: "application/json" } });
  if (!response.ok) return;
  const told = await response.json();
  const body = told.format === "csv" ? table(told.text) : text(told);
  figure.querySelector("[data-report=text]").replaceChildren(body);
  figure.querySelector("[data-report=told]").textContent = say(told.truncated ? "viewer.report_cut" : "viewer.report_whole", {
    bytes: told.bytes,
  });
  figure.hidden = false;
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
