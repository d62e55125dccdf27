/* One switch for all code, remembered; without scripts each piece unfolds by itself. */
(() => {
  const KEY = "prudent-code", NAME = { false: "Show the code", true: "Hide the code" };
  const remembered = () => { try { return localStorage.getItem(KEY) === "shown"; } catch { return false; } };
  addEventListener("DOMContentLoaded", () => {
    const folds = [...document.querySelectorAll("details.code")];
    if (!folds.length) return;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "code-switch" });
    const show = (shown) => {
      for (const fold of folds) fold.open = shown;
      button.textContent = NAME[shown];
      button.dataset.shown = shown;
    };
    button.addEventListener("click", () => {
      const shown = button.dataset.shown !== "true";
      show(shown);
      try { localStorage.setItem(KEY, shown ? "shown" : "folded"); } catch { /* a file without storage: not remembered */ }
    });
    for (const fold of folds)
      fold.addEventListener("toggle", () => (fold.querySelector("summary").textContent = NAME[fold.open]));
    show(remembered());
    (document.querySelector(".header-article-items__end") ?? document.querySelector(".bd-header-article"))?.prepend(button);
  });
})();

/* Printed, what is folded is open, save the code, and paper is light. */
(() => {
  const opened = [], page = document.documentElement.dataset;
  let theme;
  addEventListener("beforeprint", () => {
    theme = page.theme;
    page.theme = "light";
    for (const fold of document.querySelectorAll("details:not([open], .code)")) { fold.open = true; opened.push(fold); }
  });
  addEventListener("afterprint", () => {
    if (theme) page.theme = theme;
    for (const fold of opened.splice(0)) fold.open = false;
  });
})();

/* The same page in the books that lie beside this one (editions.js): another plan's; of another version, its first page. */
addEventListener("DOMContentLoaded", () => {
  const list = window.EDITIONS ?? [], foot = document.querySelector(".provenance");
  if (!foot || !list.length) return;
  const root = new URL(document.documentElement.dataset.content_root ?? "./", location.href);
  const page = location.pathname.slice(root.pathname.length);
  const line = Object.assign(document.createElement("p"), { className: "editions", textContent: "The same page for: " });
  list.forEach(({ name, href, same }, i) => line.append(i ? ", " : "", Object.assign(document.createElement("a"), {
    href: new URL(`${href}/${same ? page : "index.html"}`, root).href, textContent: name })));
  const title = document.querySelector(".bd-article h1"); // where a reader sees first which plan this is
  title ? title.after(line) : foot.before(line);
});

/* On a phone a formula is set smaller rather than pushed sideways. */
(() => {
  const fit = () => {
    for (const box of document.querySelectorAll("main div.math")) {
      box.style.fontSize = "";
      if (innerWidth >= 700) continue;
      for (let size = 95; size >= 60 && box.scrollWidth > box.clientWidth + 1; size -= 5) box.style.fontSize = `${size}%`;
    }
  };
  addEventListener("DOMContentLoaded", fit);
  addEventListener("resize", fit);
})();

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
      [...row.cells].reverse().forEach((cell, i) => {
        cell.dataset.head = columns.at(-1 - i) ?? "";
        cell.classList.toggle("nothing", !cell.textContent.trim());
      });
  };

  const boxOf = (table) => {
    let box = table.parentElement;
    while (box && !WIDE.includes(getComputedStyle(box).overflowX)) box = box.parentElement;
    return box;
  };

  /* On a desktop a table stays one: it is set smaller, and if that is not enough it scrolls, with the keys, too. */
  const fit = (table, box) => {
    const wide = () => box.scrollWidth > box.clientWidth + 1;
    table.classList.remove("stacked", "tight");
    if (wide()) table.classList.add(innerWidth < 700 ? "stacked" : "tight");
    if (innerWidth >= 700 && wide()) {
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", "wide table");
    }
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
