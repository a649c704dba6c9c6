// What the scan saw, and what it did not: unread, undecided, ignored, passed over.

const NAMED = 200; // items of one list that are shown

function makeCoverage() {
  const { since } = DATA.head;
  const of = (outcome) => DATA.findings.filter((f) => f.outcome === outcome);
  add($("part-coverage"),
    h("h2", { id: "coverage-title" }, "Coverage"),
    seen(),
    coverageList("Not read", "The scan is incomplete: what stands in these places was not judged.", DATA.problems, problemItem),
    coverageList("Checks that failed themselves", "These are defects of Garrison: please report them.", DATA.errors, (text) => text),
    undecided(of("undecided")),
    ignored(of("ignored")),
    coverageList(since ? `Known in ${since}` : "In the baseline", "Known, counted, and not told again.", of("known"), findingItem),
    coverageList(`Mended since ${since || "the baseline"}`, since ? "" : "Write it again to be rid of these entries.", DATA.mended, ({ check, asset }) => [h("code", {}, check), " on ", asset]),
    coverageList("Notes", "", DATA.notes, ({ path, message }) => [path && h("span", { class: "at" }, path), " ", message]));
}

function seen() {
  const { head } = DATA;
  const formats = Object.entries(head.files_by_format).map(([name, files]) => `${name} (${count(files, "file")})`);
  const skipped = Object.entries(head.skipped).map(([why, files]) => `${number(files)} ${why}`);
  return h("dl", { class: "facts" },
    term("Scanned", h("code", {}, head.paths.join(" "))),
    formats.length > 0 && term("Formats", formats.join(", ")),
    head.providers.length > 0 && term("Providers", providers()),
    term("Judged", `${count(head.assets, "asset")} by ${count(head.checks, "check")}; ${number(head.passed)} answers were a pass`),
    skipped.length > 0 && term("Passed over", skipped.join(", ")));
}

function coverageList(title, words, items, draw) {
  if (!items.length) return null;
  return h("section", {},
    h("h3", {}, title, " ", h("span", { class: "muted" }, number(items.length))),
    words && h("p", { class: "muted" }, words),
    h("ul", { class: "plain" }, items.slice(0, NAMED).map((item) => h("li", {}, draw(item)))),
    items.length > NAMED && h("p", { class: "muted" }, `and ${number(items.length - NAMED)} more`));
}

function problemItem({ path, line, message, hint }) {
  return [h("span", { class: "at" }, line ? `${path}:${line}` : path), " ", sentence(message), hint && h("span", { class: "muted" }, ` ${sentence(hint)}`)];
}

function findingItem(finding) {
  return [linkTo({ finding: finding.id, outcome: finding.outcome }, {}, finding.rule.title), " on ", h("b", {}, h("bdi", {}, finding.group.label)), " ", h("span", { class: "at" }, where(finding.at))];
}

/** Undecided findings by what would decide them: the value that decides most first. */
function undecided(findings) {
  const groups = [...groupBy(findings, (f) => f.decider)].sort((a, b) => b[1].length - a[1].length);
  return coverageList("Undecided", "Neither passed nor failed, by what would decide it.", groups, ([decider, theirs]) => [
    h("b", {}, decider), h("ul", { class: "plain" }, theirs.slice(0, NAMED).map((f) => h("li", {}, findingItem(f)))),
  ]);
}

function ignored(findings) {
  return coverageList("Ignored", "Somebody decided that these are not to be told.", findings, (f) => [
    findingItem(f), h("p", {}, sentence(f.ignore.reason) || "No reason is given.", f.ignore.until && ` Until ${f.ignore.until}.`,
      " ", h("span", { class: "at" }, where(f.ignore.at))),
  ]);
}
