// The page at the API's root: sends a picture to POST /predict, and shows the response.
// The API key stays in its input and in the request's header: it is stored nowhere.

import { clearBoxes, drawBoxes, showAnswers } from "./answer.js";
import { byId, element, readable } from "./dom.js";
import { API_URL, buildRequest, curlCommand } from "./request.js";
import { samplePicture } from "./sample.js";

// Entities that are checked when the page opens. Chosen by hand.
const CHECKED_ENTITIES = ["height", "width", "item_weight", "item_volume"];

// Hosts at which the API runs on this machine, under `tapeline serve`.
const OWN_HOSTS = ["127.0.0.1", "localhost", "[::1]"];

// How long the copy button shows the result, in milliseconds. Chosen by hand.
const COPIED_MILLISECONDS = 1500;

// The status while a request runs.
const READING = "Reading. The first picture after a pause takes some seconds more.";

const state = {
  // Names of all entities, in the API's order.
  entities: [],
  // The chosen picture: {file} or {link}; null before there is one.
  picture: null,
  // The last response of POST /predict for the chosen picture; null before there is one.
  prediction: null,
  // The AbortController of the request that is running, or of the last one.
  request: null,
};

// ---- the picture ------------------------------------------------------------------------------

function choosePicture(picture) {
  state.request?.abort();
  state.picture = picture;
  state.prediction = null;
  for (const id of ["result", "problem"]) byId(id).hidden = true;
  setStatus("");
  clearBoxes();
  if (picture.file) {
    showPicture(URL.createObjectURL(picture.file));
    byId("link").value = "";
  } else {
    // The response brings its preview: the page's policy forbids pictures of other origins.
    hidePicture();
    setStatus(`Ready to read ${picture.link}`);
  }
  showCommand();
}

function chooseLink(link) {
  byId("link").value = link;
  choosePicture({ link });
}

async function chooseSample() {
  try {
    choosePicture({ file: await samplePicture(new URL("page/sample.svg", API_URL)) });
  } catch (error) {
    showProblem("No sample", "This browser couldn't draw it: choose a picture of your own.", { note: String(error) });
  }
}

function showPicture(url) {
  const shown = byId("shown");
  if (shown.src.startsWith("blob:")) URL.revokeObjectURL(shown.src);
  shown.src = url;
  setPictureVisible(true);
}

function hidePicture() {
  setPictureVisible(false);
}

function setPictureVisible(visible) {
  byId("view").hidden = !visible;
  byId("drop").hidden = visible;
  byId("another").hidden = !visible;
}

function chooseFromFileInput() {
  const [file] = byId("file").files;
  if (file) choosePicture({ file });
  // The same file can be chosen again.
  byId("file").value = "";
}

function chooseFromPaste(event) {
  const file = [...event.clipboardData.files].find((item) => item.type.startsWith("image/"));
  if (file) {
    event.preventDefault();
    choosePicture({ file });
  } else if (!(event.target instanceof HTMLInputElement)) {
    const text = event.clipboardData.getData("text").trim();
    if (/^(https?|s3):\/\//i.test(text)) chooseLink(text);
  }
}

function chooseFromDrop(event) {
  event.preventDefault();
  setDropTarget(false);
  const [file] = event.dataTransfer.files;
  const link = event.dataTransfer.getData("text/uri-list").split("\n")[0].trim();
  if (file) choosePicture({ file });
  else if (link) chooseLink(link);
}

function setDropTarget(active) {
  byId("stage").classList.toggle("over", active);
}

// ---- the request ------------------------------------------------------------------------------

const apiKey = () => byId("key").value.trim();

function checkedEntities() {
  return [...document.querySelectorAll("#entities input:checked")].map((box) => box.value);
}

async function predict() {
  byId("problem").hidden = true;
  if (!checkInputs()) return;
  state.request?.abort();
  const controller = new AbortController();
  state.request = controller;
  setBusy(true);
  try {
    const { url, type, body } = await buildRequest(state.picture, checkedEntities());
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": type, "x-api-key": apiKey() },
      body,
      signal: controller.signal,
    });
    const result = await response.json();
    if (response.ok) showPrediction(result);
    else showProblem(result.title, result.detail, { note: `${result.type} · request ${result.request_id}` });
  } catch (error) {
    if (error.name !== "AbortError") showUnreachable("try again in a moment", error);
  } finally {
    // Another picture may have started another request.
    if (state.request === controller) setBusy(false);
  }
}

// Returns whether a request can be sent; otherwise shows what is missing.
function checkInputs() {
  if (!state.picture) {
    showProblem("No picture", "Drop, choose or paste one first, or give its link.", { focus: byId("file") });
  } else if (!checkedEntities().length) {
    const focus = document.querySelector("#entities input");
    showProblem("Nothing to read", "Choose at least one entity.", { focus });
  } else if (!apiKey()) {
    const served = OWN_HOSTS.includes(location.hostname);
    const key = served ? "the key that make serve (tapeline serve) printed below this page's address" : "the key of this API";
    showProblem("No API key", `Enter ${key} at the top.`, { focus: byId("key") });
  } else {
    return true;
  }
  return false;
}

function setBusy(busy) {
  byId("read").disabled = busy;
  document.querySelector(".panel").setAttribute("aria-busy", String(busy));
  byId("status").classList.toggle("busy", busy);
  if (busy) {
    byId("result").hidden = true;
    clearBoxes();
    setStatus(READING);
  } else if (byId("status").textContent === READING) {
    setStatus("");
  }
}

// ---- the response -----------------------------------------------------------------------------

function showPrediction(prediction) {
  state.prediction = prediction;
  if (prediction.picture.preview) showPicture(prediction.picture.preview);
  showAnswers(prediction, state.entities);
  byId("result").hidden = false;
  const answers = Object.values(prediction.answers);
  setStatus(`${answers.filter((answer) => answer.prediction).length} of ${answers.length} found`);
  byId("status").scrollIntoView({ block: "nearest" });
  const shown = byId("shown");
  if (shown.complete) redrawBoxes();
  else shown.addEventListener("load", redrawBoxes, { once: true });
}

function redrawBoxes() {
  if (state.prediction) drawBoxes(state.prediction, state.entities);
}

function setStatus(text) {
  byId("status").textContent = text;
}

function showProblem(title, detail, { focus, note } = {}) {
  setStatus("");
  byId("result").hidden = true;
  const notes = note ? [element("code", {}, note)] : [];
  byId("problem").replaceChildren(element("strong", {}, title), detail, ...notes);
  byId("problem").hidden = false;
  focus?.focus();
}

function showUnreachable(advice, error) {
  showProblem("No answer", `The API couldn't be reached: ${advice}.`, { note: String(error) });
}

// ---- the same call ----------------------------------------------------------------------------

function showCommand() {
  byId("command").hidden = !state.picture;
  if (state.picture) byId("curl").textContent = curlCommand(state.picture, checkedEntities());
}

async function copyCommand() {
  const button = byId("copy");
  try {
    await navigator.clipboard.writeText(byId("curl").textContent);
    button.textContent = "Copied";
  } catch {
    // Browsers may refuse the clipboard, for example over HTTP.
    getSelection().selectAllChildren(byId("curl"));
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), COPIED_MILLISECONDS);
}

// ---- start ------------------------------------------------------------------------------------

async function fetchJson(path) {
  const response = await fetch(new URL(path, API_URL));
  return response.json();
}

async function start() {
  const { entities } = await fetchJson("entities");
  state.entities = entities.map(({ name }) => name);
  byId("entities").replaceChildren(...entities.map(entityChip));
  const { version } = await fetchJson("health");
  byId("version").textContent = `Tapeline ${version}`;
}

function entityChip({ name, units }) {
  const box = element("input", { type: "checkbox", value: name, id: `entity-${name}` });
  box.checked = CHECKED_ENTITIES.includes(name);
  box.addEventListener("change", showCommand);
  return element("label", { class: "chip", title: units.join(", ") }, box, element("span", {}, readable(name)));
}

byId("file").addEventListener("change", chooseFromFileInput);
byId("link-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const link = byId("link").value.trim();
  if (!link) return byId("link").focus();
  chooseLink(link);
  predict();
});
byId("predict-form").addEventListener("submit", (event) => {
  event.preventDefault();
  predict();
});
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (state.picture) predict();
});
byId("sample").addEventListener("click", chooseSample);
byId("copy").addEventListener("click", copyCommand);
// The browser can't show the file, for example because it is no picture.
byId("shown").addEventListener("error", hidePicture);

document.addEventListener("paste", chooseFromPaste);
document.addEventListener("drop", chooseFromDrop);
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    setDropTarget(true);
  });
}
document.addEventListener("dragleave", (event) => {
  // Without a related target, the pointer left the window.
  if (!event.relatedTarget) setDropTarget(false);
});

new ResizeObserver(redrawBoxes).observe(byId("view"));
start().catch((error) => showUnreachable("load this page again", error));
