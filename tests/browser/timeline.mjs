// SPDX-License-Identifier: GPL-2.0-or-later
//
// usage: node timeline.mjs FILE.html: hovers over the timeline of an incident, drags a part of it,
// presses Escape, and prints what it saw as JSON.
import { Page } from "./chromium.mjs";

const page = await Page.open(process.argv[2], { height: 1500 });
const texts = `Array.from(document.querySelectorAll(".chart text"), (t) => t.textContent)`;
const times = `${texts}.filter((t) => t.endsWith(" s"))`;
const box = await page.evaluate(`(() => { const r = document.querySelector(".chart").getBoundingClientRect();
	return { x: r.x, y: r.y + r.height / 2, width: r.width }; })()`);
const seen = { whole: await page.evaluate(times) };

seen.limit = await page.evaluate(`${texts}.find((t) => t.startsWith("limit"))`);
seen.mark = await page.evaluate(`${texts}.find((t) => t === "killed")`);
seen.warnings = await page.evaluate(`Array.from(document.querySelectorAll(".chart .warning"), (mark) => ({
	label: mark.querySelector("text").textContent, title: mark.querySelector("title").textContent,
	at: +mark.querySelector("line").getAttribute("x1") }))`);
seen.killed_at = await page.evaluate(`+document.querySelector(".chart .kill line").getAttribute("x1")`);
seen.heights = await page.evaluate(`Array.from(document.querySelectorAll(".chart .warned"), (line) => +line.getAttribute("y1"))`);
seen.limit_height = await page.evaluate(`+document.querySelector(".chart .limit").getAttribute("y1")`);
if (process.argv[3])
	await page.screenshot(process.argv[3]);
await page.move(box.x + box.width * 0.5, box.y);
seen.note = await page.evaluate(`document.querySelector(".chart").nextElementSibling.textContent`);
await page.drag(box.x + box.width * 0.4, box.x + box.width * 0.7, box.y);
seen.zoomed = await page.evaluate(times);
await page.evaluate(`document.querySelector(".chart").focus()`);
await page.key("Escape");
seen.back = await page.evaluate(times);
seen.complaints = page.complaints;
await page.close();
console.log(JSON.stringify(seen, null, 1));
