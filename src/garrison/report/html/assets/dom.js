// Making elements. Text only ever becomes a text node: there is no other way in.

const $ = (id) => document.getElementById(id);

/** Children that are there at all; lists are taken apart. */
function add(node, ...children) {
  node.append(...children.flat(3).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

function clear(node) {
  node.replaceChildren();
  return node;
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  return add(node, children);
}

/** An element of HTML; `onclick` and its like are listeners. */
function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes ?? {}, children);
}

/** An element of SVG. */
function s(tag, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes ?? {}, children);
}

function number(value) {
  return value.toLocaleString("en");
}

function count(value, word, words = `${word}s`) {
  return `${number(value)} ${value === 1 ? word : words}`;
}

/** Words with commas and an "and". */
function listed(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** A text that is a sentence. */
function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".") : "";
}

/** A text of a check, in which code stands between backquotes. */
function prose(text) {
  return text.split("`").map((piece, index) => (index % 2 ? h("code", {}, piece) : piece));
}

/** Items under what they have in common, in the order of the first of each. */
function groupBy(items, key) {
  const groups = new Map();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
}
