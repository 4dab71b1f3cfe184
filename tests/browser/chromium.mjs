// SPDX-License-Identifier: GPL-2.0-or-later
//
// A page in a headless Chromium, driven over its debugging pipe: no port, no package. Whatever the
// page asks for beyond its own file, says on the console or throws is kept for the test to look at.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
	"--no-first-run", "--disable-background-networking", "--force-device-scale-factor=1"];

export class Page {
	#browser;
	#session;
	#waiting = new Map();
	#listeners = [];
	#next = 1;
	requests = [];
	complaints = [];
	dialogs = [];

	static async open(path, { width = 1220, height = 600, dark = false, hash = "" } = {}) {
		const page = new Page();

		page.#start();
		const { targetId } = await page.#send("Target.createTarget", { url: "about:blank" });
		page.#session = (await page.#send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
		for (const domain of ["Page", "Runtime", "Log", "Network"])
			await page.#send(`${domain}.enable`);
		await page.#send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
		await page.#send("Emulation.setEmulatedMedia",
			{ features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
		await page.#goto(pathToFileURL(path).href + hash);
		return page;
	}

	#start() {
		this.#browser = spawn(process.env.CHROMIUM ?? "chromium", ARGUMENTS,
			{ stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
		let rest = "";

		this.#browser.stdio[4].setEncoding("utf8").on("data", (text) => {
			const messages = (rest + text).split("\0");

			rest = messages.pop();
			messages.forEach((message) => this.#take(JSON.parse(message)));
		});
	}

	#take(message) {
		if (message.id) {
			const { resolve, reject } = this.#waiting.get(message.id);

			this.#waiting.delete(message.id);
			if (message.error)
				reject(new Error(message.error.message));
			else
				resolve(message.result);
			return;
		}
		const { method, params } = message;

		if (method === "Network.requestWillBeSent")
			this.requests.push(params.request.url);
		else if (method === "Runtime.exceptionThrown")
			this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
		else if (method === "Runtime.consoleAPICalled" || method === "Log.entryAdded")
			this.complaints.push(JSON.stringify(params));
		else if (method === "Page.javascriptDialogOpening") {
			this.dialogs.push(params.message);
			this.#send("Page.handleJavaScriptDialog", { accept: false });
		}
		this.#listeners = this.#listeners.filter((listener) => !listener(method));
	}

	#send(method, params = {}) {
		const id = this.#next++;

		this.#browser.stdio[3].write(JSON.stringify({ id, method, params, sessionId: this.#session }) + "\0");
		return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
	}

	#event(name) {
		return new Promise((resolve) => this.#listeners.push((method) => method === name && (resolve(), true)));
	}

	async #goto(url) {
		const loaded = this.#event("Page.loadEventFired");

		await this.#send("Page.navigate", { url });
		await loaded;
	}

	/* The value of a JavaScript expression in the page, once its promises are kept. */
	async evaluate(expression) {
		const { result, exceptionDetails } = await this.#send("Runtime.evaluate",
			{ expression, awaitPromise: true, returnByValue: true });

		if (exceptionDetails)
			throw new Error(exceptionDetails.exception.description);
		return result.value;
	}

	/* Waits until an expression is true: what a click sets off comes later than the click. */
	async until(expression) {
		return this.evaluate(`new Promise((resolve) => {
			const look = () => (${expression}) ? resolve(true) : setTimeout(look, 5);
			look();
		})`);
	}

	async click(x, y) {
		for (const type of ["mousePressed", "mouseReleased"])
			await this.#send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
	}

	async move(x, y) {
		await this.#send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
	}

	async drag(from, to, y) {
		const mouse = (type, x) => this.#send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });

		await mouse("mousePressed", from);
		await mouse("mouseMoved", (from + to) / 2);
		await mouse("mouseMoved", to);
		await mouse("mouseReleased", to);
	}

	async key(key, modifiers = 0) {
		for (const type of ["keyDown", "keyUp"])
			await this.#send("Input.dispatchKeyEvent", { type, key, modifiers });
	}

	async enter() {
		const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" };

		await this.#send("Input.dispatchKeyEvent", { type: "keyDown", ...key });
		await this.#send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
	}

	async write(text) {
		await this.#send("Input.insertText", { text });
	}

	async screenshot(path) {
		const { data } = await this.#send("Page.captureScreenshot", { format: "png" });

		writeFileSync(path, Buffer.from(data, "base64"));
	}

	/* Everything asked for that is not the file itself. */
	strangers() {
		return this.requests.filter((url) => !url.startsWith("file:") && !url.startsWith("data:") &&
			url !== "about:blank");
	}

	close() {
		const ended = new Promise((resolve) => this.#browser.once("exit", resolve));

		this.#send("Browser.close").catch(() => {});
		return ended;
	}
}
