// A browser as its user meets it: Chromium without a screen, by WebDriver (W3C) and, to drop files on a page, the DevTools protocol.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--hide-scrollbars",
];
const SOON_MS = 60_000;

/** The port that it says it listens on. Its output stays open: it ends when nobody reads it. */
function port(driver) {
  return new Promise((resolve, reject) => {
    createInterface({ input: driver.stdout }).on("line", (line) => {
      const match = /started successfully on port (\d+)/.exec(line);
      if (match !== null) resolve(Number(match[1]));
    });
    driver.on("error", () => reject(new Error("chromedriver does not start. scripts/setup installs it.")));
    driver.on("exit", () => reject(new Error("chromedriver ended.")));
  });
}

export class Browser {
  static async start() {
    const browser = new Browser();
    try {
      return await browser.begin();
    } catch (error) {
      browser.driver.kill();
      throw error;
    }
  }

  async begin() {
    this.profile = mkdtempSync(join(tmpdir(), "purgeproof-page-"));
    this.driver = spawn("chromedriver", ["--port=0"], { stdio: ["ignore", "pipe", "ignore"] });
    this.base = `http://127.0.0.1:${await port(this.driver)}`;
    const args = [...FLAGS, `--user-data-dir=${this.profile}`];
    const capabilities = { alwaysMatch: { browserName: "chrome", "goog:chromeOptions": { args, binary: "/usr/bin/chromium" } } };
    const { sessionId } = await this.order("POST", "/session", { capabilities });
    this.base += `/session/${sessionId}`;
    return this;
  }

  async order(method, path, body) {
    const answer = await fetch(this.base + path, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = await answer.json();
    if (value?.error) throw new Error(`${path}: ${value.message}`);
    return value;
  }

  open(url) {
    return this.order("POST", "/url", { url });
  }

  run(script, ...args) {
    return this.order("POST", "/execute/sync", { script, args });
  }

  devtools(cmd, params) {
    return this.order("POST", "/goog/cdp/execute", { cmd, params });
  }

  /** Drops files of this machine on the page, as a hand with a mouse does. */
  async drop(...files) {
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) await this.devtools("Input.dispatchDragEvent", { type, x: 100, y: 100, data });
  }

  /** The value of an expression of the page's, as soon as it is not null. */
  async until(expression) {
    for (const begin = Date.now(); Date.now() - begin < SOON_MS; ) {
      const value = await this.run(`return (${expression}) ?? null`);
      if (value !== null) return value;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${expression} stayed null for ${SOON_MS} ms`);
  }

  size(width, height) {
    return this.devtools("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  }

  /** What the window shows, as the bytes of a PNG. */
  async screenshot() {
    return Buffer.from(await this.order("GET", "/screenshot"), "base64");
  }

  async stop() {
    await this.order("DELETE", "").catch(() => {});
    this.driver.kill();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
