// The page of a run's review: one unsure row at a time, by keys or buttons.
// Decisions are kept in the browser at once, and saved to the API a moment later: review_state.js, review_api.js.

import { addBox, addTag } from "./answer.js";
import { byId, element, readable } from "./dom.js";
import {
  RUN,
  Refused,
  fetchDecisions,
  fetchEntities,
  fetchPicture,
  fetchRows,
  saveDecisions,
  writeOutputs,
} from "./review_api.js";
import {
  canUndo,
  decide,
  decisionOf,
  drop,
  mergeSaved,
  pendingCount,
  pendingDecisions,
  setSaved,
  state,
  undo,
} from "./review_state.js";
import { checkTyped } from "./review_units.js";

// Milliseconds after a decision at which it is saved, with those that came meanwhile. Chosen by hand.
const SAVE_AFTER = 1000;

// Milliseconds after which a save that failed is tried again. Chosen by hand.
const TRY_AGAIN_AFTER = 5000;

// Decisions that are saved at once at most: the API takes so many.
const MOST_AT_ONCE = 1000;

// Rows whose pictures are asked for ahead. Chosen by hand: a picture takes less time than a decision.
const AHEAD = 2;

// Pictures that are kept. Chosen by hand: some 300 KB each.
const MOST_PICTURES = 20;

// Statuses of HTTP: RFC 9110, section 15.
const HTTP_UNPROCESSABLE = 422;
const HTTP_CONFLICT = 409;

let rows = [];
let entities = new Map();
// Index of the row that is shown.
let at = 0;
let timer = null;
let saving = false;
// row -> promise of its picture.
const pictures = new Map();

// ---- the row ----------------------------------------------------------------------------------

const current = () => rows[at];

function show(index) {
  at = Math.max(0, Math.min(index, rows.length - 1));
  const row = current();
  state.at = row.row;
  byId("problem").hidden = true;
  byId("row").hidden = false;
  byId("place").textContent = `${at + 1} of ${rows.length}, row ${row.index}`;
  byId("entity").textContent = readable(row.entity_name);
  byId("prediction").textContent = row.prediction || "the picture doesn't say";
  byId("sure").textContent = describe(row);
  showChoices(row);
  showDraft(row);
  showDecision(row);
  showPicture(row);
}

function describe(row) {
  if (!row.prediction) return `${Math.round(row.stated * 100)} % that it does`;
  return `confidence ${row.confidence.toFixed(2)}, read from “${row.text}”`;
}

function showChoices(row) {
  byId("right-text").textContent = row.prediction ? `Right: ${row.prediction}` : "Right: it doesn't say";
  [1, 2].forEach((number) => {
    const runner = row.runners_up[number - 1];
    const button = byId(`runner-${number}`);
    button.hidden = !runner;
    if (runner) {
      button.querySelector("span").textContent = `${runner.prediction} (${runner.confidence.toFixed(2)})`;
    }
  });
  byId("none").hidden = !row.prediction;
}

function showDecision(row) {
  const decision = decisionOf(row);
  const words = { right: "Decided: right", none: "Decided: the picture doesn't say" };
  byId("decided").textContent = decision === null ? "" : (words[decision] ?? `Decided: ${decision}`);
  const chosen = {
    right: decision === "right",
    "runner-1": decision !== null && decision === row.runners_up[0]?.prediction,
    "runner-2": decision !== null && decision === row.runners_up[1]?.prediction,
    none: decision === "none",
  };
  for (const [id, pressed] of Object.entries(chosen)) byId(id).setAttribute("aria-pressed", String(pressed));
  showProgress();
}

function showProgress() {
  const done = rows.filter((row) => decisionOf(row) !== null).length;
  byId("progress").max = Math.max(rows.length, 1);
  byId("progress").value = done;
  byId("progress-text").textContent = `${done} of ${rows.length} decided`;
  byId("undo").disabled = !canUndo();
  byId("back").disabled = at === 0;
  byId("skip").disabled = at >= rows.length - 1;
}

// ---- the picture ------------------------------------------------------------------------------

async function showPicture(row) {
  byId("view").hidden = true;
  byId("legend").hidden = true;
  byId("boxes").replaceChildren();
  byId("no-picture").hidden = false;
  byId("no-picture").textContent = "Loading the picture.";
  const picture = await pictureOf(row);
  for (let next = at + 1; next <= at + AHEAD && next < rows.length; next += 1) pictureOf(rows[next]);
  if (row !== current()) return;
  const url = picture.preview ?? picture.thumbnail?.image;
  if (!url) {
    byId("no-picture").textContent = picture.problem;
    return;
  }
  const shown = byId("shown");
  shown.alt = `Picture of row ${row.index}`;
  shown.onload = () => row === current() && drawBoxes(row, picture);
  shown.src = url;
  byId("view").hidden = false;
  byId("legend").hidden = false;
  byId("no-picture").hidden = Boolean(picture.preview);
  if (!picture.preview) byId("no-picture").textContent = `A crop that was kept. ${picture.problem}`;
}

function pictureOf(row) {
  if (!pictures.has(row.row)) {
    if (pictures.size >= MOST_PICTURES) pictures.delete(pictures.keys().next().value);
    const asked = fetchPicture(row.row).catch((error) => {
      pictures.delete(row.row);
      return { problem: `The picture can't be had: ${error.message}` };
    });
    pictures.set(row.row, asked);
  }
  return pictures.get(row.row);
}

function drawBoxes(row, picture) {
  const [left, top, right, bottom] = picture.thumbnail?.bounds ?? [0, 0, picture.width, picture.height];
  byId("boxes").replaceChildren();
  byId("boxes").setAttribute("viewBox", `${left} ${top} ${right - left} ${bottom - top}`);
  // Pixels of the picture for each pixel of the screen: tags have the same size on every picture.
  const scale = (right - left) / (byId("shown").clientWidth || right - left);
  row.runners_up.forEach((runner, index) => {
    if (!runner.box) return;
    addTag(addBox(`runner-${index}`, runner.box, "runner"), String(index + 1), runner.box, scale, right);
  });
  if (row.box) addTag(addBox("prediction", row.box, ""), row.prediction, row.box, scale, right);
}

function redraw() {
  const row = current();
  if (!row || byId("view").hidden) return;
  pictureOf(row).then((picture) => row === current() && byId("shown").complete && drawBoxes(row, picture));
}

// ---- decisions --------------------------------------------------------------------------------

function take(answer) {
  const row = current();
  decide(row, answer);
  if (state.draft?.row === row.row) state.draft = null;
  saveSoon(SAVE_AFTER);
  if (at < rows.length - 1) show(at + 1);
  else {
    showDraft(row);
    showDecision(row);
  }
}

function takeRunnerUp(number) {
  const runner = current().runners_up[number - 1];
  if (runner) take(runner.prediction);
}

function takeNone() {
  // Where nothing was predicted, that is what is right.
  take(current().prediction ? "none" : "right");
}

function takeBack() {
  if (!canUndo()) return;
  const row = undo();
  saveSoon(SAVE_AFTER);
  show(rows.findIndex((each) => each.row === row));
}

const entityOf = (row) => entities.get(row.entity_name) ?? { name: row.entity_name, units: [], symbols: {} };

function showDraft(row) {
  byId("typed").value = state.draft?.row === row.row ? state.draft.text : "";
  checkDraft();
}

function checkDraft() {
  const { value, problem } = checkTyped(byId("typed").value, entityOf(current()));
  byId("typed-note").textContent = problem ?? (value ? `= ${value}` : "");
  byId("typed-note").classList.toggle("wrong", Boolean(problem));
  byId("typed").setAttribute("aria-invalid", String(Boolean(problem)));
  return value;
}

function takeTyped(event) {
  event.preventDefault();
  const value = checkDraft();
  if (!value) return;
  byId("typed").blur();
  take(value);
}

// ---- saving -----------------------------------------------------------------------------------

function saveSoon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(save, milliseconds);
  showSaved();
}

function showSaved(words) {
  const waiting = pendingCount();
  byId("saved").textContent = words ?? (waiting ? `${waiting} to save` : "all saved");
}

// Returns whether all is saved.
async function save() {
  clearTimeout(timer);
  if (saving) return false;
  const sent = pendingDecisions().slice(0, MOST_AT_ONCE);
  if (!sent.length) {
    showSaved();
    return true;
  }
  saving = true;
  try {
    setSaved(await saveDecisions(state.tag, sent), sent);
    showSaved();
    showProgress();
    if (pendingCount()) saveSoon(SAVE_AFTER);
  } catch (error) {
    await explain(error, sent);
  } finally {
    saving = false;
  }
  return pendingCount() === 0;
}

async function explain(error, sent) {
  saveSoon(TRY_AGAIN_AFTER);
  if (!(error instanceof Refused)) {
    showSaved(`offline: ${pendingCount()} kept in this browser`);
  } else if (error.status === HTTP_CONFLICT) {
    await merge();
  } else if (error.status === HTTP_UNPROCESSABLE && sent.length === 1) {
    drop(sent[0].row);
    showProblem("Not taken", error.message);
    showDecision(current());
  } else if (error.status === HTTP_UNPROCESSABLE) {
    // One of them isn't taken: each by itself shows which.
    for (const each of sent) await saveOne(each);
  } else {
    showProblem(error.title, error.message);
  }
}

async function saveOne(decision) {
  try {
    setSaved(await saveDecisions(state.tag, [decision]), [decision]);
  } catch (error) {
    await explain(error, [decision]);
  }
}

async function merge() {
  const both = mergeSaved(await fetchDecisions());
  saveSoon(SAVE_AFTER);
  showDecision(current());
  const indexes = rows.filter((row) => both.includes(row.row)).map((row) => row.index);
  const theirs = indexes.length
    ? ` You both decided row ${indexes.join(", row ")}: theirs is kept, look at it again.`
    : " Yours are kept with theirs.";
  showProblem("Somebody else saved decisions meanwhile.", theirs);
}

function showProblem(title, detail) {
  byId("problem").replaceChildren(element("strong", {}, title), detail);
  byId("problem").hidden = false;
}

async function write() {
  byId("write").disabled = true;
  byId("written").textContent = "Saving.";
  try {
    while (pendingCount() && (await save()) === false) await new Promise((done) => setTimeout(done, SAVE_AFTER));
    const { execution } = await writeOutputs();
    byId("written").textContent = `The outputs are being made anew (${execution}). The earlier ones stay as versions.`;
  } catch (error) {
    byId("written").textContent = "";
    showProblem(error.title ?? "No answer", error.message);
  } finally {
    byId("write").disabled = false;
  }
}

// ---- start ------------------------------------------------------------------------------------

async function open(event) {
  event?.preventDefault();
  byId("problem").hidden = true;
  try {
    const [found, units, decisions] = await Promise.all([fetchRows(), fetchEntities(), fetchDecisions()]);
    rows = found;
    entities = new Map(units.entities.map((each) => [each.name, each]));
    if (mergeSaved(decisions).length) showProblem("Somebody else saved decisions meanwhile.", " Theirs are kept.");
  } catch (error) {
    showProblem(error.title ?? "No answer", error instanceof Refused ? error.message : "The API couldn't be reached.");
    return;
  }
  byId("bar").hidden = false;
  byId("finish").hidden = false;
  if (!rows.length) {
    byId("no-picture").textContent = "No row of this run is unsure.";
    return;
  }
  const kept = rows.findIndex((row) => row.row === state.at);
  const undecided = rows.findIndex((row) => decisionOf(row) === null);
  show(kept >= 0 ? kept : Math.max(undecided, 0));
  saveSoon(0);
  byId("key").blur();
}

const KEYS = {
  y: () => take("right"),
  1: () => takeRunnerUp(1),
  2: () => takeRunnerUp(2),
  n: takeNone,
  t: () => byId("typed").focus(),
  s: () => show(at + 1),
  ArrowRight: () => show(at + 1),
  b: () => show(at - 1),
  ArrowLeft: () => show(at - 1),
  u: takeBack,
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !rows.length) return;
  if (event.target instanceof HTMLInputElement) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

byId("run").textContent = RUN;
byId("key-form").addEventListener("submit", open);
byId("right").addEventListener("click", () => take("right"));
byId("runner-1").addEventListener("click", () => takeRunnerUp(1));
byId("runner-2").addEventListener("click", () => takeRunnerUp(2));
byId("none").addEventListener("click", takeNone);
byId("skip").addEventListener("click", () => show(at + 1));
byId("back").addEventListener("click", () => show(at - 1));
byId("undo").addEventListener("click", takeBack);
byId("write").addEventListener("click", write);
byId("type-form").addEventListener("submit", takeTyped);
byId("typed").addEventListener("input", () => {
  state.draft = { row: current().row, text: byId("typed").value };
  checkDraft();
});
document.addEventListener("keydown", onKey);
addEventListener("online", () => saveSoon(0));
new ResizeObserver(redraw).observe(byId("view"));
byId("key").focus();
