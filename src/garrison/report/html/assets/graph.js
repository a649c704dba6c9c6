// The graph of all paths: entries left, what an attacker is after right. What is the same asset is one node.

const SHORT = { label: 20, kind: 26, words: 16 }; // characters in a node, on an edge
const WORDS_UP_TO = 40; // edges on which words are written

function short(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** A hop as a sentence; two things of one name are told apart by their kinds. */
function hopSentence(hop, entry) {
  const end = DATA.assets[hop.end];
  if (hop.start === null) {
    const start = entry || "an attacker";
    return `${start[0].toUpperCase()}${start.slice(1)} ${hop.words} ${end.label}`;
  }
  const start = DATA.assets[hop.start];
  const name = (asset) => (start.label === end.label ? `${asset.kind} ${asset.label}` : asset.label);
  return `${name(start)} ${hop.words} ${name(end)}`;
}

/** Nodes and edges of some paths, merged: a node stands as far right as in any path; an edge knows its paths. */
function mergePaths(numbers) {
  const { found, hops } = DATA.paths;
  const nodes = new Map();
  const edges = new Map();
  const node = (key, made, column) => {
    if (!nodes.has(key)) nodes.set(key, { index: nodes.size, column, ...made() });
    const found = nodes.get(key);
    found.column = Math.max(found.column, column);
    return found;
  };
  const asset = (index, column) => node(index, () => DATA.assets[index], column);
  for (const number of numbers) {
    const path = found[number];
    path.hops.forEach((index, step) => {
      const hop = hops[index];
      const start = hop.start === null ? node(path.entry, () => ({ kind: "entry", label: path.entry, entry: true }), step) : asset(hop.start, step);
      const end = asset(hop.end, step + 1);
      const key = `${start.index} ${index}`;
      if (!edges.has(key)) edges.set(key, { start, end, hop, index, entry: path.entry, paths: new Set() });
      edges.get(key).paths.add(number);
      if (step === path.hops.length - 1) end.jewel = path.jewel;
    });
  }
  placeJewels([...nodes.values()], [...edges.values()]);
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** What is worth stealing stands in the last column, unless it leads on. */
function placeJewels(nodes, edges) {
  const last = Math.max(...nodes.map((node) => node.column));
  for (const node of nodes) if (node.jewel && !edges.some((edge) => edge.start === node)) node.column = last;
}

/** A smooth line through points, from the right edge of a node to the left edge of another. */
function curve(points) {
  const [first, last] = [points[0], points.at(-1)];
  if (last.x <= first.x) { // not to the right: around, with a bow
    const [from, to] = [first.x + NODE.width / 2, last.x + NODE.width / 2];
    const bow = Math.max(from, to) + 48;
    return `M${from} ${first.y} C${bow} ${first.y} ${bow} ${last.y} ${to + 5} ${last.y}`;
  }
  const ends = [{ x: first.x + NODE.width / 2, y: first.y }, ...points.slice(1, -1), { x: last.x - NODE.width / 2 - 5, y: last.y }];
  return ends.map((point, i) => {
    if (!i) return `M${point.x} ${point.y}`;
    if (point.y === ends[i - 1].y) return `H${point.x}`;
    const middle = (ends[i - 1].x + point.x) / 2;
    return `C${middle} ${ends[i - 1].y} ${middle} ${point.y} ${point.x} ${point.y}`;
  }).join("");
}

/** The drawing of some paths. `told` is called with an edge when it is looked at, `picked` with the number of a path. */
function drawGraph(numbers, told, picked) {
  const { nodes, edges } = mergePaths(numbers);
  const worded = edges.length <= WORDS_UP_TO;
  const plan = layout(nodes.map((node) => node.column), edges.map((e) => [e.start.index, e.end.index]), worded ? GAP.words : GAP.plain);
  const edgeParts = edges.map((edge, i) => drawEdge(edge, plan.routes[i], worded && wordsAt(edge, plan.routes[i], edges), told, picked));
  const nodeParts = nodes.map((node) => drawNode(node, plan.nodes[node.index]));
  const svg = s("svg", {
    class: "graph", tabindex: 0, role: "group",
    "aria-label": `Graph of ${count(numbers.length, "attack path")}. Arrow keys move it, plus and minus change its size, 0 fits it. The list below says the same.`,
  },
    s("defs", {}, ["", "-on", "-cut"].map((name) =>
      s("marker", { id: `arrow${name}`, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, s("path", { d: "M0 0.5 L7 4 L0 7.5z" })))),
    s("g", { class: "edges" }, edgeParts), s("g", { class: "nodes" }, nodeParts));
  const view = panAndZoom(svg, plan);
  /** Mark the edges for which `wanted` holds and the nodes at their ends; none where nothing is wanted. */
  const mark = (wanted, style) => {
    const touched = new Set();
    edges.forEach((edge, i) => {
      const on = Boolean(wanted?.(edge));
      edgeParts[i].classList.toggle("on", on);
      edgeParts[i].classList.toggle("cut", on && style === "cut");
      if (on) touched.add(edge.start).add(edge.end);
    });
    nodes.forEach((node, i) => nodeParts[i].classList.toggle("on", touched.has(node)));
    svg.classList.toggle("picked", touched.size > 0);
  };
  return { svg, mark, ...view };
}

function drawNode(node, { x, y }) {
  const style = node.entry ? "node entry" : node.jewel ? "node jewel" : "node";
  const box = { x: x - NODE.width / 2, y: y - NODE.height / 2, ...NODE };
  const { width, height } = NODE;
  const line = (style, dy, text) => s("text", { class: style, x: box.x + 12, y: y + dy }, text);
  const group = s("g", { class: style },
    s("title", {}, `${node.kind} ${node.label}${node.jewel ? `: ${node.jewel}` : ""}`),
    s("rect", { x: box.x, y: box.y, width, height, rx: node.entry ? height / 2 : 5 }),
    node.entry
      ? s("text", { class: "label", x, y: y + 4, "text-anchor": "middle" }, node.label)
      : [line("kind", -6, short(node.jewel ? `${node.kind} · ${node.jewel}` : node.kind, SHORT.kind)), line("label", 12, short(node.label, SHORT.label))]);
  return group;
}

/** Where the words of an edge stand: on its side of the gap where fewer edges meet, or over a level stretch. */
function wordsAt(edge, points, edges) {
  const [a, b] = [points[0], points.at(-1)];
  if (b.x <= a.x) return null;
  if (points.length > 2) return { x: (points[1].x + points[2].x) / 2, y: points[1].y };
  const leaving = edges.filter((e) => e.start === edge.start).length;
  const arriving = edges.filter((e) => e.end === edge.end).length;
  const t = leaving === arriving ? 0.5 : leaving > arriving ? 0.66 : 0.34;
  const bend = t * t * (3 - 2 * t); // of the cubic that `curve` draws
  return { x: a.x + NODE.width / 2 + (b.x - a.x - NODE.width) * (1.5 * t - 1.5 * t * t + t * t * t), y: a.y + (b.y - a.y) * bend };
}

function drawEdge(edge, points, words, told, picked) {
  const d = curve(points);
  const say = `${hopSentence(edge.hop, edge.entry)}${edge.hop.at ? `, ${where(edge.hop.at)}` : ""}`;
  const worst = Math.min(...edge.paths);
  return s("g", {
    class: `edge ${edge.hop.medium}${edge.hop.sure ? "" : " unsure"}`, tabindex: 0, role: "button", "aria-label": say,
    onmouseenter: () => told(edge), onfocus: () => told(edge), onmouseleave: () => told(null), onblur: () => told(null),
    onclick: () => picked(worst),
    onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); picked(worst); } },
  },
    s("path", { class: "hit", d }), s("path", { class: "way", d }),
    words && s("text", { class: "words", x: words.x, y: words.y + 3.5, "text-anchor": "middle" }, short(edge.hop.words, SHORT.words)));
}

/** Dragging moves the drawing, the wheel with Ctrl or Command changes its size; so do keys and buttons. */
function panAndZoom(svg, { width, height }) {
  const margin = 14;
  const whole = { x: -margin, y: -margin, width: width + 2 * margin, height: height + 2 * margin };
  let box = { ...whole };
  const apply = () => svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
  const fit = () => { box = { ...whole }; apply(); };
  const zoom = (factor, at = { x: box.x + box.width / 2, y: box.y + box.height / 2 }) => {
    const wide = Math.min(whole.width * 4, Math.max(200, box.width * factor));
    const by = wide / box.width;
    box = { x: at.x - (at.x - box.x) * by, y: at.y - (at.y - box.y) * by, width: wide, height: box.height * by };
    apply();
  };
  const move = (dx, dy) => { box = { ...box, x: box.x + dx * box.width, y: box.y + dy * box.height }; apply(); };
  const point = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const keys = { ArrowLeft: () => move(-0.1, 0), ArrowRight: () => move(0.1, 0), ArrowUp: () => move(0, -0.1), ArrowDown: () => move(0, 0.1), "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25), 0: fit };
  svg.addEventListener("keydown", (event) => {
    if (event.target !== svg || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.12 : 0.89, point(event));
  }, { passive: false });
  let held = null;
  svg.addEventListener("pointerdown", (event) => { held = { at: point(event), moved: false }; });
  svg.addEventListener("pointermove", (event) => {
    if (!held || !event.buttons) return;
    if (!held.moved) svg.setPointerCapture(event.pointerId);
    held.moved = true;
    const now = point(event);
    box = { ...box, x: box.x + held.at.x - now.x, y: box.y + held.at.y - now.y };
    apply();
  });
  svg.addEventListener("pointerup", () => { held = null; });
  fit();
  svg.style.aspectRatio = `${whole.width} / ${whole.height}`;
  svg.style.maxWidth = `${whole.width * 1.15}px`;
  return { fit, zoom };
}
