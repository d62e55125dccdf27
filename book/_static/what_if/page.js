/* The page What if: three instruments of native controls, each in place of the static figure that stands there without
   scripts. What is computed is in solver.js, lives.js and menu.js; here it is asked for and shown. */
"use strict";
(() => {
  const { Frontier, Infeasible, Lives, constantMix, bestOf, yearsLost } = WhatIf;
  const SVG = "http://www.w3.org/2000/svg";
  let ids = 0;

  const percent = (x, digits = 1) => `${(100 * x).toFixed(digits).replace(/^-(0\.?0*)$/, "$1")}%`;
  const dollars = (x) => `$${Math.round(x).toLocaleString("en-US")}`;
  const points = (x, digits = 1) => (1e4 * x).toFixed(digits).replace(/^-(0\.?0*)$/, "$1");
  const capital = (text) => text[0].toUpperCase() + text.slice(1);

  function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
  }
  function s(tag, attributes = {}, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  /* ---- controls ---- */

  /* A number that can be dragged or typed. `shape` bends the slider: 2 gives small numbers more room. */
  function dial({ label, min, max, step, value, unit = "", shape = 1, digits = null }, changed) {
    const id = `wi-${++ids}`;
    const shown = (x) => (digits === null ? String(+x.toFixed(6)) : x.toFixed(digits));
    const toSlider = (x) => 1000 * ((x - min) / (max - min)) ** (1 / shape);
    const fromSlider = (x) => Math.round((min + (max - min) * (x / 1000) ** shape) / step) * step;
    const slider = h("input", { type: "range", min: 0, max: 1000, step: 1, "aria-label": `${label}, slider` });
    const number = h("input", { type: "number", id, min, max, step, inputmode: "decimal" });
    let now = value;
    const show = () => {
      slider.value = toSlider(now);
      slider.setAttribute("aria-valuetext", `${shown(now)} ${unit}`);
    };
    slider.addEventListener("input", () => {
      now = Math.min(Math.max(fromSlider(+slider.value), min), max);
      number.value = shown(now);
      slider.setAttribute("aria-valuetext", `${shown(now)} ${unit}`);
      changed(now);
    });
    slider.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (!by) return;
      event.preventDefault();
      element.set(Math.min(Math.max(now + by * step, min), max));
      changed(now);
    });
    number.addEventListener("input", () => {
      const typed = number.value === "" ? NaN : +number.value;
      number.toggleAttribute("aria-invalid", !(typed >= min && typed <= max));
      if (!(typed >= min && typed <= max)) return;
      now = typed;
      show();
      changed(now);
    });
    const element = h("div", { class: "wi-dial" }, h("label", { for: id }, label), h("span", { class: "wi-number" }, number, h("span", { class: "wi-unit" }, unit)), slider);
    element.set = (x) => {
      now = x;
      number.value = shown(now);
      number.removeAttribute("aria-invalid");
      show();
    };
    element.set(value);
    return element;
  }

  function choice(label, options, value, changed) {
    const id = `wi-${++ids}`;
    const select = h("select", { id, onchange: () => changed(select.value) }, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
    const element = h("div", { class: "wi-choice" }, h("label", { for: id }, label), select);
    element.set = (x) => (select.value = x);
    return element;
  }

  function radios(legend, options, value, changed) {
    const name = `wi-${++ids}`;
    return h("fieldset", { class: "wi-radios" }, h("legend", {}, legend), options.map(([key, text]) =>
      h("label", {}, h("input", { type: "radio", name, value: key, checked: key === value, onchange: () => changed(key) }), text)));
  }

  /* What is said aloud waits until the controls rest; what is seen does not. */
  function spoken() {
    const seen = h("p", { class: "wi-says" });
    const heard = h("p", { class: "wi-heard", role: "status", "aria-live": "polite" });
    let timer = 0;
    return { box: h("div", { class: "wi-said" }, seen, heard), say(text) {
      seen.textContent = text;
      clearTimeout(timer);
      timer = setTimeout(() => (heard.textContent = text), 600);
    } };
  }

  /* ---- plots ---- */

  function ticks(low, high, most) {
    const rough = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((m) => m * power >= rough) * power;
    const found = [];
    for (let x = Math.ceil(low / step - 1e-9) * step; x <= high + 1e-9 * step; x += step) found.push(+x.toFixed(10));
    return found;
  }

  const LETTER = 6.6; // pixels of a letter at 13 px, on average

  /* A plot that is drawn again for the width it has, so that lettering keeps its size. */
  function plot(height, draw) {
    const box = h("div", { class: "wi-plot" });
    const again = () => {
      const width = Math.max(box.clientWidth, 240);
      box.replaceChildren(draw(width, height));
    };
    let width = 0;
    new ResizeObserver(() => {
      if (box.clientWidth !== width && (width = box.clientWidth)) again();
    }).observe(box);
    return { box, again: () => width && again() };
  }

  function frame(width, height, { x, y, label }) {
    const [left, right, top, bottom] = [46, 18, 26, 44];
    const at = {
      x: (v) => left + ((v - x.low) / (x.high - x.low)) * (width - left - right),
      y: (v) => height - bottom - ((v - y.low) / (y.high - y.low)) * (height - top - bottom),
    };
    const svg = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
    for (const v of ticks(y.low, y.high, 5))
      svg.append(s("line", { class: "wi-grid", x1: left, x2: width - right, y1: at.y(v), y2: at.y(v) }),
        s("text", { class: "wi-tick", x: left - 7, y: at.y(v) + 4, "text-anchor": "end" }, y.format(v)));
    for (const v of ticks(x.low, x.high, width < 480 ? 4 : 7))
      svg.append(s("text", { class: "wi-tick", x: at.x(v), y: height - bottom + 19, "text-anchor": "middle" }, x.format(v)));
    svg.append(s("line", { class: "wi-axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }),
      s("text", { class: "wi-name", x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, x.name),
      s("text", { class: "wi-name", x: 2, y: 13 }, y.name));
    return { svg, at, area: { left, right: width - right, top, bottom: height - bottom } };
  }

  const path = (pairs) => pairs.map(([a, b], i) => `${i ? "L" : "M"}${a.toFixed(1)} ${b.toFixed(1)}`).join("");
  const SHAPES = {
    circle: (x, y) => s("circle", { cx: x, cy: y, r: 6.5 }),
    square: (x, y) => s("rect", { x: x - 5, y: y - 5, width: 10, height: 10 }),
    triangle: (x, y) => s("path", { d: `M${x} ${y - 6.5}L${x + 6} ${y + 4.5}H${x - 6}Z` }),
    diamond: (x, y) => s("path", { d: `M${x} ${y - 7}L${x + 6} ${y}L${x} ${y + 7}L${x - 6} ${y}Z` }),
    cross: (x, y) => s("path", { d: `M${x - 5} ${y - 5}L${x + 5} ${y + 5}M${x + 5} ${y - 5}L${x - 5} ${y + 5}` }),
  };

  /* Marks with their names beside them: each name goes where it touches no other and stays inside. */
  function marks(svg, area, list, obstacles) {
    const taken = [...list.map(({ x, y }) => [x - 8, y - 8, x + 8, y + 8]), ...obstacles.map(([x, y]) => [x - 2, y - 2, x + 2, y + 2])];
    const overlaps = (box) => taken.reduce((sum, t) => sum + Math.max(0, Math.min(box[2], t[2]) - Math.max(box[0], t[0])) * Math.max(0, Math.min(box[3], t[3]) - Math.max(box[1], t[1])), 0);
    for (const mark of list) {
      svg.append(s("g", { class: `wi-mark ${mark.style}` }, SHAPES[mark.shape](mark.x, mark.y)));
      if (!mark.name) continue;
      const long = mark.name.length * LETTER;
      let best = null;
      for (const away of [12, 26, 42, 58, 76])
        for (const [dx, dy] of [[1, 0], [-1, 0], [1, 0.8], [-1, 0.8], [1, -0.8], [-1, -0.8], [0, 1], [0, -1]]) {
          const cx = mark.x + dx * 12 + (dx > 0 ? 0 : dx < 0 ? -long : -long / 2);
          const cy = mark.y + dy * away + 4;
          if (dy === 0 && away > 12) continue;
          const x = Math.min(Math.max(cx, area.left + 2), area.right - long);
          const box = [x, cy - 12, x + long, cy + 4];
          const out = Math.max(0, area.top - 12 - box[1]) + Math.max(0, box[3] - area.bottom + 2);
          const cost = overlaps(box) + 40 * out + away + 2 * Math.abs(x - cx);
          if (!best || cost < best.cost) best = { cost, x, y: cy, box };
        }
      taken.push(best.box);
      const middle = [Math.min(Math.max(mark.x, best.box[0]), best.box[2]), best.y < mark.y ? best.box[3] : best.box[1]];
      if (Math.abs(best.y - 4 - mark.y) > 20) svg.append(s("line", { class: "wi-leader", x1: mark.x, y1: mark.y + (best.y < mark.y ? -8 : 8), x2: middle[0], y2: middle[1] }));
      svg.append(s("text", { class: `wi-label ${mark.style}`, x: best.x, y: best.y }, mark.name));
    }
  }

  /* ---- tables ---- */

  const titled = (title, note) => [h("b", {}, title), note ? ` ${note}` : ""];
  function table([title, note], heads, rows, empty = "") {
    if (!rows.length) return h("div", {}, h("p", { class: "wi-caption" }, titled(title)), h("p", {}, empty));
    return h("table", { class: "wi-table" }, h("caption", {}, titled(title, note)),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map(([name, ...cells]) => h("tr", {}, h("th", { scope: "row" }, name), cells.map((cell) => h("td", {}, cell))))));
  }

  function bar(share, text, before = null) {
    return h("span", { class: "wi-bar" }, h("span", { class: "wi-track", "aria-hidden": "true" },
      h("span", { class: "wi-fill", style: `width:${(100 * share).toFixed(2)}%` }),
      before === null ? null : h("span", { class: "wi-before", style: `left:${(100 * before).toFixed(2)}%` })), h("span", { class: "wi-value" }, text));
  }

  const among = (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);
  const conflict = (titles) => `No portfolio obeys these limits together: ${among(titles)}. Widen one of them.`;

  /* ---- posture ---- */

  const GOALS = {
    aversion: { name: "a risk aversion", label: "Risk aversion A", min: 0, max: 100, step: 0.1, shape: 2.5, unit: "" },
    risk: { name: "the most risk", label: "Risk at most, a year", min: 1, max: 25, step: 0.1, unit: "%" },
    return: { name: "the least return", label: "Return at least, a year", min: 2, max: 10, step: 0.05, unit: "%" },
  };
  const STILL = ["fully invested", "long only"];

  function postureInstrument(place, data, shared) {
    const state = { posture: data.posture, goal: "aversion", asked: {}, rules: [] };
    const says = spoken();
    const dials = h("div", { class: "wi-dials" });
    const goal = h("div");
    const results = { weights: h("div"), rivals: h("div"), prices: h("div") };
    const chart = plot(340, (width, height) => draw(width, height));
    let line = null;
    let found = null;

    function reset() {
      const { aversion, rules } = data.postures[state.posture];
      state.rules = structuredClone(rules);
      state.asked = { aversion };
      moveLimits();
      trace();
      const best = line.maximumUtility(aversion);
      state.asked.risk = Math.round(1e4 * best.risk) / 1e4;
      state.asked.return = Math.round(1e4 * best.mean) / 1e4;
      askGoal();
    }

    function askGoal() {
      const { label, unit, ...rest } = GOALS[state.goal];
      const scale = unit === "%" ? 100 : 1;
      goal.replaceChildren(dial({ label, unit, ...rest, value: +(scale * state.asked[state.goal]).toFixed(4) }, (x) => {
        state.asked[state.goal] = x / scale;
        show();
      }));
    }

    /* One dial for each limit that a reader may move; the bands around the reference are folded away. */
    function moveLimits() {
      const open = [];
      const more = [];
      for (const rule of state.rules) {
        if (STILL.includes(rule.name)) continue;
        for (const side of ["lower", "upper"]) {
          const many = !rule.row;
          const values = many ? (rule[side] ?? []).filter((x) => x !== null) : [rule[side]].filter((x) => x !== null);
          if (!values.length || Math.max(...values) === 0 || Math.min(...values) !== Math.max(...values)) continue;
          const value = +(100 * values[0]).toFixed(4);
          const name = `${capital(rule.title)}: ${side === "lower" ? "at least" : "at most"}`;
          const one = dial({ label: name, min: Math.min(0, Math.floor(value)), max: Math.max(100, Math.ceil(value)), step: 1, unit: "%", value }, (x) => {
            rule[side] = many ? rule[side].map((y) => (y === null ? null : x / 100)) : x / 100;
            trace();
            show();
          });
          (rule.clause.includes("reference_bands") || (many && values.length < 2) ? more : open).push(one);
        }
      }
      const folded = more.length ? h("details", {}, h("summary", {}, `${more.length} further limits`), more) : null;
      dials.replaceChildren(...[...open, folded].filter(Boolean));
    }

    function trace() {
      try {
        line = new Frontier(data.mu, data.sigma, data.rf, state.rules);
        line.points = line.curve();
      } catch (error) {
        if (!(error instanceof Infeasible)) throw error;
        line = { refused: error.rules };
      }
    }

    const rivals = () => data.rivals.filter((one) => one.kind !== "default");
    function usual() {
      const dates = data.rivals.filter((one) => one.kind === "default");
      const near = (one) => Math.abs(one.risk - found.risk);
      return dates.sort((a, b) => near(a) - near(b))[0] ?? null;
    }

    function show() {
      shared.portfolio = found = null;
      if (line.refused) says.say(conflict(state.rules.filter((rule) => line.refused.includes(rule.name)).map((rule) => rule.title)));
      else {
        const asked = state.asked[state.goal];
        found = { aversion: () => line.maximumUtility(asked), risk: () => line.targetRisk(asked), return: () => line.targetReturn(asked) }[state.goal]();
        const least = line.points[0];
        const most = line.points.at(-1);
        if (!found) says.say(state.goal === "risk" ? `The least risk that these limits allow is ${percent(least[0], 2)} a year.` : `The highest return that these limits allow is ${percent(most[1], 2)} a year.`);
        else {
          shared.portfolio = found.w;
          const held = found.w.filter((x) => x > 5e-5).length;
          says.say(`Expected return ${percent(found.mean, 2)} a year, risk ${percent(found.risk, 2)}, Sharpe ratio ${found.sharpe.toFixed(2)}, ${held} funds.`);
        }
      }
      chart.again();
      for (const box of Object.values(results)) box.replaceChildren();
      if (found) tables();
      shared.changed();
    }

    function tables() {
      const shown = [...found.w].map((w, i) => [w, data.funds[i].name]).filter(([w]) => w > 5e-5).sort((a, b) => b[0] - a[0]);
      results.weights.append(table(["What is held"], ["fund", "share"], shown.map(([w, name]) => [name, bar(w, percent(w))])));
      const rows = [["this portfolio", found, false], ...rivals().map((one) => [one.name, one, true])];
      const standard = usual();
      if (standard) rows.push([`the default: ${standard.name}`, standard, true]);
      results.rivals.append(table(["Beside naive rules and the default.", "Ahead: by how much the best portfolio under these limits would out-earn it at its own risk, basis points a year."],
        ["", "return", "risk", "Sharpe", "ahead"], rows.map(([name, one, compare]) => {
          const same = compare ? line.targetRisk(one.risk) : null;
          return [name, percent(one.mean, 2), percent(one.risk, 2), ((one.mean - data.rf) / one.risk).toFixed(2), same ? points(same.mean - one.mean, 0) : compare ? "too safe" : "–"];
        })));
      const priced = Object.entries(found.prices).filter(([name, x]) => !STILL.includes(name) && x > 5e-7).sort((a, b) => b[1] - a[1]);
      const titles = Object.fromEntries(state.rules.map((rule) => [rule.name, rule.title]));
      const what = found.unit === "risk" ? "risk saved" : "return gained";
      results.prices.append(table(["What each rule costs.", `${capital(what)} by one more point of its limit, basis points a year.`], ["rule that binds", "price"],
        priced.map(([name, x]) => [titles[name], points(x / 100, 2)]), "No rule binds."));
    }

    function draw(width, height) {
      if (!line || line.refused) return h("p", { class: "wi-none" }, "No portfolio to draw.");
      const all = [...line.points, ...data.rivals.map((one) => [one.risk, one.mean])];
      const span = (values) => [Math.min(...values), Math.max(...values)];
      const [x0, x1] = span(all.map((p) => p[0]));
      const [y0, y1] = span(all.map((p) => p[1]));
      const padX = 0.08 * (x1 - x0);
      const padY = 0.1 * (y1 - y0);
      const { svg, at, area } = frame(width, height, {
        label: `Expected return over risk: the frontier goes from a risk of ${percent(line.points[0][0])} and a return of ${percent(line.points[0][1])} to ${percent(line.points.at(-1)[0])} and ${percent(line.points.at(-1)[1])}. ${says.box.firstChild.textContent}`,
        x: { low: x0 - padX, high: x1 + padX, name: "risk (volatility), a year", format: (v) => percent(v, 0) },
        y: { low: y0 - padY, high: y1 + padY, name: "expected return, a year", format: (v) => percent(v, 1) },
      });
      const place = ([x, y]) => [at.x(x), at.y(y)];
      svg.append(s("path", { class: "wi-frontier", d: path(line.points.map(place)) }));
      const dates = data.rivals.filter((one) => one.kind === "default");
      if (dates.length > 1) svg.append(s("path", { class: "wi-dates", d: path(dates.map((one) => place([one.risk, one.mean]))) }));
      const list = [];
      const shapes = { naive: ["square", "triangle", "diamond"], held: ["diamond"] };
      const used = { naive: 0, held: 0 };
      if (found) list.push({ x: at.x(found.risk), y: at.y(found.mean), name: "this portfolio", shape: "circle", style: "wi-own" });
      for (const one of rivals()) list.push({ x: at.x(one.risk), y: at.y(one.mean), name: one.name, shape: shapes[one.kind][used[one.kind]++ % 3], style: "wi-rival" });
      dates.forEach((one, i) => list.push({ x: at.x(one.risk), y: at.y(one.mean), name: i === Math.floor(dates.length / 2) ? (dates.length > 1 ? "dates of the default" : "the default") : "", shape: "cross", style: "wi-default" }));
      marks(svg, area, list, line.points.map(place));
      return svg;
    }

    const postures = Object.keys(data.postures).map((name) => [name, name]);
    place.append(says.box,
      h("form", { class: "wi-controls", "aria-label": "Controls of the posture", onsubmit: (event) => event.preventDefault() },
        choice("Start from the policy's posture", postures, state.posture, (name) => { state.posture = name; reset(); show(); }),
        radios("Ask for", Object.entries(GOALS).map(([key, one]) => [key, one.name]), state.goal, (key) => { state.goal = key; askGoal(); show(); }),
        goal, h("p", { class: "wi-head" }, "Limits"), dials,
        h("button", { type: "button", onclick: () => { reset(); show(); } }, "Back to the policy")),
      h("div", { class: "wi-results" }, chart.box, results.weights, results.rivals, results.prices));
    reset();
    show();
  }

  /* ---- my path ---- */

  function pathInstrument(place, facts, funds, shared) {
    const lives = new Lives(facts);
    const person = { ...facts.somebody };
    const state = { mix: "0", equity: 0.6 };
    const says = spoken();
    const rows = h("div");
    const charts = [plot(230, (w, hgt) => draw(w, hgt, "short", "fall short, of those alive")), plot(230, (w, hgt) => draw(w, hgt, "depth", "missing of what is wanted, where short"))];
    let out = null;

    const fields = [
      ["age", "Age", 20, 75, 1, "years", 1],
      ["retirement_age", "Retirement age", 50, 80, 1, "years", 1],
      ["pay", "Pay, a year", 0, 400000, 1000, "$", 2],
      ["balance", "Balance", 0, 3000000, 1000, "$", 2.5],
      ["deferral_rate", "Deferred, of pay", 0, 50, 0.5, "%", 1.5],
      ["other_income", "Other income once retired", 0, 100000, 100, "$", 2],
      ["spending", "Spending wanted, a year", 1000, 300000, 100, "$", 2],
    ];
    const options = [...facts.paths.map((one, i) => [String(i), capital(one.name === one.label ? one.name : `${one.name}: ${one.label}`)]),
      ...(facts.sleeves ? [["constant", "A constant share of equity"]] : []), ["portfolio", "The portfolio set above"]];
    const share = dial({ label: "Equity", min: 0, max: 100, step: 1, unit: "%", value: 60 }, (x) => { state.equity = x / 100; show(); });
    share.hidden = true;
    const note = h("p", { class: "wi-note" });

    function chosen() {
      if (state.mix === "constant") return constantMix(facts, state.equity);
      if (state.mix !== "portfolio") return facts.paths[+state.mix];
      if (!shared.portfolio) return null;
      const weights = facts.classes.map((_, c) => shared.portfolio.reduce((sum, w, i) => sum + w * funds[i].classes[c], 0));
      return { years: [0], weights: [weights], fee: shared.portfolio.reduce((sum, w, i) => sum + w * funds[i].expense, 0) };
    }

    function show() {
      const mix = chosen();
      out = mix && lives.simulate(person, mix);
      rows.replaceChildren();
      note.textContent = "";
      if (!out) says.say("The portfolio above does not exist under its limits.");
      else if (!out.reached) says.say("No life reaches that retirement age.");
      else {
        const [low, high] = out.interval;
        says.say(`Spending of ${dollars(person.spending)} a year is met for life in ${percent(out.chance, 0)} of lives (${percent(low, 0)} to ${percent(high, 0)}). Where it is not, the worst year lacks ${percent(out.depth, 0)} of it on average.`);
        const usual = state.mix === "0" ? null : lives.simulate(person, facts.paths[0]);
        const told = [["as set", out], ...(usual ? [["in the plan's default", usual]] : [])];
        rows.append(table(["What it comes to", "in dollars of today."], ["", ...told.map(([name]) => name)], [
          ["spending met for life", ...told.map(([, o]) => percent(o.chance, 1))],
          ["missing, of all that is wanted", ...told.map(([, o]) => percent(o.shortfall, 1))],
          ["Social Security a year", ...told.map(([, o]) => dollars(o.benefit))],
          ["balance at retirement, middle life", ...told.map(([, o]) => dollars(o.balance.middle))],
          ["balance, one life in ten has less", ...told.map(([, o]) => dollars(o.balance.low))],
        ]));
      }
      for (const chart of charts) chart.again();
    }

    function draw(width, height, key, name) {
      if (!out || !out.reached) return h("p", { class: "wi-none" }, "Nothing to draw.");
      const shown = out.byAge.filter((row) => row.alive >= out.reached / 20);
      const top = shown.reduce((most, row) => Math.max(most, row[key]), 0);
      const last = shown.at(-1);
      const x = { low: shown[0].age - 0.5, high: last.age + 0.5, name: "age", format: String };
      const y = { low: 0, high: Math.max(top * 1.1, 0.05), name, format: (v) => percent(v, 0) };
      const peak = shown.reduce((most, row) => (row[key] > most[key] ? row : most), shown[0]);
      const { svg, at } = frame(width, height, { x, y, label: `${capital(name)}, by age: from ${percent(shown[0][key], 0)} at ${shown[0].age} to ${percent(last[key], 0)} at ${last.age}; most at ${peak.age}, ${percent(peak[key], 0)}.` });
      const wide = Math.max((at.x(1) - at.x(0)) * 0.72, 2);
      for (const row of shown) {
        const level = at.y(row[key]);
        svg.append(s("rect", { class: "wi-column", x: at.x(row.age) - wide / 2, y: level, width: wide, height: at.y(0) - level }));
      }
      return svg;
    }

    place.append(says.box,
      h("form", { class: "wi-controls", "aria-label": "Controls of my path", onsubmit: (event) => event.preventDefault() },
        fields.map(([key, label, min, max, step, unit, shape]) => {
          const scale = unit === "%" ? 100 : 1;
          const value = Math.min(Math.max(+(scale * person[key]).toFixed(4), min), max);
          person[key] = value / scale;
          return dial({ label, min, max, step, unit, shape, value }, (x) => { person[key] = x / scale; show(); });
        }),
        choice("Held", options, state.mix, (key) => { state.mix = key; share.hidden = key !== "constant"; show(); }), share),
      h("div", { class: "wi-results" }, charts.map((chart) => chart.box), rows, note));
    shared.listen(() => state.mix === "portfolio" && show());
    show();
  }

  /* ---- the menu ---- */

  function menuInstrument(place, data) {
    const state = { posture: data.posture, gone: new Set(), expenses: data.funds.map((fund) => fund.expense) };
    const says = spoken();
    const lines = [];
    const body = h("tbody");
    let whole = null;
    let timer = 0;

    const tryBest = (gone, expenses) => {
      try {
        return bestOf(data, state.posture, gone, expenses);
      } catch (error) {
        if (error instanceof Infeasible) return { refused: error.rules };
        throw error;
      }
    };

    function show() {
      const now = tryBest(state.gone, state.expenses);
      const { aversion, career } = data.postures[state.posture];
      if (now.refused) says.say(conflict(data.postures[state.posture].rules.filter((rule) => now.refused.includes(rule.name)).map((rule) => rule.title)));
      else {
        const loss = whole.utility - now.utility;
        const same = !state.gone.size && state.expenses.every((x, i) => x === data.funds[i].expense);
        const size = Math.abs(loss) < 5e-8 ? "loses nothing" : `${loss > 0 ? "loses" : "gains"} ${points(Math.abs(loss))} basis points a year, ${Math.abs(yearsLost(loss, career)).toFixed(2)} years of spending`;
        says.say(same ? `The best ${state.posture} portfolio (A = ${aversion}) of the menu as it is: return ${percent(now.mean, 2)} a year, risk ${percent(now.risk, 2)}.` : `The best ${state.posture} portfolio (A = ${aversion}) ${size}.`);
      }
      lines.forEach((line, i) => {
        const w = now.refused ? null : now.w[i];
        line.held.replaceChildren(w === null ? "–" : bar(w, percent(w), whole.w[i]));
        line.row.classList.toggle("wi-gone", state.gone.has(i));
      });
      clearTimeout(timer);
      timer = setTimeout(() => {
        lines.forEach((line, i) => {
          if (now.refused || state.gone.has(i)) line.worth.textContent = "–";
          else if (now.w[i] < 1e-9) line.worth.textContent = "0.0";
          else {
            const less = tryBest(new Set([...state.gone, i]), state.expenses);
            line.worth.textContent = less.refused ? "needed" : points(now.utility - less.utility);
          }
        });
      }, 200);
    }

    data.funds.forEach((fund, i) => {
      const offered = h("input", { type: "checkbox", checked: true, "aria-label": `${fund.name}: offered`, onchange: () => {
        state.gone[offered.checked ? "delete" : "add"](i);
        show();
      } });
      const expense = h("input", { type: "number", min: 0, max: 5, step: 0.01, value: +(100 * fund.expense).toFixed(4), inputmode: "decimal", "aria-label": `${fund.name}: expense ratio, percent a year`, oninput: () => {
        const typed = expense.value === "" ? NaN : +expense.value;
        expense.toggleAttribute("aria-invalid", !(typed >= 0 && typed <= 5));
        if (!(typed >= 0 && typed <= 5)) return;
        state.expenses[i] = typed / 100;
        show();
      } });
      const [held, worth] = [h("td"), h("td")];
      const row = h("tr", {}, h("th", { scope: "row" }, h("label", { class: "wi-offered" }, offered, h("span", {}, fund.name))), h("td", {}, expense), held, worth);
      lines.push({ row, held, worth, offered, expense });
      body.append(row);
    });
    function reset() {
      state.gone.clear();
      state.expenses = data.funds.map((fund) => fund.expense);
      lines.forEach(({ offered, expense }, i) => {
        offered.checked = true;
        expense.value = +(100 * data.funds[i].expense).toFixed(4);
        expense.removeAttribute("aria-invalid");
      });
      whole = tryBest(new Set(), state.expenses);
      show();
    }
    const postures = Object.keys(data.postures).map((name) => [name, name]);
    place.classList.add("wi-wide");
    place.append(says.box,
      h("form", { class: "wi-controls", "aria-label": "Controls of the menu", onsubmit: (event) => event.preventDefault() },
        choice("Posture", postures, state.posture, (name) => { state.posture = name; whole = tryBest(new Set(), data.funds.map((fund) => fund.expense)); show(); }),
        h("button", { type: "button", onclick: reset }, "Back to the menu as it is")),
      h("div", { class: "wi-results" },
        h("table", { class: "wi-table wi-menu" }, h("caption", {}, titled("The funds.", "Untick one to take it away. The mark on a bar is the share in the best portfolio of the menu as it is. Worth: what would be lost if that fund went too, basis points a year.")),
          h("thead", {}, h("tr", {}, ["offered", "expenses, %", "held", "worth"].map((head) => h("th", { scope: "col" }, head)))), body)));
    reset();
  }

  /* ---- the page ---- */

  addEventListener("DOMContentLoaded", () => {
    const source = document.getElementById("what-if-data");
    if (!source) return;
    const data = JSON.parse(source.textContent);
    const listeners = [];
    const shared = { portfolio: null, changed: () => listeners.forEach((f) => f()), listen: (f) => listeners.push(f) };
    const instruments = {
      posture: (place) => postureInstrument(place, data.portfolios, shared),
      path: (place) => pathInstrument(place, data.path, data.portfolios.funds, shared),
      menu: (place) => menuInstrument(place, data.portfolios),
    };
    for (const [name, build] of Object.entries(instruments)) {
      const still = document.getElementById(`fig-what-if-${name}`);
      if (!still) continue;
      const place = h("div", { class: "what-if", id: `what-if-${name}` });
      still.before(place);
      build(place);
      still.classList.add("wi-still");
    }
  });
})();
