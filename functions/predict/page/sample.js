// The sample picture: a drawing that the browser turns into a picture's file, so that it is sent like any other.

// Pixels of its width and height. Source: sample.svg.
const SIDE = 900;

// Returns the sample as a PNG file.
export async function samplePicture(url) {
  const image = new Image(SIDE, SIDE);
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.getContext("2d").drawImage(image, 0, 0, SIDE, SIDE);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([blob], "sample.png", { type: "image/png" });
}
