// Attack paths: the graph, the paths one by one, and where to cut them.

const DRAWN = 40; // paths in the graph: the worst, and those that are followed or cut
let graph = null; // what is drawn, with the numbers of its paths
let hint = null;

function makePaths() {
  const { found, total, cuts, notes, hops } = DATA.paths;
  const part = add($("part-paths"), h("h2", { id: "paths-title" }, "Attack paths"));
  if (!found.length) {
    add(part, h("p", { class: "empty" }, "No way was found from the internet, a notebook, a CI job or a compromised container to training data, models, endpoints, secrets or administration."), assumptions(notes));
    return;
  }
  hint = h("p", { class: "hint", role: "status" });
  add(part,
    h("p", { class: "muted lead" }, `${count(total, "way")} from where an attacker can begin to what is worth stealing. ${extent(found.length, total)}`,
      h("span", { class: "zoom" },
        h("button", { type: "button", class: "quiet", "aria-label": "Larger", onclick: () => graph.zoom(0.8) }, "+"),
        h("button", { type: "button", class: "quiet", "aria-label": "Smaller", onclick: () => graph.zoom(1.25) }, "−"),
        h("button", { type: "button", class: "quiet", "aria-label": "Fit", onclick: () => graph.fit() }, "Fit"))),
    h("div", { class: "canvas", id: "canvas" }),
    h("div", { class: "under" }, hint, legend()),
    h("div", { class: "columns paths" },
      h("section", {}, h("h3", {}, "Paths, the worst first"), h("ol", { class: "ways", id: "ways" }, found.map(wayItem))),
      h("section", {},
        cuts.length > 0 && [h("h3", {}, "Where to cut"), h("ol", { class: "cuts" }, cuts.map((cut) => cutItem(cut, hops[cut.hop], total)))],
        assumptions(notes))));
  tell(null);
}

/** How many of the paths are listed, and how many drawn. */
function extent(listed, total) {
  const said = [listed < total && `the ${number(listed)} worst are listed`, listed > DRAWN && `the ${number(DRAWN)} worst are drawn`].filter(Boolean);
  return said.length ? `${sentence(said.join(", "))}` : "";
}

/** Draw the worst paths, and these too. */
function drawWith(numbers) {
  const worst = [...DATA.paths.found.keys()].slice(0, DRAWN);
  const wanted = [...new Set([...worst, ...numbers])];
  if (graph?.key === wanted.join()) return;
  graph = { key: wanted.join(), ...drawGraph(wanted, tell, pick) };
  add(clear($("canvas")), graph.svg);
}

function legend() {
  const used = new Set(DATA.paths.hops.map((hop) => hop.medium));
  const unsure = DATA.paths.hops.some((hop) => !hop.sure);
  const sample = (style) => s("svg", { class: "sample", viewBox: "0 0 34 8", "aria-hidden": "true" }, s("g", { class: `edge ${style}` }, s("path", { class: "way", d: "M1 4H33" })));
  return h("p", { class: "legend" },
    ["network", "identity", "mount", "code"].filter((m) => used.has(m)).map((m) => h("span", {}, sample(m), ` ${m}`)),
    unsure && h("span", {}, sample("network unsure"), " hangs on something unknown"));
}

function assumptions(notes) {
  return notes.length > 0 && h("div", { class: "assumed" }, h("h3", {}, "Taken for granted"), h("ul", {}, notes.map((note) => h("li", {}, note))));
}

/** What is looked at in the graph, in words. */
function tell(edge) {
  if (!edge) {
    add(clear(hint), h("span", { class: "muted" }, "Point at an arrow to read the step; choose it, or a path below, to follow the path. Drag to move, Ctrl and the wheel to zoom."));
    return;
  }
  const { hop, entry, paths } = edge;
  add(clear(hint), h("b", {}, `${hopSentence(hop, entry)}.`), " ",
    hop.at && h("span", { class: "at" }, where(hop.at)), hop.assumed && ` (${hop.assumed})`, ` ${count(paths.size, "path")}.`);
}

/** Follow one path, or stop following it. */
function pick(index) {
  go({ path: state.path === String(index) ? "" : String(index) });
}

function wayItem(path, index) {
  const end = DATA.assets[DATA.paths.hops[path.hops.at(-1)].end];
  return h("li", { "data-path": index },
    h("button", { type: "button", class: "way-head", "aria-expanded": "false", onclick: () => pick(index) },
      h("span", { class: "way-names" }, wayOf(path)),
      h("span", { class: "muted" }, `${path.jewel} in ${end.kind} · ${count(path.hops.length, "step")} · risk ${path.score.toFixed(1)}${path.sure ? "" : " · hangs on something unknown"}`)),
    h("ol", { class: "hops" }));
}

/** The steps of a path; made when they are first looked at. */
function drawHops(item) {
  const path = DATA.paths.found[item.dataset.path];
  if (!item.lastChild.hasChildNodes()) add(item.lastChild, path.hops.map((number) => hopItem(DATA.paths.hops[number], path.entry)));
}

function hopItem(hop, entry) {
  const code = hop.at && DATA.files[hop.at[0]].lines[hop.at[1]];
  const end = DATA.assets[hop.end];
  const found = DATA.findings.filter((f) => f.outcome === "open" && isOf(f, end.address)).length;
  return h("li", { class: hop.sure ? "" : "unsure" },
    h("p", {}, `${hopSentence(hop, entry)}.`, hop.assumed && h("span", { class: "muted" }, ` ${sentence(hop.assumed)}`),
      found > 0 && [" ", linkTo({ asset: end.address }, {}, `${count(found, "finding")} on it`)]),
    hop.at && h("p", { class: "at" }, where(hop.at), code && h("code", {}, code.trim())));
}

function cutItem(cut, hop, total) {
  const others = new Set(DATA.paths.found.filter((path) => path.hops.includes(cut.hop)).map((path) => path.entry));
  return h("li", {},
    h("button", { type: "button", class: "cut-head", "aria-pressed": "false", "data-hop": cut.hop, onclick: () => showCut(cut.hop) },
      h("span", {}, `${hopSentence(hop, others.size === 1 ? [...others][0] : "")}.`),
      h("span", { class: "muted" }, `takes away ${number(cut.cuts)} of ${count(total, "path")}`)),
    hop.at && h("p", { class: "at" }, where(hop.at), h("code", {}, (DATA.files[hop.at[0]].lines[hop.at[1]] ?? "").trim())));
}

/** Mark in the graph what a cut takes away: its edge, wherever it begins. */
function showCut(index) {
  const button = document.querySelector(`[data-hop="${index}"]`);
  const on = button.getAttribute("aria-pressed") !== "true";
  go({ path: "" });
  button.setAttribute("aria-pressed", String(on));
  if (!on) return;
  drawWith([...DATA.paths.found.keys()].filter((n) => DATA.paths.found[n].hops.includes(index)).slice(0, DRAWN));
  graph.mark((edge) => edge.index === index, "cut");
}

function showPaths() {
  const { found } = DATA.paths;
  if (!found.length) return;
  const chosen = /^\d+$/.test(state.path) && state.path < found.length ? Number(state.path) : -1;
  const ways = $("ways");
  for (const item of ways.children) {
    const on = Number(item.dataset.path) === chosen;
    item.classList.toggle("chosen", on);
    if (on || printed) drawHops(item);
    item.firstChild.setAttribute("aria-expanded", String(on));
    if (on && (item.offsetTop < ways.scrollTop || item.offsetTop > ways.scrollTop + ways.clientHeight / 2)) ways.scrollTop = item.offsetTop;
  }
  for (const button of document.querySelectorAll(".cut-head")) button.setAttribute("aria-pressed", "false");
  drawWith(chosen < 0 ? [] : [chosen]);
  graph.mark(chosen < 0 ? null : (edge) => edge.paths.has(chosen));
}
