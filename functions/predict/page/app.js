// The page at the API's root: it asks POST /predict, and draws what comes back.
// The API key stays in the input and in the request's header: it is stored nowhere.

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const BASE = new URL(".", document.baseURI);
// What POST /predict takes as it is; other pictures go in base64.
const BODY_TYPES = ["image/jpeg", "image/png", "image/webp"];
const ASKED_FIRST = ["height", "width", "item_weight", "item_volume"];

let entities = [];
let chosen = null; // {file} or {link}
let shownUrl = "";
let answered = null; // The last answer, for drawing its boxes anew.
let running = null; // AbortController of the request on its way.

// ---- making elements --------------------------------------------------------------------------

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  fill(made, attributes, children);
  return made;
}

function shape(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  fill(made, attributes, children);
  return made;
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
}

const words = (name) => name.replaceAll("_", " ");
const colour = (name) => `e${Math.max(0, entities.indexOf(name)) % 8}`;
const percent = (part) => `${Math.round(part * 100)} %`;

// ---- choosing a picture -----------------------------------------------------------------------

function choose(picture) {
  running?.abort();
  chosen = picture;
  answered = null;
  for (const id of ["result", "problem"]) $(id).hidden = true;
  say("");
  $("boxes").replaceChildren();
  if (picture.file) {
    show(URL.createObjectURL(picture.file));
    $("link").value = "";
  } else {
    // It is shown once the API sends what it read: this page loads nothing from elsewhere.
    hidePicture();
    say(`Ready to read ${picture.link}`);
  }
  writeCommand();
}

function show(url) {
  if (shownUrl.startsWith("blob:")) URL.revokeObjectURL(shownUrl);
  shownUrl = url;
  $("shown").src = url;
  $("view").hidden = false;
  $("drop").hidden = true;
  $("another").hidden = false;
}

function hidePicture() {
  $("view").hidden = true;
  $("drop").hidden = false;
  $("another").hidden = true;
}

$("file").addEventListener("change", () => {
  const [file] = $("file").files;
  if (file) choose({ file });
  $("file").value = "";
});

$("link-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const link = $("link").value.trim();
  if (!link) return $("link").focus();
  choose({ link });
  ask();
});

document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((item) => item.type.startsWith("image/"));
  if (file) {
    event.preventDefault();
    choose({ file });
  } else if (!(event.target instanceof HTMLInputElement)) {
    const text = event.clipboardData.getData("text").trim();
    if (/^(https?|s3):\/\//i.test(text)) {
      $("link").value = text;
      choose({ link: text });
    }
  }
});

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("stage").classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) $("stage").classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  $("stage").classList.remove("over");
  const [file] = event.dataTransfer.files;
  const link = event.dataTransfer.getData("text/uri-list").split("\n")[0].trim();
  if (file) choose({ file });
  else if (link) {
    $("link").value = link;
    choose({ link });
  }
});

$("shown").addEventListener("error", () => {
  if (!$("view").hidden) hidePicture();
});

// ---- asking -----------------------------------------------------------------------------------

const asked = () => [...document.querySelectorAll("#entities input:checked")].map((box) => box.value);

async function request() {
  const names = asked();
  const url = new URL("predict", BASE);
  if (chosen.file && BODY_TYPES.includes(chosen.file.type)) {
    for (const name of names) url.searchParams.append("entity_name", name);
    return { url, type: chosen.file.type, body: chosen.file };
  }
  const document = { entity_names: names, preview: true };
  if (chosen.file) document.image_base64 = await base64(chosen.file);
  else document.image_link = chosen.link;
  return { url, type: "application/json", body: JSON.stringify(document) };
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

async function ask() {
  $("problem").hidden = true;
  if (!chosen) return complain("No picture", "Drop, choose or paste one first, or give its link.", $("file"));
  if (!asked().length) return complain("Nothing to read", "Choose at least one entity.", document.querySelector("#entities input"));
  if (!$("key").value.trim()) return complain("No API key", "Enter the key of this API at the top.", $("key"));
  running?.abort();
  const controller = (running = new AbortController());
  busy(true);
  try {
    const { url, type, body } = await request();
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": type, "x-api-key": $("key").value.trim() },
      body,
      signal: controller.signal,
    });
    const document = await response.json();
    if (response.ok) draw(document);
    else complain(document.title, document.detail, null, `${document.type} · request ${document.request_id}`);
  } catch (error) {
    if (error.name !== "AbortError") complain("No answer", "The API couldn't be reached: try again in a moment.", null, String(error));
  } finally {
    if (running === controller) busy(false);
  }
}

function busy(is) {
  $("read").disabled = is;
  document.querySelector(".panel").setAttribute("aria-busy", String(is));
  $("status").classList.toggle("busy", is);
  if (is) {
    $("result").hidden = true;
    $("boxes").replaceChildren();
    say("Reading. The first picture after a pause takes some seconds more.");
  } else if ($("status").textContent.startsWith("Reading")) say("");
}

function say(text) {
  $("status").textContent = text;
}

function complain(title, detail, focused, note) {
  say("");
  $("result").hidden = true;
  $("problem").replaceChildren(element("strong", {}, title), detail, ...(note ? [element("code", {}, note)] : []));
  $("problem").hidden = false;
  focused?.focus();
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (chosen) ask();
});

// ---- drawing the answer -----------------------------------------------------------------------

function draw(document) {
  answered = document;
  if (document.picture.preview) show(document.picture.preview);
  $("values").replaceChildren(...Object.entries(document.answers).map(([name, answer]) => card(name, answer)));
  drawLabels(document.labels);
  drawTimes(document.milliseconds);
  $("result").hidden = false;
  const found = Object.values(document.answers).filter((answer) => answer.prediction).length;
  say(`${found} of ${Object.keys(document.answers).length} found`);
  $("status").scrollIntoView({ block: "nearest" });
  const image = $("shown");
  if (image.complete) drawBoxes();
  else image.addEventListener("load", drawBoxes, { once: true });
}

function card(name, answer) {
  const parts = [
    element("span", { class: "entity" }, words(name)),
    element("span", { class: "sure" }, answer.prediction ? `confidence ${answer.confidence.toFixed(2)}` : ""),
    element("span", { class: "amount" }, answer.prediction ?? "the picture doesn't say"),
  ];
  if (answer.prediction) {
    parts.push(
      element("meter", { value: answer.confidence, title: "confidence" }),
      element("span", { class: "read-from" }, `read from “${answer.evidence.text}”`),
    );
  }
  const main = element(answer.prediction ? "button" : "div", { class: "main", ...(answer.prediction && { type: "button" }) }, ...parts);
  if (answer.prediction) highlights(main, name);
  const item = element("li", { class: `value ${colour(name)}${answer.prediction ? "" : " silent"}`, "data-box": name }, main);
  if (answer.runners_up.length) {
    const runners = answer.runners_up.map((runner, place) => {
      const button = element("button", { type: "button", class: "runner-up", title: `read from “${runner.evidence.text}”`, "data-box": `${name}-${place}` },
        runner.prediction, element("small", {}, runner.confidence.toFixed(2)));
      highlights(button, `${name}-${place}`);
      return element("li", {}, button);
    });
    item.append(element("ul", { class: "runners" }, element("li", {}, "or"), ...runners));
  }
  return item;
}

function highlights(target, box) {
  for (const kind of ["mouseenter", "focus"]) target.addEventListener(kind, () => highlight(box));
  for (const kind of ["mouseleave", "blur"]) target.addEventListener(kind, () => highlight(null));
}

function highlight(box) {
  $("boxes").classList.toggle("some-active", box !== null);
  for (const item of document.querySelectorAll("[data-box]")) item.classList.toggle("active", item.dataset.box === box);
}

function drawBoxes() {
  const boxes = $("boxes");
  boxes.replaceChildren();
  if (!answered) return;
  const { width, height } = answered.picture;
  boxes.setAttribute("viewBox", `0 0 ${width} ${height}`);
  // Pixels of the picture for each of the screen, so that the tags are as large on each picture.
  const scale = width / ($("shown").clientWidth || width);
  for (const [name, answer] of Object.entries(answered.answers)) {
    answer.runners_up.forEach((runner, place) => addBox(boxes, name, `${name}-${place}`, runner.evidence.box, scale, true));
  }
  for (const [name, answer] of Object.entries(answered.answers)) {
    if (answer.evidence) addBox(boxes, name, name, answer.evidence.box, scale, false);
  }
}

function addBox(boxes, name, key, corners, scale, runner) {
  const pad = 3 * scale;
  const x = Math.min(...corners.map(([left]) => left));
  const y = Math.min(...corners.map(([, top]) => top));
  const size = 12 * scale;
  const points = corners.map((corner) => corner.join(",")).join(" ");
  // The halo keeps a box visible on a product of its own colour.
  const group = shape("g", { class: `box-group ${colour(name)}${runner ? " runner" : ""}`, "data-box": key },
    shape("polygon", { class: "halo", points }), shape("polygon", { class: "box", points }));
  boxes.append(group);
  if (runner) return;
  const text = shape("text", { class: "tag-text", "font-size": size }, words(name));
  group.append(text);
  const wide = text.getComputedTextLength() + 4 * pad;
  const high = size + 2 * pad;
  const left = Math.max(0, Math.min(x - 1.5 * scale, answered.picture.width - wide));
  const top = y - high - pad >= 0 ? y - high - pad : Math.max(...corners.map(([, low]) => low)) + pad;
  fill(text, { x: left + 2 * pad, y: top + size + pad * 0.4 }, []);
  group.insertBefore(shape("rect", { class: "tag", x: left, y: top, width: wide, height: high, rx: 3 * scale }), text);
  highlights(group, key);
}

function drawLabels(labels) {
  $("labels-block").hidden = labels.length === 0;
  $("labels").replaceChildren(...labels.map(({ name, score }) => element("li", {}, words(name), element("small", {}, percent(score)))));
}

function drawTimes({ all, ...stages }) {
  $("total").textContent = `${Math.round(all)} ms`;
  let start = 0;
  const bars = [];
  const items = [];
  Object.entries(stages).forEach(([name, spent], place) => {
    const wide = all ? (spent / all) * 1000 : 0;
    bars.push(shape("rect", { class: `t${place}`, x: start, y: 0, width: wide, height: 12 }));
    items.push(element("li", { class: `t${place}` }, `${name} ${spent < 10 ? spent.toFixed(1) : Math.round(spent)} ms`));
    start += wide;
  });
  $("times").replaceChildren(...bars);
  $("stages").replaceChildren(...items);
}

new ResizeObserver(() => answered && drawBoxes()).observe($("view"));

// ---- the same call ----------------------------------------------------------------------------

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function writeCommand() {
  $("command").hidden = !chosen;
  if (!chosen) return;
  const url = new URL("predict", BASE);
  const lines = ["curl", `-H "x-api-key: $TAPELINE_API_KEY"`];
  if (chosen.file && BODY_TYPES.includes(chosen.file.type)) {
    for (const name of asked()) url.searchParams.append("entity_name", name);
    lines.push(`-H 'content-type: ${chosen.file.type}'`, `--data-binary ${quoted(`@${chosen.file.name}`)}`);
  } else {
    const document = { [chosen.file ? "image_base64" : "image_link"]: chosen.link ?? "…", entity_names: asked() };
    lines.push(`-H 'content-type: application/json'`, `-d ${quoted(JSON.stringify(document, null, 1).replaceAll(/\n */g, " "))}`);
  }
  lines.push(quoted(url.href));
  $("curl").textContent = lines.join(" \\\n  ").replace("curl \\\n  ", "curl ");
}

$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("curl").textContent);
    $("copy").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($("curl"));
    $("copy").textContent = "Selected";
  }
  setTimeout(() => ($("copy").textContent = "Copy"), 1500);
});

// ---- start ------------------------------------------------------------------------------------

async function start() {
  const found = await (await fetch(new URL("entities", BASE))).json();
  entities = found.entities.map(({ name }) => name);
  $("entities").replaceChildren(
    ...found.entities.map(({ name, units }) => {
      const box = element("input", { type: "checkbox", value: name, id: `entity-${name}` });
      box.checked = ASKED_FIRST.includes(name);
      box.addEventListener("change", writeCommand);
      return element("label", { class: "chip", title: units.join(", ") }, box, element("span", {}, words(name)));
    }),
  );
  const { version } = await (await fetch(new URL("health", BASE))).json();
  $("version").textContent = `Tapeline ${version}`;
}

start().catch((error) => complain("No answer", "The API couldn't be reached: load this page again.", null, String(error)));
