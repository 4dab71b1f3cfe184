// SPDX-License-Identifier: GPL-2.0-or-later
// The corpus's node: node work.js CASE MIB, until it is killed.
'use strict';

const fs = require('fs');
const scale = Number(process.env.SCALE || 1);
const limit = Number(process.argv[3]) * 1048576;
const rest = seconds => new Promise(resolve => setTimeout(resolve, seconds * 1000 * scale));
const fill = bytes => Buffer.alloc(bytes, 1);
const kept = [];

const cases = {
	// outside of the heap that a heap limit is about
	async buffers() {
		for (;;) {
			kept.push(fill(limit / 400));
			await rest(0.1);
		}
	},

	async closures() {
		for (;;) {
			for (let i = 0; i < 100; i++) {
				const text = 'x'.repeat(50) + kept.length;
				kept.push({text, list: new Array(30).fill(text), ask: () => text});
			}
			await rest(0.03);
		}
	},

	async readAll() {
		await rest(25);
		kept.push(fs.readFileSync('/dev/stdin'));
		await rest(60);
	},

	async garbage() {
		const table = [];
		for (let i = 0; i < 400000; i++)
			table.push({i, text: 'row ' + i});
		for (;;) {
			for (let i = 0; i < 400; i++)
				kept.push(new Array(200).fill(i));
			if (kept.length > 60000)
				kept.length = 0;
			await rest(0.02);
		}
	},

	async requests() {
		const sessions = new Map();
		for (;;) {
			const page = fill(limit / 60);
			sessions.set(sessions.size, Buffer.from(page.subarray(0, limit / 500)));
			await rest(0.1);
		}
	},
};

cases[process.argv[2]]();
