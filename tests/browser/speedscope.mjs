// SPDX-License-Identifier: GPL-2.0-or-later
//
// A profile in speedscope as npm has it, opened from disk: speedscope.mjs INDEX.html PROFILE prints what
// its sandwich view shows of each function.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Page } from "./chromium.mjs";

const [index, profile] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), "speedscope-"));
// how its own command line hands over a file
const script = join(directory, "profile.js");

writeFileSync(script, `speedscope.loadFileFromBase64(${JSON.stringify("profile.pb.gz")},
	"${readFileSync(profile).toString("base64")}")`);

const page = await Page.open(index, { height: 800, hash: `#localProfilePath=${script}` });

await page.until('document.title === "profile.pb.gz - speedscope"');
const [x, y] = await page.evaluate(`(() => {
	const tab = [...document.querySelectorAll("div")].filter((one) => one.textContent.endsWith("Sandwich")).pop();
	const { x, y, width, height } = tab.getBoundingClientRect();

	return [x + width / 2, y + height / 2];
})()`);

await page.click(x, y);
await page.until('document.querySelectorAll("td").length > 0');
const functions = await page.evaluate(`[...document.querySelectorAll("tr")]
	.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.innerText))
	.filter((cells) => cells.length === 3)
	.map(([, self, name]) => [...self.trim().split(" ").slice(0, 2), name.trim()])`);

console.log(JSON.stringify({ functions, strangers: page.strangers(), said: page.complaints.join("") }));
await page.close();
rmSync(directory, { recursive: true });
