"use strict";
// What the page does beyond being read: it sorts tables, opens what is folded when it is printed,
// and changes between light and dark. Without a script everything is there all the same.
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // -- sorting -------------------------------------------------------------------------------

  const LENGTHS = { ms: 1e-3, s: 1, min: 60, h: 3600, d: 86400 };
  const LENGTH = /^(?:\d+(?:\.\d+)?(?:e[+-]?\d+)? (?:ms|s|min|h|d)(?: |$))+/;
  const POWER = /^\(([^)]*)\)(e[+-]?\d+)/;
  const NUMBER = /^[\s(\[<>=~x]*([+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf))(?=$|[\s,;%)\]]|:(?!\d))/;
  const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  /** The number that a text begins with, in seconds where it is a length of time; else NaN. */
  function value(text) {
    const length = LENGTH.exec(text);
    if (length) {
      const parts = length[0].trim().split(" ");
      return parts.reduce((sum, part, i) => sum + (i % 2 ? parts[i - 1] * LENGTHS[part] : 0), 0);
    }
    const power = POWER.exec(text); // (9.9186 ± 0.0024)e+07
    const found = NUMBER.exec(power ? power[1] : text);
    if (!found) return NaN;
    return Number(found[1].replace("inf", "Infinity") + (power ? power[2] : ""));
  }

  function said(cell) {
    const text = cell ? cell.dataset.value ?? cell.textContent : "";
    return text.replace(/\s+/g, " ").replace(/\u2212/g, "-").trim();
  }

  /** Order two cells: numbers by size, words by the alphabet, nothing always last. */
  function compare(a, b, sign, numeric) {
    if (!a.text || !b.text) return (a.text ? 0 : 1) - (b.text ? 0 : 1);
    if (!numeric) return sign * words.compare(a.text, b.text);
    const known = [!Number.isNaN(a.value), !Number.isNaN(b.value)];
    if (!known[0] || !known[1]) return known[1] - known[0];
    return sign * (a.value < b.value ? -1 : a.value > b.value ? 1 : 0);
  }

  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
  const status = document.createElement("p");
  status.className = "unseen";
  status.setAttribute("role", "status");

  function sort(table, heading, column, original) {
    const order = NEXT[heading.getAttribute("aria-sort") || "none"];
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    const body = table.tBodies[0];
    let rows = original;
    if (order !== "none") {
      heading.setAttribute("aria-sort", order);
      const cells = [...body.rows].map((row) => {
        const text = said(row.cells[column]);
        return { row, text, value: value(text) };
      });
      const there = cells.filter((cell) => cell.text);
      const isNumber = (cell) => !Number.isNaN(cell.value);
      const numeric = heading.classList.contains("number")
        ? there.some(isNumber) : there.every(isNumber);
      const sign = order === "ascending" ? 1 : -1;
      rows = cells.sort((a, b) => compare(a, b, sign, numeric)).map((cell) => cell.row);
    }
    body.append(...rows);
    status.textContent = `Sorted by ${heading.textContent}: ${order === "none" ? "as it was" : order}`;
  }

  function sortable(table) {
    const original = [...table.tBodies[0].rows];
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(table, heading, column, original));
      heading.append(button);
    });
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    if (!table.closest("#live")) sortable(table); // what is replaced all the time keeps its order
  }
  document.body.append(status);

  // -- what can be scrolled ------------------------------------------------------------------

  /** Only what is wider than its place is a stop of the tabulator key. */
  const fits = new ResizeObserver((entries) => {
    for (const { target } of entries) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
  });
  document.querySelectorAll(".scroll").forEach((box) => fits.observe(box));

  // -- what is folded ------------------------------------------------------------------------

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const box of closed) box.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const box of closed) box.open = false;
  });

  // -- light and dark ------------------------------------------------------------------------

  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const toggle = document.createElement("button");
  toggle.type = "button";
  toggle.className = "theme";
  const isDark = () => (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  const name = () => { toggle.textContent = isDark() ? "Light page" : "Dark page"; };
  toggle.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  system.addEventListener("change", name);
  name();
  (document.querySelector("main") || document.body).prepend(toggle);
})();
