// The texts of the QR codes in a picture, by zxing-cpp (ZXingWASM), which the page carries.

const READING = { formats: ["QRCode"], tryHarder: true, tryRotate: true, tryInvert: true, maxNumberOfSymbols: 32 };
/** Larger pictures are scaled: modules stay large enough, and a telephone has the memory. */
const LONGEST_SIDE = 3200;

let isPrepared = false;

function prepare() {
  if (isPrepared) return;
  const base64 = document.getElementById("zxing").textContent.trim();
  const wasmBinary = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
  globalThis.ZXingWASM.prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: false });
  isPrepared = true;
}

async function pixels(bytes) {
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale)];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** None if there is no code, or if it is no picture that the browser can show. */
export async function readPicture(bytes) {
  prepare();
  let image;
  try {
    image = await pixels(bytes);
  } catch {
    return [];
  }
  const found = await globalThis.ZXingWASM.readBarcodes(image, READING);
  return found.filter((code) => code.isValid).map((code) => code.text);
}
