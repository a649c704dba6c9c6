// The data, what of it is asked for, and where that stands in the address.

const DATA = JSON.parse($("data").textContent);
const SEVERITIES = ["critical", "high", "medium", "low"];
const OUTCOMES = {
  open: "open",
  undecided: "undecided",
  ignored: "ignored",
  known: DATA.head.since ? `known in ${DATA.head.since}` : "in the baseline",
  any: "all outcomes",
};
const PROVIDERS = {
  aws: "AWS", azure: "Azure", gcp: "Google Cloud", github: "GitHub", gitlab: "GitLab", host: "hosts",
  kubernetes: "Kubernetes", openapi: "OpenAPI",
};
const VIEWS = {
  overview: "Overview",
  findings: "Findings",
  paths: "Attack paths",
  ...(DATA.controls && { controls: "Controls" }),
  coverage: "Coverage",
};
const DEFAULTS = {
  view: "overview", q: "", severity: "", pillar: "", layer: "", provider: "", format: "", kind: "", outcome: "open",
  ml: "", asset: "", finding: "", open: "", path: "",
};
const FACETS = {
  pillar: (f) => f.rule.pillar,
  layer: (f) => f.rule.layer,
  provider: (f) => f.on.provider,
  format: (f) => f.on.format,
  kind: (f) => f.on.kind,
};
let state = { ...DEFAULTS };

for (const finding of DATA.findings) {
  finding.rule = DATA.checks[finding.check];
  finding.on = DATA.assets[finding.asset];
  finding.group = DATA.assets[finding.owner];
  finding.reasons ??= finding.on.reasons;
  finding.outcome ??= "open";
}

/** The providers by their names, as a sentence has them. */
function providers() {
  return listed(DATA.head.providers.map((name) => PROVIDERS[name] ?? name));
}

/** `path:line` of a place. */
function where([file, line]) {
  return `${DATA.files[file].path}:${line}`;
}

/** All that a search looks at; made when it is first asked for. */
function haystack(finding) {
  finding.text ??= [
    finding.check, finding.rule.title, finding.rule.severity, finding.on.label, finding.on.address, finding.on.kind,
    finding.group.label, where(finding.at), finding.why, finding.id, finding.decider ?? "",
    ...finding.reasons, ...finding.rule.maps.map((map) => map[1]),
  ].join("\n").toLowerCase();
  return finding.text;
}

/** Whether a finding is of an asset or of what that consists of. */
function isOf(finding, address) {
  const own = finding.on.address;
  return own === address || finding.group.address === address ||
    own.startsWith(`${address}/`) || own.startsWith(`${address}#`);
}

/** The findings that are asked for, the greatest risk first. */
function matching() {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const severities = state.severity ? state.severity.split(",") : SEVERITIES;
  const facets = Object.keys(FACETS).filter((name) => state[name]);
  return DATA.findings.filter((f) =>
    state.finding ? f.id === state.finding :
    (state.outcome === "any" || f.outcome === state.outcome) &&
    severities.includes(f.rule.severity) &&
    facets.every((name) => FACETS[name](f) === state[name]) &&
    (!state.ml || f.rule.ml) &&
    (!state.asset || isOf(f, state.asset)) &&
    words.every((word) => haystack(f).includes(word)));
}

/** The address of the report in a state. */
function addressOf(wanted) {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) {
    if (name !== "view" && value !== DEFAULTS[name]) said.set(name, value);
  }
  const query = said.toString();
  return `#${wanted.view}${query && `?${query}`}`;
}

/** The state that the address asks for. */
function readAddress() {
  const [view, query] = location.hash.slice(1).split("?", 2);
  const asked = Object.fromEntries(new URLSearchParams(query ?? ""));
  state = { ...DEFAULTS };
  if (Object.hasOwn(VIEWS, view)) state.view = view;
  for (const name of Object.keys(DEFAULTS)) {
    if (name !== "view" && name in asked) state[name] = asked[name];
  }
  if (!Object.hasOwn(OUTCOMES, state.outcome)) state.outcome = DEFAULTS.outcome;
}

let writing; // the timer after which the address is written: browsers allow it only so often

/** Ask for something else. Another part of the report is a step in the browser's history, a filter is not. */
function go(change) {
  const step = change.view && change.view !== state.view;
  state = { ...state, ...change };
  clearTimeout(writing);
  if (step) history.pushState(null, "", addressOf(state));
  else writing = setTimeout(() => history.replaceState(null, "", addressOf(state)), 200);
  show();
}

/** A link to the findings of a filter, all other filters off. */
function linkTo(change, attributes, ...children) {
  const wanted = { ...DEFAULTS, view: "findings", ...change };
  const onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(wanted);
    scrollTo(0, 0);
  };
  return h("a", { href: addressOf(wanted), onclick, ...attributes }, ...children);
}
