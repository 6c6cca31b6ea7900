// Builds the request to POST /predict for a picture, and the curl command of the same request.
// A picture is {file} or {link}.

// The API that serves this page: its root, also on the page of a run's review.
export const API_URL = new URL(".", document.baseURI);

// Media types that POST /predict takes as a body; other pictures are sent as base64 in JSON.
const BODY_TYPES = ["image/jpeg", "image/png", "image/webp"];

export async function buildRequest(picture, entities) {
  if (isBody(picture)) {
    return { url: predictUrl(entities), type: picture.file.type, body: picture.file };
  }
  const fields = { entity_names: entities, preview: true };
  if (picture.file) fields.image_base64 = await encodeBase64(picture.file);
  else fields.image_link = picture.link;
  return { url: predictUrl(), type: "application/json", body: JSON.stringify(fields) };
}

// The key is a shell variable, and a picture's base64 is left out.
export function curlCommand(picture, entities) {
  const lines = ['curl -H "x-api-key: $TAPELINE_API_KEY"'];
  if (isBody(picture)) {
    lines.push(
      `-H 'content-type: ${picture.file.type}'`,
      `--data-binary ${shellQuote(`@${picture.file.name}`)}`,
      shellQuote(predictUrl(entities).href),
    );
  } else {
    const image = picture.file ? { image_base64: "…" } : { image_link: picture.link };
    const fields = JSON.stringify({ ...image, entity_names: entities }, null, 1).replaceAll(/\n */g, " ");
    lines.push(
      "-H 'content-type: application/json'",
      `-d ${shellQuote(fields)}`,
      shellQuote(predictUrl().href),
    );
  }
  return lines.join(" \\\n  ");
}

const isBody = (picture) => picture.file && BODY_TYPES.includes(picture.file.type);

function predictUrl(entities = []) {
  const url = new URL("predict", API_URL);
  for (const entity of entities) url.searchParams.append("entity_name", entity);
  return url;
}

function encodeBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    // A data: URL; its base64 follows the comma.
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

const shellQuote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
