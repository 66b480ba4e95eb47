"use strict";
// Tables sort by the heading that is pressed; undefined values ("-") come last.
function seconds(text) {
  const units = { h: 3600, min: 60, s: 1 };
  const parts = [...text.matchAll(/(\d+) (h|min|s)/g)];
  return parts.reduce((sum, [, count, unit]) => sum + count * units[unit], 0);
}
function value(cell) {
  const text = cell.textContent.trim().replace(/\u2212/g, "-").replace(/,/g, "");
  if (/^(\d+ (h|min|s) ?)+$/.test(text)) return seconds(text);
  const found = text.match(/^[<+]?\s*(-?\d+(\.\d+)?)/);
  return found ? parseFloat(found[1]) : text === "-" ? null : text.toLowerCase();
}
function compare(a, b) {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
}
function sort(table, column, head) {
  const down = head.getAttribute("aria-sort") === "ascending";
  const rows = [...table.tBodies[0].rows].map((row) => ({ row, key: value(row.cells[column]) }));
  const sign = down ? -1 : 1;
  rows.sort((a, b) => (a.key === null || b.key === null ? 1 : sign) * compare(a.key, b.key));
  for (const th of table.tHead.rows[0].cells) th.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  table.tBodies[0].append(...rows.map((item) => item.row));
}
for (const table of document.querySelectorAll("table")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, column, head));
    head.append(button);
  });
}
// Buttons beside a map leave only the points of a class or speaker bright.
for (const map of document.querySelectorAll(".map")) {
  const buttons = [...map.querySelectorAll(".keys button")];
  function show() {
    const pressed = buttons.filter((button) => button.getAttribute("aria-pressed") === "true");
    for (const point of map.querySelectorAll("circle")) {
      const shown = pressed.every((button) => point.dataset[button.dataset.key] === button.value);
      point.classList.toggle("dim", !shown);
    }
  }
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") === "true";
      for (const other of buttons) {
        if (other.dataset.key === button.dataset.key) other.setAttribute("aria-pressed", "false");
      }
      button.setAttribute("aria-pressed", String(!on));
      show();
    });
  }
}
// What a link leads to is opened; on paper everything is.
function reveal() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") target.open = true;
}
addEventListener("hashchange", reveal);
reveal();
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
