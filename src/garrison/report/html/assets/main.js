// Putting it together: parts, theme, keys, print.

// Each part is made when it is first looked at; the second function fills it for a state.
const PARTS = {
  overview: [makeOverview],
  findings: [makeFindings, showFindings],
  paths: [makePaths, showPaths],
  ...(DATA.controls && { controls: [makeControls] }),
  coverage: [makeCoverage],
};
const made = new Set();

function showPart(name) {
  const [make, fillIn] = PARTS[name];
  if (!made.has(name)) make();
  made.add(name);
  fillIn?.();
}

function show() {
  for (const name of Object.keys(VIEWS)) {
    $(`part-${name}`).hidden = name !== state.view;
    const link = document.querySelector(`#views a[data-view="${name}"]`);
    if (name === state.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  showPart(state.view);
}

function makeHead() {
  const { head } = DATA;
  add($("scanned"),
    head.paths.join() !== "." && [h("span", { class: "path" }, head.paths.join(" ")), " · "],
    `${count(head.files, "file")}, ${count(head.assets, "asset")}${head.providers.length ? `, ${providers()}` : ""}`,
    head.made && ` · ${head.made}`);
  add($("foot"), `Garrison ${head.version}. This file loads nothing and sends nothing.`);
  const numbers = { findings: openFindings().length, paths: DATA.paths.total, coverage: DATA.problems.length + DATA.errors.length };
  add($("views"), Object.entries(VIEWS).map(([name, words]) =>
    h("a", { href: `#${name}`, "data-view": name, onclick: (event) => { event.preventDefault(); go({ view: name }); scrollTo(0, 0); } },
      words, numbers[name] > 0 && h("span", { class: name === "coverage" ? "number bad" : "number" }, number(numbers[name])))));
}

/** Light or dark: as the system says until somebody chooses. */
function makeTheme() {
  const root = document.documentElement;
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const draw = () => { $("theme").textContent = dark() ? "Light" : "Dark"; $("theme").setAttribute("aria-label", `Change to ${dark() ? "light" : "dark"} colours`); };
  const stored = (action) => { try { return action(localStorage); } catch { return null; } }; // a browser may forbid it for files
  const chosen = stored((store) => store.getItem("garrison-theme"));
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  $("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    stored((store) => store.setItem("garrison-theme", root.dataset.theme));
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
}

/** `/` goes to the search, `j` and `k` to the next and the last finding. */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) {
    if (event.key === "Escape" && event.target.id === "search") go({ q: "" });
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    go({ view: "findings" });
    $("search").focus();
  } else if ((event.key === "j" || event.key === "k") && state.view === "findings") {
    const heads = [...document.querySelectorAll("#entries .head")];
    const next = heads[heads.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1)];
    next?.focus();
  }
}

/** On paper stands everything that is asked for, opened. */
function expandForPrint() {
  state = { ...state, open: "all" };
  opened.clear();
  printed = new Set();
  Object.keys(PARTS).forEach(showPart);
  $("matrix-rest")?.click();
  drawMore(true);
  printed = null;
}

makeHead();
makeVerdict();
makeTheme();
readAddress();
show();
addEventListener("hashchange", () => { readAddress(); show(); });
addEventListener("popstate", () => { readAddress(); show(); });
addEventListener("keydown", onKey);
addEventListener("beforeprint", expandForPrint);
addEventListener("afterprint", () => { readAddress(); show(); });
