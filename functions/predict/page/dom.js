// Finds and makes elements.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svgElement(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG_NAMESPACE, name), attributes, children);
}

export function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

// The name of an entity or a label, as people write it.
export const readable = (name) => name.replaceAll("_", " ");

function fill(node, attributes, children) {
  setAttributes(node, attributes);
  node.append(...children);
  return node;
}
