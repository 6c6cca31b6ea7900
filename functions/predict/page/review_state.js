// What was decided in a run's review: kept in this browser until it is saved, whatever happens to the page.

import { RUN } from "./review_api.js";

const STORED_AS = `tapeline-review-${RUN}`;

// Steps that can be undone. Chosen by hand.
const MOST_UNDONE = 500;

// {pending: {row: {answer, base}}, history: [{row, before}], at: row, draft: {row, text}}
// An answer is what is sent: a value, "right", "none", or null, which takes a decision back. A base is what
// the API had when it was decided.
const kept = load();

// row -> the API's own decision: {row, answer, decision}.
let saved = new Map();

function load() {
  const empty = { pending: {}, history: [], at: null, draft: null };
  try {
    return { ...empty, ...JSON.parse(localStorage.getItem(STORED_AS)) };
  } catch {
    return empty;
  }
}

function store() {
  try {
    localStorage.setItem(STORED_AS, JSON.stringify(kept));
  } catch {
    // Browsers may refuse, for example in a private window: decisions then last as long as the page.
  }
}

export const state = {
  // The tag of what the API has.
  tag: "",

  get draft() {
    return kept.draft;
  },

  set draft(draft) {
    kept.draft = draft;
    store();
  },

  get at() {
    return kept.at;
  },

  set at(row) {
    kept.at = row;
    store();
  },
};

export const canUndo = () => kept.history.length > 0;

export const pendingCount = () => Object.keys(kept.pending).length;

export const pendingDecisions = () =>
  Object.entries(kept.pending).map(([row, { answer }]) => ({ row: Number(row), answer }));

// Returns what holds for a row: what waits to be saved, else what is saved; null where nobody has decided.
export function decisionOf(row) {
  const waiting = kept.pending[row.row];
  if (waiting) return waiting.answer;
  const found = saved.get(row.row);
  if (!found) return null;
  return found.decision === "confirmed" ? "right" : found.answer || "none";
}

export function decide(row, answer) {
  kept.history.push({ row: row.row, before: decisionOf(row) });
  if (kept.history.length > MOST_UNDONE) kept.history.shift();
  change(row.row, answer);
}

// Returns the number of the row whose last decision was taken back.
export function undo() {
  const { row, before } = kept.history.pop();
  change(row, before);
  return row;
}

function change(row, answer) {
  const base = kept.pending[row]?.base ?? textOf(saved.get(row));
  kept.pending[row] = { answer, base };
  store();
}

const textOf = (decision) => (decision ? `${decision.decision}:${decision.answer}` : "");

// Takes over what the API has, after the decisions that were sent are saved.
export function setSaved({ tag, decisions }, sent = []) {
  state.tag = tag;
  saved = new Map(decisions.map((each) => [each.row, each]));
  for (const { row, answer } of sent) {
    // It may have been decided otherwise while it was sent.
    if (kept.pending[row]?.answer === answer) delete kept.pending[row];
    else if (kept.pending[row]) kept.pending[row].base = textOf(saved.get(row));
  }
  store();
}

// Takes over what somebody else has saved, and returns the rows that both have decided: the other's hold.
export function mergeSaved(found) {
  setSaved(found);
  const both = [];
  for (const [row, { answer, base }] of Object.entries(kept.pending)) {
    const theirs = saved.get(Number(row));
    if (textOf(theirs) !== base && !isSame(theirs, answer)) both.push(Number(row));
  }
  for (const row of both) delete kept.pending[row];
  kept.history = kept.history.filter(({ row }) => !both.includes(row));
  store();
  return both;
}

function isSame(decision, answer) {
  if (!decision) return answer === null;
  return answer === (decision.decision === "confirmed" ? "right" : decision.answer || "none");
}

// Drops a decision that the API doesn't take.
export function drop(row) {
  delete kept.pending[row];
  store();
}
