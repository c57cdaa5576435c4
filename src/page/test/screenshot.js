// A picture of the page with files dropped on it: screenshot.js PICTURE.png WIDTH HEIGHT FILE...

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { Browser } from "./webdriver.js";

const [picture, width, height, ...files] = process.argv.slice(2);
const browser = await Browser.start();
try {
  await browser.size(Number(width), Number(height));
  await browser.open(new URL("../../../out/verify.html", import.meta.url).href);
  await browser.drop(...files.map((file) => resolve(file)));
  await browser.until(`document.body.dataset.shown === "${files.length}" ? true : null`);
  writeFileSync(picture, await browser.screenshot());
} finally {
  await browser.stop();
}
