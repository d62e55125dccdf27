/* A table that is wider than its box is read row by row, each cell under the head of its column. Measured on the page:
   no guess from the width of the screen. Without this script such a table scrolls in its box. */
(() => {
  const WIDE = "auto, scroll";

  const heads = (table) => {
    const columns = [];
    for (const row of table.tHead?.rows ?? []) {
      let at = columns.length ? Math.max(0, columns.length - [...row.cells].reduce((sum, cell) => sum + cell.colSpan, 0)) : 0;
      for (const cell of row.cells)
        for (let i = 0; i < cell.colSpan; i++, at++)
          columns[at] = [columns[at], cell.classList.contains("index_name") ? "" : cell.textContent.trim()].filter(Boolean).join(" · ");
    }
    return columns;
  };

  /* Rows whose first cells are spanned from above are shorter: columns are counted from the right. */
  const label = (table) => {
    const columns = heads(table);
    for (const row of table.tBodies[0]?.rows ?? [])
      [...row.cells].reverse().forEach((cell, i) => (cell.dataset.head = columns.at(-1 - i) ?? ""));
  };

  const boxOf = (table) => {
    let box = table.parentElement;
    while (box && !WIDE.includes(getComputedStyle(box).overflowX)) box = box.parentElement;
    return box;
  };

  const fit = (table, box) => {
    table.classList.remove("stacked");
    table.classList.toggle("stacked", box.scrollWidth > box.clientWidth + 1);
  };

  addEventListener("DOMContentLoaded", () => {
    for (const table of document.querySelectorAll("main table:not(.ledger, .evidence, .indextable)")) {
      const box = boxOf(table);
      if (!box || !table.tHead) continue;
      label(table);
      table.dataset.corner = [...table.tHead.querySelectorAll("th.index_name")].map((cell) => cell.textContent.trim()).join(" ");
      let width = 0; // a table in a closed box has none; it is measured when the box opens
      new ResizeObserver(() => {
        if (box.clientWidth !== width && (width = box.clientWidth)) fit(table, box);
      }).observe(box);
    }
  });
})();
