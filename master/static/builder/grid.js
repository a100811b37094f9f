// A matrix as a grid of numbers, with rows and columns to add and to take away; large ones as text only.

import { say } from "../strings.js";
import { element } from "./element.js";
import { matrix, rowsOf } from "./language.js";

/** Rows and columns that are still seen at a glance. */
const MOST = 15;

/** The control of a matrix's parameter; see widgets.js. */
export function grid(parameter, id, changed) {
  const step = parameter.odd ? 2 : 1;
  const [mostRows, mostColumns] = parameter.longest ?? [MOST, MOST];
  const cells = element("div", { class: "grid-cells", role: "group", "aria-labelledby": `${id}-name` });
  const main = element("input", { type: "text", id, autocomplete: "off", spellcheck: "false", class: "grid-text" });
  const size = element("span", { class: "grid-size", role: "status" });
  const button = (axis, by) => {
    const label = say(`builder.${by > 0 ? "add" : "take"}_${axis}`);
    const made = element("button", { type: "button", class: "quiet", "aria-label": label }, by > 0 ? "+" : "−");
    made.addEventListener("click", () => resize(axis, by * step));
    return made;
  };
  const side = (axis) =>
    element("span", { class: "grid-side" }, say(`builder.${axis}`), button(axis, -1), button(axis, 1));
  const tools = element("div", { class: "grid-tools" }, size, side("rows"), side("columns"));
  const root = element("div", { class: "grid" }, cells, tools, main);
  let rows = null;

  main.addEventListener("input", () => {
    take(main.value);
    changed(main.value);
  });
  cells.addEventListener("input", (event) => {
    const { row, column } = event.target.dataset;
    rows[row][column] = event.target.value.trim();
    tell();
  });
  cells.addEventListener("keydown", walk);
  cells.addEventListener("paste", paste);

  function tell() {
    main.value = matrix(rows);
    changed(main.value);
  }

  function resize(axis, by) {
    if (!rows) return;
    const [height, width] = [rows.length, rows[0].length];
    const most = axis === "rows" ? mostRows : mostColumns;
    const now = axis === "rows" ? height : width;
    if (now + by < 1 || now + by > most) return;
    const extra = (count) => Array(count).fill("0");
    if (axis === "rows") rows = by > 0 ? [...rows, ...Array.from({ length: by }, () => extra(width))] : rows.slice(0, by);
    else rows = rows.map((row) => (by > 0 ? [...row, ...extra(by)] : row.slice(0, by)));
    draw();
    tell();
  }

  /** Show what a text says, as far as it can be shown. */
  function take(value) {
    rows = rowsOf(value);
    draw();
  }

  function draw() {
    const small = rows && rows.length <= MOST && rows[0].length <= MOST;
    cells.hidden = !small;
    size.textContent = rows ? say("builder.size", { rows: rows.length, columns: rows[0].length }) : "";
    if (!small) return;
    cells.style.setProperty("--columns", rows[0].length);
    const kept = [...cells.children];
    const wanted = rows.flatMap((row, at) => row.map((value, column) => [at, column, value]));
    cells.replaceChildren(...wanted.map(([row, column, value], index) => cell(kept[index], row, column, value)));
  }

  function cell(made, row, column, value) {
    made ??= element("input", { type: "text", autocomplete: "off" });
    made.dataset.row = row;
    made.dataset.column = column;
    made.value = value;
    made.setAttribute("aria-label", say("builder.cell", { row: row + 1, column: column + 1 }));
    return made;
  }

  function walk(event) {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0] }[event.key];
    if (!move) return;
    event.preventDefault();
    const { row, column } = event.target.dataset;
    cells.querySelector(`[data-row="${Number(row) + move[0]}"][data-column="${column}"]`)?.focus();
  }

  /** Numbers from a table fill the grid, whatever its size was. */
  function paste(event) {
    const lines = event.clipboardData.getData("text").trim().split(/[\n;]+/);
    const pasted = lines.map((line) => line.replace(/[[\]]/g, "").trim().split(/[\s,]+/));
    if (pasted.length === 1 && pasted[0].length === 1) return;
    event.preventDefault();
    if (!pasted.every((row) => row.length === pasted[0].length)) return;
    rows = pasted;
    draw();
    tell();
    cells.querySelector("input")?.focus();
  }

  return {
    root,
    main,
    set(value) {
      if (document.activeElement === main || value === main.value) return;
      main.value = value;
      if (!root.contains(document.activeElement)) take(value);
    },
    placehold: () => {},
  };
}
