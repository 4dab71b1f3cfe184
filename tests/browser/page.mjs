// SPDX-License-Identifier: GPL-2.0-or-later
//
// usage: node page.mjs FILE.html WORDS SHOTS: reads a page as a person would, searches its flame graph
// for WORDS, takes screenshots (light, dark, narrow) into SHOTS, and prints what it saw as JSON.
import { Page } from "./chromium.mjs";

const [path, words, shots] = process.argv.slice(2);
const CONTROL = 2;
const page = await Page.open(path, { height: 1500 });
const seen = {};

seen.title = await page.evaluate(`document.querySelector("h1").textContent`);
seen.sections = await page.evaluate(`Array.from(document.querySelectorAll("h2"), (h) => h.textContent)`);
seen.links = await page.evaluate(`Array.from(document.querySelectorAll("nav a")).every((a) => document.querySelector(a.getAttribute("href")))`);
seen.text = await page.evaluate(`document.querySelector("main").innerText`);
seen.scripts = await page.evaluate(`document.querySelectorAll("script").length`);
seen.handlers = await page.evaluate(
	`Array.from(document.querySelectorAll("*")).filter((e) => [...e.attributes].some((a) => a.name.startsWith("on"))).length`);
seen.elements = await page.evaluate(
	`[...new Set(Array.from(document.querySelectorAll("main section *"), (e) => e.localName))].sort()`);
seen.raw = await page.evaluate(`document.getElementById("raw").textContent`);
seen.downloaded = await page.evaluate(`(() => {
	let blob;
	URL.createObjectURL = (b) => { blob = b; return "data:,"; };
	HTMLAnchorElement.prototype.click = function () {};
	document.getElementById("download").click();
	return blob.text();
})()`);
await page.screenshot(`${shots}/light.png`);
await page.key("f", CONTROL);
await page.write(words);
await page.enter();
await page.until(`location.hash.includes("search=")`);
seen.share = await page.evaluate(`document.querySelector(".share").textContent`);

const dark = await Page.open(path, { height: 1500, dark: true });
seen.paper = [await page.evaluate(`getComputedStyle(document.body).backgroundColor`),
	await dark.evaluate(`getComputedStyle(document.body).backgroundColor`)];
await dark.screenshot(`${shots}/dark.png`);
const narrow = await Page.open(path, { width: 420, height: 900 });
seen.overflow = await narrow.evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`);
await narrow.screenshot(`${shots}/narrow.png`);

for (const one of [page, dark, narrow]) {
	seen.strangers = [...(seen.strangers ?? []), ...one.strangers()];
	seen.complaints = [...(seen.complaints ?? []), ...one.complaints];
	seen.dialogs = [...(seen.dialogs ?? []), ...one.dialogs];
}
await Promise.all([page.close(), dark.close(), narrow.close()]);
console.log(JSON.stringify(seen, null, 1));
