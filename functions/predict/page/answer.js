// Shows a response of POST /predict: its values, their boxes on the picture, labels and times.

import { byId, element, readable, setAttributes, svgElement } from "./dom.js";

// How many colours entities have: the classes e0 to e7 of style.css.
const COLOURS = 8;

// Font size of a box's tag, in pixels of the screen. Chosen by hand.
const TAG_FONT_SIZE = 12;

// Space around a tag's text, and the radius of its corners, in pixels of the screen. Chosen by hand.
const TAG_PADDING = 3;

// How far a tag begins to the left of its box, in pixels of the screen: about half the box's line.
const TAG_OVERHANG = 1.5;

// Width of the bar of times, in units of its viewBox in index.html.
const TIMES_WIDTH = 1000;

// Height of the bar of times, in units of its viewBox in index.html.
const TIMES_HEIGHT = 12;

export function showAnswers(prediction, entities) {
  const items = Object.entries(prediction.answers).map(([entity, answer]) =>
    valueItem(entity, answer, colourClass(entity, entities)),
  );
  byId("values").replaceChildren(...items);
  showLabels(prediction.labels);
  showTimes(prediction.milliseconds);
}

export function clearBoxes() {
  byId("boxes").replaceChildren();
}

export function drawBoxes(prediction, entities) {
  clearBoxes();
  const { width, height } = prediction.picture;
  byId("boxes").setAttribute("viewBox", `0 0 ${width} ${height}`);
  // Pixels of the picture for each pixel of the screen: tags have the same size on every picture.
  const scale = width / (byId("shown").clientWidth || width);
  const answers = Object.entries(prediction.answers);
  // The answers' boxes come last: they lie above the runners-up.
  for (const [entity, answer] of answers) {
    answer.runners_up.forEach((runnerUp, index) => {
      const colour = colourClass(entity, entities);
      addBox(runnerUpKey(entity, index), runnerUp.evidence.box, `${colour} runner`);
    });
  }
  for (const [entity, answer] of answers) {
    if (!answer.evidence) continue;
    const group = addBox(entity, answer.evidence.box, colourClass(entity, entities));
    addTag(group, readable(entity), answer.evidence.box, scale, width);
    highlightOnHover(group, entity);
  }
}

const colourClass = (entity, entities) => `e${Math.max(0, entities.indexOf(entity)) % COLOURS}`;

// ---- values -----------------------------------------------------------------------------------
// A value and its box have the same data-box: one is highlighted with the other.

const runnerUpKey = (entity, index) => `${entity}-${index}`;

function valueItem(entity, answer, colour) {
  const name = element("span", { class: "entity" }, readable(entity));
  const item = answer.prediction
    ? element("li", { class: `value ${colour}` }, valueButton(name, entity, answer))
    : element("li", { class: `value ${colour} abstained` }, noValue(name, answer));
  item.dataset.box = entity;
  if (answer.runners_up.length) item.append(runnersUp(entity, answer.runners_up));
  return item;
}

function valueButton(name, entity, answer) {
  const button = element(
    "button",
    { type: "button", class: "main" },
    name,
    element("span", { class: "confidence" }, `confidence ${answer.confidence.toFixed(2)}`),
    element("span", { class: "amount" }, answer.prediction),
    element("meter", { value: answer.confidence, title: "confidence" }),
    element("span", { class: "read-from" }, readFrom(answer.evidence)),
  );
  highlightOnHover(button, entity);
  return button;
}

function noValue(name, answer) {
  return element(
    "div",
    { class: "main" },
    name,
    element("span", { class: "amount" }, "the picture doesn't say"),
    element("span", { class: "confidence" }, `${Math.round(answer.stated * 100)} % that it does`),
    element("span", { class: "read-from" }, whyNone(answer)),
  );
}

// Says why an entity has no value, and why what was read for it wasn't given.
function whyNone({ runners_up: found }) {
  if (!found.length) return "No quantity of this kind was read.";
  return (
    `${found[0].prediction} was read, but that the picture states no value here is more probable, in view of ` +
    "words, lines and the other values. The number behind it says how sure it would be as an answer, " +
    "and isn't compared with none."
  );
}

function runnersUp(entity, found) {
  const items = found.map((runnerUp, index) => {
    const key = runnerUpKey(entity, index);
    const button = element(
      "button",
      { type: "button", class: "runner-up", title: readFrom(runnerUp.evidence), "data-box": key },
      runnerUp.prediction,
      element("small", {}, runnerUp.confidence.toFixed(2)),
    );
    highlightOnHover(button, key);
    return element("li", {}, button);
  });
  return element("ul", { class: "runners" }, element("li", {}, "or"), ...items);
}

const readFrom = (evidence) => `read from “${evidence.text}”`;

function highlightOnHover(target, key) {
  for (const kind of ["mouseenter", "focus"]) target.addEventListener(kind, () => highlight(key));
  for (const kind of ["mouseleave", "blur"]) target.addEventListener(kind, () => highlight(null));
}

function highlight(key) {
  byId("boxes").classList.toggle("some-active", key !== null);
  for (const item of document.querySelectorAll("[data-box]")) {
    item.classList.toggle("active", item.dataset.box === key);
  }
}

// ---- boxes ------------------------------------------------------------------------------------

export function addBox(key, corners, classes) {
  const points = corners.map((corner) => corner.join(",")).join(" ");
  const group = svgElement(
    "g",
    { class: `box-group ${classes}`, "data-box": key },
    // The halo keeps a box visible on a product of its own colour.
    svgElement("polygon", { class: "halo", points }),
    svgElement("polygon", { class: "box", points }),
  );
  byId("boxes").append(group);
  return group;
}

// Adds a name above a box, or below where there is no room above.
export function addTag(group, name, corners, scale, pictureWidth) {
  const fontSize = TAG_FONT_SIZE * scale;
  const padding = TAG_PADDING * scale;
  const text = svgElement("text", { class: "tag-text", "font-size": fontSize }, name);
  // Text has a length only once it is in the document.
  group.append(text);
  const width = text.getComputedTextLength() + 4 * padding;
  const height = fontSize + 2 * padding;
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const left = Math.max(0, Math.min(Math.min(...xs) - TAG_OVERHANG * scale, pictureWidth - width));
  const above = Math.min(...ys) - height - padding;
  const top = above >= 0 ? above : Math.max(...ys) + padding;
  // y is the text's baseline; 0.4 of the padding centres the letters. Chosen by hand.
  setAttributes(text, { x: left + 2 * padding, y: top + fontSize + 0.4 * padding });
  const background = { class: "tag", x: left, y: top, width, height, rx: padding };
  group.insertBefore(svgElement("rect", background), text);
}

// ---- labels and times -------------------------------------------------------------------------

function showLabels(labels) {
  byId("labels-block").hidden = labels.length === 0;
  const items = labels.map(({ name, score }) =>
    element("li", {}, readable(name), element("small", {}, `${Math.round(score * 100)} %`)),
  );
  byId("labels").replaceChildren(...items);
}

function showTimes({ all, ...stages }) {
  byId("total").textContent = `${Math.round(all)} ms`;
  let start = 0;
  const bars = [];
  const items = [];
  Object.entries(stages).forEach(([name, spent], index) => {
    const width = all ? (spent / all) * TIMES_WIDTH : 0;
    bars.push(svgElement("rect", { class: `t${index}`, x: start, y: 0, width, height: TIMES_HEIGHT }));
    const shown = spent < 10 ? spent.toFixed(1) : Math.round(spent);
    items.push(element("li", { class: `t${index}` }, `${name} ${shown} ms`));
    start += width;
  });
  byId("times").replaceChildren(...bars);
  byId("stages").replaceChildren(...items);
}
