// The controls of a framework, where one was asked for.

const STANDINGS = { failed: "✗", undecided: "?", ignored: "–", passed: "✓", "not judged": "·" };

function makeControls() {
  const { title, summary, limits, rows } = DATA.controls;
  add($("part-controls"),
    h("h2", { id: "controls-title" }, title),
    h("p", { class: "muted" }, sentence(summary), " ", limits),
    h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Controls" },
      h("table", {},
        h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, "control"), Object.keys(STANDINGS).map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, rows.map(controlRow)))));
}

function controlRow({ id, name, state: standing, counts, failing }) {
  return h("tr", {},
    h("td", {}, h("span", { class: `standing ${standing}`, "aria-hidden": "true" }, STANDINGS[standing]), h("span", { class: "hidden" }, standing)),
    h("th", { scope: "row" }, h("b", {}, id), " ", name,
      failing.length > 0 && h("span", { class: "about" }, failing.map((check) => [linkTo({ q: check }, { class: "id" }, check), " "]))),
    counts.map((value) => h("td", { class: value ? "" : "none" }, value ? number(value) : "–")));
}
