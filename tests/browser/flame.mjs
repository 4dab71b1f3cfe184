// SPDX-License-Identifier: GPL-2.0-or-later
//
// usage: node flame.mjs FILE.svg FRAME WORDS SHOTS: uses a flame graph as a person would. Clicks the
// frame named FRAME, searches for WORDS, takes screenshots (light and dark) into the folder SHOTS, and
// prints what it saw as JSON.
import { Page } from "./chromium.mjs";

const [path, frame, words, shots] = process.argv.slice(2);
const frames = `Array.from(document.querySelectorAll(".frames > g"))`;
const named = `${frames}.find((g) => g.querySelector("title").textContent.split("\\n")[0] === ${JSON.stringify(frame)})`;
const CONTROL = 2;
const page = await Page.open(path);
const seen = {};

seen.frames = await page.evaluate(`${frames}.length`);
seen.scripts = await page.evaluate(`document.querySelectorAll("script").length`);
seen.elements = await page.evaluate(
	`[...new Set(Array.from(document.querySelectorAll(".frames *"), (e) => e.localName))].sort()`);
seen.handlers = await page.evaluate(
	`Array.from(document.querySelectorAll("*")).filter((e) => [...e.attributes].some((a) => a.name.startsWith("on"))).length`);
await page.screenshot(`${shots}/light.png`);

const box = await page.evaluate(`(() => { const r = ${named}.querySelector("rect").getBoundingClientRect();
	return { x: r.x + r.width / 2, y: r.y + r.height / 2 }; })()`);
await page.move(box.x, box.y);
seen.detail = await page.evaluate(`document.querySelector(".detail").textContent`);
await page.click(box.x, box.y);
await page.until(`location.hash.includes("zoom=")`);
await page.until(`Number(${named}.querySelector("rect").getAttribute("width")) === 1180`);
seen.resetIsShown = await page.evaluate(`!document.querySelector(".reset").hasAttribute("hidden")`);
await page.screenshot(`${shots}/zoomed.png`);
await page.evaluate(`history.back()`);
await page.until(`!location.hash.includes("zoom=")`);
await page.until(`document.querySelector(".reset").hasAttribute("hidden")`);

await page.key("f", CONTROL);
seen.searchHasFocus = await page.evaluate(`document.activeElement.localName === "input"`);
await page.write(words);
await page.enter();
await page.until(`location.hash.includes("search=")`);
seen.share = await page.evaluate(`document.querySelector(".share").textContent`);
seen.matched = await page.evaluate(`document.querySelectorAll(".matched").length`);
seen.colours = await page.evaluate(`(() => { const of = (e) => getComputedStyle(e.querySelector("rect")).fill;
	return { matched: [...new Set(Array.from(document.querySelectorAll(".matched"), of))],
		other: of(${frames}[0]) }; })()`);
await page.screenshot(`${shots}/searched.png`);
seen.address = await page.evaluate(`location.hash`);

const again = await Page.open(path, { dark: true, hash: seen.address });
await again.until(`document.querySelector(".share").textContent !== " "`);
seen.shareFromAddress = await again.evaluate(`document.querySelector(".share").textContent`);
await again.screenshot(`${shots}/dark.png`);

for (const one of [page, again]) {
	seen.strangers = [...(seen.strangers ?? []), ...one.strangers()];
	seen.complaints = [...(seen.complaints ?? []), ...one.complaints];
	seen.dialogs = [...(seen.dialogs ?? []), ...one.dialogs];
}
await Promise.all([page.close(), again.close()]);
console.log(JSON.stringify(seen, null, 1));
