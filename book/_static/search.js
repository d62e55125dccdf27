/* Search over search-data.js: ranks by where the words stand (what a page is about, title, heading, text), shows excerpts.
   Nothing is fetched, so it works from a file. */
(() => {
  const STOP = new Set("a an and are as at be by do does for from has have how i if in is it its me my of on or our should so that the their this to was what when where which who why will with you your we us can much many".split(" "));
  const WEIGHT = { about: 40, title: 14, heading: 4, text: 1 };
  const KIND = { notebooks: 1, book: 0.9, api: 0.25, "book/forms": 0.6, requirement: 0.5 };

  const stem = (word) => {
    let w = word.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
    if (w.length > 4) w = w.replace(/ies$/, "y").replace(/(sses|shes|ches|xes)$/, (m) => m.slice(0, -2)).replace(/([^su])s$/, "$1");
    if (w.length > 6) w = w.replace(/(ing|ed)$/, "");
    return w;
  };
  const words = (text) => (text.toLowerCase().replace(/[-‑’']/g, " ").match(/[\p{L}\p{N}]+/gu) ?? []);
  const stems = (text) => words(text).map(stem);

  const prepare = (book) => {
    const frequency = new Map();
    for (const section of book.sections) {
      section.stems = stems(section[3]);
      section.head = new Set(stems(section[2]));
      section.counts = new Map();
      for (const s of section.stems) section.counts.set(s, (section.counts.get(s) ?? 0) + 1);
      for (const s of section.counts.keys()) frequency.set(s, (frequency.get(s) ?? 0) + 1);
    }
    for (const page of book.pages) {
      page.title = new Set(stems(page[1]));
      page.about = page[3].map((phrase) => stems(phrase).join(" "));
    }
    const count = book.sections.length;
    book.rarity = (s) => Math.log(1 + (count - (frequency.get(s) ?? 0) + 0.5) / ((frequency.get(s) ?? 0) + 0.5));
    book.average = book.sections.reduce((sum, section) => sum + section.stems.length, 0) / count;
  };

  const search = (book, query) => {
    const all = stems(query), asked = words(query).filter((w) => !STOP.has(w)).map(stem);
    const terms = [...new Set(asked.length ? asked : all)];
    if (!terms.length) return [];
    const whole = all.join(" "), kept = terms.join(" "), joined = terms.join("");
    const results = book.pages.map((page, i) => ({ page, i, score: 0, best: null, found: new Set() }));
    for (const section of book.sections) {
      const result = results[section[0]];
      let score = 0;
      for (const term of terms) {
        const n = section.counts.get(term) ?? (terms.length > 1 ? section.counts.get(joined) : 0) ?? 0;
        if (n) {
          result.found.add(term);
          score += WEIGHT.text * book.rarity(term) * (n * 2.2) / (n + 1.2 * (0.25 + 0.75 * section.stems.length / book.average));
        }
        if (section.head.has(term)) { result.found.add(term); score += WEIGHT.heading * book.rarity(term) / Math.sqrt(section.head.size); }
      }
      if (terms.length > 1 && ` ${section.stems.join(" ")} `.includes(` ${kept} `)) score *= 1.6;
      if (score > (result.best?.score ?? 0)) result.best = { section, score };
    }
    for (const result of results) {
      const { page } = result;
      result.score = result.best?.score ?? 0;
      for (const term of terms)
        if (page.title.has(term)) { result.found.add(term); result.score += WEIGHT.title * book.rarity(term) / Math.sqrt(page.title.size) / terms.length; }
      if (page.about.some((phrase) => phrase === whole || phrase === kept)) {
        result.score += 4 * WEIGHT.about; terms.forEach((t) => result.found.add(t));
      } else {
        const hit = page.about.filter((phrase) => phrase.split(" ").every((w) => all.includes(w)));
        if (hit.length) { result.score += WEIGHT.about * Math.max(...hit.map((p) => p.split(" ").length)) / Math.max(1, terms.length); terms.forEach((t) => result.found.add(t)); }
      }
      result.score *= (KIND[page[2]] ?? 0.8) * (result.found.size / terms.length) ** 2;
    }
    return results.filter((r) => r.score > 0).sort((a, b) => b.score - a.score).slice(0, 25).map((r) => ({ ...r, terms }));
  };

  const excerpt = (text, terms) => {
    const sentences = text.match(/[^.!?]+(?:[.!?]+(?=\s|$)|$)|[^.!?]+[.!?]+/g) ?? [text];
    let best = 0, most = -1;
    sentences.forEach((sentence, i) => {
      const here = new Set(stems(sentence)), n = terms.filter((t) => here.has(t)).length;
      if (n > most) { most = n; best = i; }
    });
    let said = sentences.slice(best, best + 2).join("").trim();
    return said.length > 260 ? `${said.slice(0, 257)}…` : said;
  };

  const marked = (text, terms) => {
    const box = document.createElement("p");
    for (const piece of text.split(/([\p{L}\p{N}]+)/u)) {
      if (piece && terms.includes(stem(piece))) box.append(Object.assign(document.createElement("mark"), { textContent: piece }));
      else box.append(piece);
    }
    return box;
  };

  const show = (results, query) => {
    const root = document.getElementById("search-results");
    root.replaceChildren();
    root.append(Object.assign(document.createElement("p"), {
      className: "fine", role: "status",
      textContent: results.length ? `${results.length === 25 ? "The first 25" : results.length} page${results.length === 1 ? "" : "s"} for “${query}”` : `Nothing in this book for “${query}”.`,
    }));
    const list = document.createElement("ol");
    for (const { page, best, terms } of results) {
      const item = document.createElement("li");
      const at = best?.section, first = best && book.sections.find((s) => s[0] === at[0]) === at;
      const link = Object.assign(document.createElement("a"), { href: `${page[0]}.html${at && !first && at[1] ? `#${at[1]}` : ""}`, textContent: page[1] });
      item.append(link);
      if (at && !first && at[2]) item.append(Object.assign(document.createElement("span"), { className: "where", textContent: ` › ${at[2]}` }));
      if (at) item.append(marked(excerpt(at[3], terms), terms));
      list.append(item);
    }
    root.append(list);
  };

  const book = window.BOOK;
  prepare(book);
  window.bookSearch = (query) => search(book, query).map((r) => r.page[0]);
  const query = new URLSearchParams(location.search).get("q") ?? "";
  const field = document.querySelector("main form.bd-search input");
  if (field) { field.value = query; field.focus(); }
  if (query.trim()) show(search(book, query), query);
})();
