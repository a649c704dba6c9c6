// Where the nodes of a graph stand: columns from left to right (Sugiyama, Tagawa and Toda, 1981). No drawing.

// In pixels. The gap between two columns is wider where words stand in it.
const GAP = { plain: 52, words: 90 };
const NODE = { width: 184, height: 46 };
const APART = { node: 66, bend: 22 }; // from the middle of one to the middle of the next

/** Edges over several columns get a bend in each column between. Those that do not lead right take no part in it. */
function withBends(size, edges, column) {
  const bends = [];
  const links = [];
  const routes = edges.map(([from, to]) => {
    if (column[to] <= column[from]) return [from, to];
    const route = [from];
    for (let at = column[from] + 1; at < column[to]; at += 1) {
      route.push(size + bends.length);
      bends.push(at);
    }
    route.push(to);
    for (let i = 1; i < route.length; i += 1) links.push([route[i - 1], route[i]]);
    return route;
  });
  return { column: [...column, ...bends], links, routes };
}

function mean(values, otherwise) {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : otherwise;
}

/** The nodes of each column from top to bottom: each near the middle of its neighbours, with few crossings. */
function ordered(column, links) {
  const before = column.map(() => []);
  const after = column.map(() => []);
  for (const [from, to] of links) {
    after[from].push(to);
    before[to].push(from);
  }
  const columns = Array.from({ length: Math.max(0, ...column) + 1 }, () => []);
  column.forEach((at, node) => columns[at].push(node));
  const place = new Array(column.length);
  const number = () => columns.forEach((nodes) => nodes.forEach((node, index) => { place[node] = index; }));
  const crossings = () => {
    let found = 0;
    for (let i = 0; i < links.length; i += 1) {
      for (let j = i + 1; j < links.length; j += 1) {
        const [[a, b], [c, d]] = [links[i], links[j]];
        if (column[a] === column[c] && (place[a] - place[c]) * (place[b] - place[d]) < 0) found += 1;
      }
    }
    return found;
  };
  number();
  let best = columns.map((nodes) => [...nodes]);
  let fewest = crossings();
  for (let sweep = 0; sweep < 8 && fewest > 0; sweep += 1) {
    const near = sweep % 2 ? after : before;
    for (const nodes of sweep % 2 ? [...columns].reverse() : columns) {
      const middle = new Map(nodes.map((node) => [node, mean(near[node].map((n) => place[n]), place[node])]));
      nodes.sort((a, b) => middle.get(a) - middle.get(b) || place[a] - place[b]);
      nodes.forEach((node, index) => { place[node] = index; });
    }
    const now = crossings();
    if (now < fewest) {
      fewest = now;
      best = columns.map((nodes) => [...nodes]);
    }
  }
  return { columns: best, before, after };
}

/** Heights: each node in the middle of its neighbours as far as those above and below leave room. */
function heights({ columns, before, after }, size) {
  const y = [];
  const room = (a, b) => (a < size || b < size ? (a < size && b < size ? APART.node : (APART.node + APART.bend) / 2) : APART.bend);
  for (const nodes of columns) {
    let at = 0;
    nodes.forEach((node, index) => {
      at += index ? room(nodes[index - 1], node) : 0;
      y[node] = at;
    });
    for (const node of nodes) y[node] -= at / 2;
  }
  for (let sweep = 0; sweep < 12; sweep += 1) {
    for (const nodes of columns) {
      const wanted = nodes.map((node) => mean([...before[node], ...after[node]].map((n) => y[n]), y[node]));
      const down = [...wanted];
      const up = [...wanted];
      for (let i = 1; i < nodes.length; i += 1) down[i] = Math.max(down[i], down[i - 1] + room(nodes[i - 1], nodes[i]));
      for (let i = nodes.length - 2; i >= 0; i -= 1) up[i] = Math.min(up[i], up[i + 1] - room(nodes[i], nodes[i + 1]));
      nodes.forEach((node, i) => { y[node] = (down[i] + up[i]) / 2; });
    }
  }
  return y;
}

/** Where a graph stands whose nodes are in these columns: the middles of all nodes, and of each edge the points it passes: at a bend it stays level for as long as a node is. */
function layout(columns, edges, gap) {
  const size = columns.length;
  const { column, links, routes } = withBends(size, edges, columns);
  const y = heights(ordered(column, links), size);
  const top = Math.min(...y);
  const point = (node) => ({ x: column[node] * (NODE.width + gap) + NODE.width / 2, y: y[node] - top + NODE.height / 2 });
  const half = NODE.width / 2;
  const passed = (node) => {
    const { x, y: at } = point(node);
    return node < size ? [{ x, y: at }] : [{ x: x - half, y: at }, { x: x + half, y: at }];
  };
  return {
    nodes: Array.from({ length: size }, (_, node) => point(node)),
    routes: routes.map((route) => route.flatMap(passed)),
    width: Math.max(0, ...column) * (NODE.width + gap) + NODE.width,
    height: Math.max(...y) - top + NODE.height,
  };
}
