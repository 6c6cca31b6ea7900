// The requests of a run's review. The API key is in the input alone, and stored nowhere.

import { byId } from "./dom.js";
import { API_URL } from "./request.js";

// Rows that are asked for at once. Chosen by hand: a response of some 100 KB.
const ROWS_AT_ONCE = 200;

// The run's name, as in the page's address.
export const RUN = location.pathname.match(/runs\/([A-Za-z0-9-]+)\/review/)?.[1] ?? "";

// An answer of the API that isn't the one that was asked for.
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `status ${status}`);
    this.status = status;
    this.title = problem.title ?? "No answer";
  }
}

export const fetchEntities = () => call("GET", "entities");

export const fetchDecisions = () => call("GET", `runs/${RUN}/corrections`);

export const fetchPicture = (row) => call("GET", `runs/${RUN}/rows/${row}/picture`);

export const saveDecisions = (tag, decisions) =>
  call("PATCH", `runs/${RUN}/corrections`, { tag, decisions });

export const writeOutputs = () => call("POST", `runs/${RUN}/outputs`);

export async function fetchRows() {
  const rows = [];
  let total = Infinity;
  while (rows.length < total) {
    const part = await call("GET", `runs/${RUN}/rows?offset=${rows.length}&limit=${ROWS_AT_ONCE}`);
    total = part.rows.length ? part.total : rows.length;
    rows.push(...part.rows);
  }
  return rows;
}

// Throws a Refused, or a TypeError where the API can't be reached.
async function call(method, path, body) {
  const headers = { "x-api-key": byId("key").value.trim() };
  if (body) headers["content-type"] = "application/json";
  const response = await fetch(new URL(path, API_URL), { method, headers, body: body && JSON.stringify(body) });
  const document = await response.json();
  if (!response.ok) throw new Refused(response.status, document);
  return document;
}
