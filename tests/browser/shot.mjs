// SPDX-License-Identifier: GPL-2.0-or-later
//
// A picture of a page as it opens: shot.mjs FILE PNG WIDTH HEIGHT [dark]
import { Page } from "./chromium.mjs";

const [file, png, width, height, scheme] = process.argv.slice(2);
const page = await Page.open(file, { width: Number(width), height: Number(height), dark: scheme === "dark" });

await page.screenshot(png);
await page.close();
