// What to know first: how bad it is, where to begin, which parts and layers are open.

const MEND_FIRST = 6; // entries named on the first page
const WORST_PATHS = 5;
const MATRIX_ROWS = 12; // assets of the matrix that are shown before it is asked for the rest
const STATES = {
  holds: ["✓", "every check of the layer that has something to judge passes"],
  gaps: ["◐", "a check of it fails, none of them critical or high"],
  broken: ["✗", "a critical or high check of it fails"],
  undecided: ["?", "none fails, and one could not be decided"],
};

function openFindings() {
  return DATA.findings.filter((f) => f.outcome === "open");
}

function countBySeverity(findings) {
  return Object.fromEntries(SEVERITIES.map((s) => [s, findings.filter((f) => f.rule.severity === s).length]));
}

/** What was found, in words. */
function howBad() {
  const found = openFindings();
  if (!found.length && DATA.findings.some((f) => f.outcome === "known")) return "Nothing new was found";
  if (!found.length) return DATA.head.assets ? "Nothing was found" : "Nothing to scan was found";
  const bad = found.filter((f) => f.rule.severity === "critical" || f.rule.severity === "high");
  if (!bad.length) return `${count(found.length, "finding")}, none critical or high`;
  const kinds = Object.entries(countBySeverity(bad)).filter(([, n]) => n).map(([s, n]) => `${number(n)} ${s}`);
  return `${listed(kinds)} ${bad.length === 1 ? "finding" : "findings"} on ${count(new Set(bad.map((f) => f.owner)).size, "asset")}`;
}

/** The whole scan in a sentence or two, above everything. */
function makeVerdict() {
  const { head } = DATA;
  const ways = DATA.paths.total ? `, ${count(DATA.paths.total, "attack path")} to what matters` : "";
  add($("verdict"),
    h("h1", {}, `${howBad()}${ways}.`),
    head.incomplete && h("p", { class: "notice", role: "note" },
      h("b", {}, "This scan is incomplete. "),
      [DATA.problems.length && `${count(DATA.problems.length, "file or part", "files or parts")} could not be read`,
        DATA.errors.length && `${count(DATA.errors.length, "check")} failed themselves`].filter(Boolean).join(", "), ": ",
      h("a", { href: addressOf({ ...DEFAULTS, view: "coverage" }) }, "see coverage"), "."));
}

function makeOverview() {
  add($("part-overview"),
    h("h2", { id: "overview-title", class: "hidden" }, "Overview"),
    tally(),
    h("div", { class: "columns" }, mendFirst(), worstPaths()),
    h("div", { class: "columns" },
      breakdown("By pillar", "pillar", DATA.pillars),
      breakdown("By layer of defence", "layer", DATA.layers)),
    matrix());
}

/** How many of what; each leads to its findings. */
function tally() {
  const counts = countBySeverity(openFindings());
  const other = (outcome) => DATA.findings.filter((f) => f.outcome === outcome).length;
  const cell = (value, name, change, style) => {
    const words = [h("b", {}, number(value)), " ", h("span", {}, name)];
    return h("li", { class: style }, value && change ? linkTo(change, {}, words) : h("span", {}, words));
  };
  return h("ul", { class: "tally" },
    SEVERITIES.map((s) => cell(counts[s], s, { severity: s }, `severity ${s}${counts[s] ? "" : " none"}`)),
    cell(other("undecided"), "undecided", { outcome: "undecided" }, "other"),
    cell(other("ignored"), "ignored", { outcome: "ignored" }, "other"),
    other("known") > 0 && cell(other("known"), OUTCOMES.known, { outcome: "known" }, "other"),
    cell(DATA.head.passed, "passed", null, "other"));
}

/** The entries with the greatest risk. */
function mendFirst() {
  const entries = [...groupBy(openFindings(), (f) => f.owner).values()].slice(0, MEND_FIRST);
  if (!entries.length) return null;
  return h("section", {},
    h("h3", {}, "Mend first"),
    h("ol", { class: "first" }, entries.map(([worst, ...rest]) =>
      h("li", {},
        linkTo({ asset: worst.group.address }, { class: "title" }, worst.rule.title),
        h("p", {}, severityMark(worst.rule.severity), " ", h("span", { class: "kind" }, worst.group.kind), " ",
          h("b", {}, h("bdi", {}, worst.group.label)), rest.length > 0 && h("span", { class: "muted" }, `, ${number(rest.length)} more on it`)),
        worst.reasons.length > 0 && h("p", { class: "reasons" }, worst.reasons.join(" · "))))));
}

/** The worst attack paths, and the change that takes most of them away. */
function worstPaths() {
  const { found, hops, cuts } = DATA.paths;
  if (!found.length) return null;
  return h("section", {},
    h("h3", {}, "Paths to what matters"),
    h("ol", { class: "first ways" }, found.slice(0, WORST_PATHS).map((path, index) =>
      h("li", {}, h("a", { href: addressOf({ ...DEFAULTS, view: "paths", path: String(index) }) }, wayOf(path)),
        h("p", { class: "muted" }, `to ${path.jewel}${path.sure ? "" : ", if what is unknown turns out so"}`)))),
    cuts.length > 0 && h("p", { class: "cut" }, h("b", {}, "Cut first: "), hopSentence(hops[cuts[0].hop], ""),
      `. This takes away ${number(cuts[0].cuts)} of ${count(DATA.paths.total, "path")}.`));
}

/** A path as the names it passes. */
function wayOf(path) {
  const names = [path.entry, ...path.hops.map((hop) => DATA.assets[DATA.paths.hops[hop].end].label)];
  return names.flatMap((name, index) => [index > 0 && h("span", { class: "arrow", "aria-label": "then" }, " → "), h("bdi", {}, name)]);
}

/** Severities of each pillar or layer, as a bar and in numbers. */
function breakdown(title, facet, rows) {
  const failed = (row) => SEVERITIES.reduce((sum, s) => sum + row.failed[s], 0);
  const most = Math.max(1, ...rows.map(failed));
  const bar = (row) => {
    const parts = SEVERITIES.filter((s) => row.failed[s]).map((s) => {
      const part = h("span", { class: s });
      part.style.width = `${(100 * row.failed[s]) / most}%`;
      return part;
    });
    return h("div", { class: "bar", "aria-hidden": "true" }, parts);
  };
  const cell = (row, s) =>
    h("td", {}, row.failed[s] ? linkTo({ [facet]: row.name, severity: s }, { class: s }, number(row.failed[s])) : h("span", { class: "none" }, "0"));
  return h("section", {},
    h("h3", {}, title),
    h("table", { class: "breakdown" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, facet), h("td", {}),
        ["critical", "high", "med.", "low", "passed"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, rows.map((row) =>
        h("tr", {},
          h("th", { scope: "row" }, failed(row) ? linkTo({ [facet]: row.name }, {}, row.name) : row.name,
            row.about && h("span", { class: "about" }, row.about)),
          h("td", {}, bar(row)),
          SEVERITIES.map((s) => cell(row, s)),
          h("td", { class: "muted" }, number(row.passed)))))));
}

/** Which layers protect the assets that matter most. */
function matrix() {
  const { defences, layers } = DATA;
  if (!defences.length) return null;
  const body = h("tbody", {}, defences.slice(0, MATRIX_ROWS).map(matrixRow));
  const rest = defences.slice(MATRIX_ROWS);
  return h("section", { class: "matrix" },
    h("h3", {}, "Defence in depth"),
    h("p", { class: "muted" }, "The assets that matter most: those that can be reached, hold data, models or secrets, or read them. A layer holds if no check of it fails on the asset and at least one passes because of what is said there."),
    h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Layers of defence of each asset" },
      h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "asset"), layers.map((layer) => h("th", { scope: "col", title: layer.about }, layer.name)))),
        body)),
    h("p", { class: "legend" }, Object.entries(STATES).map(([name, [mark, words]]) =>
      h("span", { title: words }, h("span", { class: `state ${name}`, "aria-hidden": "true" }, mark), ` ${name}`)),
      h("span", {}, "– nothing speaks of it"), h("span", {}, "2/3: two of three checks pass")),
    rest.length > 0 && h("button", {
      type: "button", class: "quiet", id: "matrix-rest", onclick: (event) => { body.append(...rest.map(matrixRow)); event.target.remove(); },
    }, `Show ${number(rest.length)} more`));
}

function matrixRow(defence) {
  const asset = DATA.assets[defence.asset];
  return h("tr", {},
    h("th", { scope: "row" }, h("span", { class: "kind" }, asset.kind), " ", h("bdi", {}, asset.label),
      h("span", { class: "about" }, defence.reasons.join(" · "))),
    DATA.layers.map(({ name }) => matrixCell(asset, name, defence.layers[name])));
}

function matrixCell(asset, layer, standing) {
  if (!standing) return h("td", {}, h("span", { class: "none", title: "nothing in these files speaks of it" }, "–"));
  const { state: name, passed, failed, undecided } = standing;
  const all = passed + failed + undecided;
  const content = [h("span", { class: `state ${name}`, "aria-hidden": "true" }, STATES[name][0]), h("span", { class: "hidden" }, `${name}: `), ` ${passed}/${all}`];
  const title = `${layer}: ${STATES[name][1]}`;
  const outcome = failed ? "open" : "undecided";
  return h("td", {}, failed || undecided ? linkTo({ asset: asset.address, layer, outcome }, { title }, content) : h("span", { title }, content));
}
