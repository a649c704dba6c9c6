// One finding in full: its code, why it matters, how it is mended.

let printed = null; // on paper: the checks that have been explained, each only once

function severityMark(severity) {
  return h("span", { class: `severity ${severity}` }, severity);
}

/** The indent that all lines have. */
function commonIndent(texts) {
  const indents = texts.filter((text) => text.trim()).map((text) => text.length - text.trimStart().length);
  return indents.length ? Math.min(...indents) : 0;
}

/** Whether a remark stands below its line rather than behind it. */
function long(remark) {
  return remark.length > 40;
}

/** The lines of one file: those that decided are marked, and a remark stands behind or below them. */
function codeFrame({ file, lines }, at) {
  const { path, lines: texts } = DATA.files[file];
  const numbers = lines.map((line) => (Array.isArray(line) ? line[0] : line));
  const indent = commonIndent(numbers.map((n) => texts[n] ?? ""));
  const first = at[0] === file ? at[1] : lines.find(Array.isArray)?.[0] ?? numbers[0];
  const rows = lines.flatMap((line, index) => {
    const [n, remark] = Array.isArray(line) ? line : [line];
    const gap = index > 0 && n > numbers[index - 1] + 1;
    return [
      gap && h("div", { class: "gap", "aria-hidden": "true" }, "⋯"),
      h("div", { class: Array.isArray(line) ? "line marked" : "line" },
        h("span", { class: "number" }, n),
        h("code", {}, (texts[n] ?? "").slice(indent) || " ",
          remark && !long(remark) && h("span", { class: "remark" }, h("span", { "aria-hidden": "true" }, "← "), remark))),
      remark && long(remark) && h("div", { class: "remark below" }, h("span", { "aria-hidden": "true" }, "↑ "), remark),
    ];
  });
  return h("figure", { class: "frame" },
    h("figcaption", {}, h("span", { class: "path" }, path), `:${first}`),
    h("div", { class: "lines", tabindex: 0, role: "group", "aria-label": `Lines of ${path}` }, rows));
}

/** The fix as a difference, in the format of the asset. */
function fixExample(finding) {
  const example = finding.rule.examples[`${finding.on.format}/${finding.on.provider}`];
  if (!example) return null;
  const kinds = { "+": "added", "-": "removed" };
  const rows = example.difference.split("\n").map((line) =>
    h("div", { class: `line ${kinds[line[0]] ?? ""}` },
      h("span", { class: "number" }, line[0] === " " ? "" : line[0]), h("code", {}, line.slice(1) || " ")));
  return h("details", { class: "example", open: Boolean(printed) },
    h("summary", {}, `How an example is mended: ${example.label}`),
    h("div", { class: "frame" }, h("div", { class: "lines" }, rows)));
}

function term(name, ...content) {
  return [h("dt", {}, name), h("dd", {}, ...content)];
}

function mappings(rule) {
  return rule.maps.map(([framework, id, name]) =>
    h("li", {}, h("span", { class: "framework" }, framework), " ", h("b", {}, id), name && ` ${name}`));
}

/** All that is known of a finding. */
function findingDetail(finding) {
  const { rule } = finding;
  const part = finding.asset !== finding.owner;
  const { ignore } = finding;
  const brief = printed?.has(finding.check);
  printed?.add(finding.check);
  return h("div", { class: "detail" },
    h("div", { class: "evidence" },
      h("p", { class: "what" }, sentence(finding.why)),
      finding.frames?.map((piece) => codeFrame(piece, finding.at))),
    h("dl", {},
      brief
        ? term("Why and how to mend it", "As said above of ", h("code", {}, finding.check), ".")
        : [term("Why it matters", prose(sentence(rule.why))), term("Fix", prose(sentence(rule.fix)), fixExample(finding))],
      part && term("Part", h("bdi", {}, finding.on.label)),
      finding.condition && term("Only if", h("code", {}, finding.condition)),
      finding.decider && term("Undecided", finding.decider),
      ignore && term("Ignored", sentence(ignore.reason) || "No reason is given.",
        ignore.until && ` Until ${ignore.until}.`, h("span", { class: "at" }, where(ignore.at))),
      !brief && rule.maps.length > 0 && term("Maps to", h("ul", { class: "maps" }, mappings(rule))),
      !brief && term("Finding", `${rule.pillar} pillar, ${rule.layer} layer, ${rule.confidence} confidence. `,
        linkTo({ finding: finding.id, outcome: finding.outcome }, { class: "permalink" }, finding.id))));
}
