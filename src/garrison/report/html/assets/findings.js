// The findings by owner, as many as are looked at; and what narrows them down.

const BATCH = 30; // entries that are drawn at once
const FIRST = 25; // findings of one entry that are shown before it is asked for the rest
const opened = new Map(); // findings by their ids, and whether somebody opened or closed them
let waiting = []; // entries that are not drawn yet

/** The frame of the part: made once, filled by `showFindings`. */
function makeFindings() {
  const used = (name) => [...new Set(DATA.findings.map(FACETS[name]))].filter(Boolean).sort();
  const select = (name, words, options) =>
    h("label", { class: "facet" }, h("span", {}, words),
      h("select", { id: `facet-${name}`, onchange: (event) => go({ [name]: event.target.value, finding: "" }) },
        options.map(([value, text]) => h("option", { value }, text))));
  const facet = (name) => {
    const values = used(name);
    return values.length > 1 && select(name, name, [["", "all"], ...values.map((v) => [v, v])]);
  };
  const outcomes = Object.keys(OUTCOMES).filter((o) => o === "open" || o === "any" || DATA.findings.some((f) => f.outcome === o));
  add($("part-findings"),
    h("h2", { id: "findings-title" }, "Findings"),
    h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      h("div", { class: "row" },
        h("input", {
          id: "search", type: "search", autocomplete: "off", spellcheck: "false", placeholder: "Search titles, assets, files, reasons, controls  ( / )",
          "aria-label": "Search titles, assets, files, reasons and controls", "aria-keyshortcuts": "/",
          oninput: (event) => go({ q: event.target.value, finding: "" }),
        }),
        h("div", { class: "severities", role: "group", "aria-label": "Severity" }, SEVERITIES.map((severity) =>
          h("button", { type: "button", class: `toggle ${severity}`, "data-severity": severity, onclick: () => toggleSeverity(severity) }, severity)))),
      h("div", { class: "row" },
        outcomes.length > 2 && select("outcome", "outcome", outcomes.map((o) => [o, OUTCOMES[o]])),
        Object.keys(FACETS).map(facet),
        DATA.findings.some((f) => f.rule.ml) && h("label", { class: "check" },
          h("input", { id: "facet-ml", type: "checkbox", onchange: (event) => go({ ml: event.target.checked ? "1" : "", finding: "" }) }),
          "ML only"))),
    h("div", { class: "found" },
      h("p", { id: "found", role: "status" }),
      h("button", { type: "button", class: "quiet", id: "clear", onclick: () => go({ ...DEFAULTS, view: "findings" }) }, "Clear filters"),
      h("button", { type: "button", class: "quiet", id: "expand", onclick: () => { opened.clear(); go({ open: state.open ? "" : "all" }); } })),
    h("div", { id: "entries" }),
    h("div", { id: "more" }));
  new IntersectionObserver((seen) => seen.some((e) => e.isIntersecting) && drawMore(), { rootMargin: "1200px" }).observe($("more"));
}

/** Show one severity more or less; all of them are as good as none. */
function toggleSeverity(severity) {
  const chosen = new Set(state.severity ? state.severity.split(",") : []);
  if (!chosen.delete(severity)) chosen.add(severity);
  const kept = SEVERITIES.filter((s) => chosen.has(s));
  go({ severity: kept.length === SEVERITIES.length ? "" : kept.join(","), finding: "" });
}

function showFindings() {
  const chosen = state.severity ? state.severity.split(",") : [];
  for (const button of document.querySelectorAll(".toggle")) {
    button.setAttribute("aria-pressed", String(chosen.includes(button.dataset.severity)));
  }
  for (const name of [...Object.keys(FACETS), "outcome"]) {
    if ($(`facet-${name}`)) $(`facet-${name}`).value = state[name];
  }
  if ($("facet-ml")) $("facet-ml").checked = Boolean(state.ml);
  if ($("search").value !== state.q) $("search").value = state.q;
  const found = matching();
  const entries = [...groupBy(found, (finding) => finding.owner).values()];
  const filtered = Object.keys(DEFAULTS).some((name) => !["view", "open", "path"].includes(name) && state[name] !== DEFAULTS[name]);
  const total = DATA.findings.filter((f) => state.outcome === "any" || f.outcome === state.outcome).length;
  const kind = { open: "", any: "" }[state.outcome] ?? `${OUTCOMES[state.outcome]} `;
  const of = state.asset && (DATA.assets.find((a) => a.address === state.asset)?.label ?? state.asset);
  add(clear($("found")),
    h("b", {}, found.length === total ? number(total) : `${number(found.length)} of ${number(total)}`),
    ` ${total === 1 ? "finding" : "findings"} ${kind}on ${count(entries.length, "asset")}`,
    of && [", narrowed to ", h("bdi", {}, of)]);
  $("clear").hidden = !filtered;
  $("expand").textContent = state.open ? "Close all" : "Open all";
  waiting = entries;
  const list = clear($("entries"));
  if (!found.length) add(list, h("p", { class: "empty" }, filtered ? "Nothing matches these filters." : "Nothing was found."));
  drawMore();
}

/** Draw the next entries, or all of them. */
function drawMore(all = false) {
  const first = !$("entries").hasChildNodes();
  const batch = waiting.splice(0, all ? waiting.length : BATCH);
  add($("entries"), batch.map((findings, index) => entry(findings, first && index === 0)));
}

/** One owner and what was found on it. */
function entry(findings, first) {
  const [worst] = findings;
  const owner = worst.group;
  const rows = (some) => some.map((f) => findingRow(f, first && f === worst));
  const rest = state.open ? [] : findings.slice(FIRST);
  const list = h("ul", { class: "rows" }, rows(state.open ? findings : findings.slice(0, FIRST)));
  const more = rest.length > 0 && h("button", {
    type: "button", class: "quiet", onclick: (event) => { add(list, rows(rest)); event.target.remove(); },
  }, `Show ${number(rest.length)} more on it`);
  return h("article", { class: "entry" },
    h("header", {},
      h("h3", {}, h("span", { class: "kind" }, owner.kind), " ", h("bdi", {}, owner.label)),
      h("span", { class: "address" }, owner.address === owner.label ? "" : owner.address),
      worst.outcome === "open" && h("span", { class: "risk", title: "Risk from 0 to 100: severity, confidence, exposure and what the asset holds" }, "risk ", h("b", {}, worst.score.toFixed(1))),
      worst.reasons.length > 0 && h("p", { class: "reasons" }, worst.reasons.join(" · "))),
    list, more);
}

/** A line for a finding; its detail is made when it is opened. */
function findingRow(finding, wanted) {
  const item = h("li", { class: "finding" });
  const isOpen = () => opened.get(finding.id) ?? (wanted || state.open === "all" || Boolean(state.finding));
  const button = h("button", { type: "button", class: "head" },
    severityMark(finding.rule.severity),
    h("span", { class: "title" }, finding.rule.title,
      finding.outcome !== "open" && h("span", { class: "outcome" }, OUTCOMES[finding.outcome]),
      finding.asset !== finding.owner && h("span", { class: "part" }, finding.on.label)),
    h("span", { class: "id" }, finding.check));
  const draw = () => {
    button.setAttribute("aria-expanded", String(isOpen()));
    add(clear(item), button);
    if (isOpen()) add(item, findingDetail(finding));
  };
  button.addEventListener("click", () => {
    opened.set(finding.id, !isOpen());
    draw();
    button.focus();
  });
  draw();
  return item;
}
