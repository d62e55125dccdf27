// How does a chapter's prose read in JupyterLab? As on its page: with the numbers that its cells told.
//
// The sources say {glue:text}`name:.1%`, {doc}, {term}, {cite} and {admonition}, which JupyterLab's
// Markdown does not know. This extension hands Lab's own renderer the same text with these put into
// plain Markdown, and again whenever a cell has run. A number that no cell has told yet is shown by
// its name in brackets. The file itself is left alone.
//
// Left out: references to the bibliography are names and years, without a list; links of terms.
(() => {
  "use strict";

  // Python's format of a number, as far as the chapters use it: [+][,][.digits][d f % e g]
  function format(value, spec) {
    const [, plus, comma, digits, kind] = /^(\+?)(,?)(?:\.(\d+))?([dfeg%]?)$/.exec(spec) ?? [];
    const number = Number(value);
    if (kind === undefined || value === "" || !Number.isFinite(number)) return value;
    if (!spec) return value;
    const sign = plus && number >= 0 ? "+" : "";
    const places = digits === undefined ? 6 : Number(digits);
    const fixed = (x, n) =>
      x.toLocaleString("en-US", {
        minimumFractionDigits: n, maximumFractionDigits: n, useGrouping: Boolean(comma),
      });
    if (kind === "%") return `${sign}${fixed(100 * number, places)}%`;
    if (kind === "d") return sign + fixed(number, 0);
    if (kind === "e") {
      const [mantissa, power] = number.toExponential(places).split("e");
      return `${sign}${mantissa}e${power[0]}${power.slice(1).padStart(2, "0")}`;
    }
    if (kind === "g") return sign + String(Number(number.toPrecision(places || 1)));
    return sign + fixed(number, places);
  }

  function number(target, told) {
    const [, name, spec] = /^(.*?)(?::([^:]*))?$/.exec(target);
    return told.has(name) ? format(told.get(name), spec ?? "") : `[${name}]`;
  }

  const named = (path) => {
    const words = path.split("/").pop().replaceAll("_", " ");
    return words[0].toUpperCase() + words.slice(1);
  };

  const cited = (key) => {
    const [, names, year] = /^(.*?)(\d{4}\w?)?$/.exec(key);
    const spaced = names.replace(/EtAl$/, " et al.").replace(/(?<=[a-z])(?<!De|Mc|Mac)(?=[A-Z])/g, ", ");
    return [spaced, year ?? ""];
  };

  const ROLES = {
    "glue:text": number,
    doc: (target) => {
      const [, words, path] = /^(.*?)\s*<(.*)>$/s.exec(target) ?? [null, named(target), target];
      return `[${words}](${path}.md)`;
    },
    term: (target) => target.replace(/\s*<.*>$/s, ""),
    numref: (target) => target.replace(/\s*<.*>$/s, ""),
    math: (target) => `$${target}$`,
    "cite:p": (keys) =>
      `(${keys.split(",").map((key) => cited(key.trim()).join(" ").trim()).join("; ")})`,
    "cite:t": (keys) =>
      keys.split(",").map((key) => cited(key.trim())).map(([who, year]) => `${who} (${year})`)
        .join("; "),
  };

  // A chapter's Markdown as Lab's own renderer reads it.
  function plain(text, told) {
    const quoted = (inside) => inside.trim().split("\n").map((line) => `> ${line}`).join("\n");
    const lines = text.replace(
      /^```\{admonition\}[ ]*(.*)\n((?::\w+:.*\n)*)([\s\S]*?)^```[ ]*$/gm,
      (_, title, options, inside) => `> **${title}**\n>\n${quoted(inside)}`,
    );
    return lines
      .replace(/\{([a-z:]+)\}`([^`]+)`/g, (whole, role, target) =>
        role in ROLES ? ROLES[role](target.replace(/\s*\n(> )?\s*/g, " "), told) : whole)
      .replace(/^\([\w-]+\)=\n/gm, "");
  }

  // The numbers that the cells of a notebook have told, as their outputs carry them.
  function numbersOf(panel) {
    const told = new Map();
    for (const cell of panel?.content?.model?.cells ?? []) {
      for (let i = 0; i < (cell.outputs?.length ?? 0); i++) {
        const output = cell.outputs.get(i);
        const glued = output.metadata?.scrapbook;
        if (!glued?.name) continue;
        const said = String(output.data[`${glued.mime_prefix ?? ""}text/plain`] ?? "");
        told.set(glued.name, said.replace(/^(['"])(.*)\1$/s, "$2"));
      }
    }
    return told;
  }

  function activate(app, registry) {
    const shown = new Set();
    const panelOf = (node) =>
      [...app.shell.widgets("main")].find((panel) => panel.node.contains(node));
    const textOf = (view) => plain(view.source, numbersOf(panelOf(view.node)));
    const render = (view) => {
      view.text = textOf(view);
      const data = { ...view.model.data, "text/markdown": view.text };
      return view.render({
        trusted: view.model.trusted, metadata: view.model.metadata, data, setData: () => undefined,
      });
    };
    const base = registry.getFactory("text/markdown");
    registry.addFactory({
      ...base,
      createRenderer(options) {
        const widget = base.createRenderer(options);
        const view = { render: widget.renderModel.bind(widget), node: widget.node };
        widget.renderModel = (model) => {
          view.model = model;
          view.source = String(model.data["text/markdown"]);
          shown.add(view);
          return render(view);
        };
        widget.disposed.connect(() => shown.delete(view));
        return widget;
      },
    }, 0);

    let waiting = 0;
    new MutationObserver(() => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        for (const view of shown) if (textOf(view) !== view.text) render(view);
      }, 300);
    }).observe(document.body, { childList: true, subtree: true });
  }

  let scope;
  const extension = async () => {
    const [offered] = Object.values(scope["@jupyterlab/rendermime"]);
    const { IRenderMimeRegistry } = (await offered.get())();
    const plugin = {
      id: "prudent-prose:plugin", autoStart: true, requires: [IRenderMimeRegistry], activate,
    };
    return () => ({ default: plugin, __esModule: true });
  };
  const container = { init: (shared) => { scope = shared; }, get: extension, plain, format };
  (window._JUPYTERLAB ??= {})["prudent-prose"] = container;
})();
