// SPDX-License-Identifier: GPL-2.0-or-later
//
// usage: node pprof_total.js MODULES FILE.pb.gz: decodes a profile with pprof-format from the folder
// MODULES, checks what the format asks for, and prints the total of its default type.
"use strict";
const assert = require("node:assert");
const { readFileSync } = require("node:fs");
const { gunzipSync } = require("node:zlib");
const [modules, path] = process.argv.slice(2);
const { Profile } = require(`${modules}/pprof-format`);
const profile = Profile.decode(gunzipSync(readFileSync(path)));
const text = (number) => profile.stringTable.strings[Number(number)];
const types = profile.sampleType.map((type) => text(type.type));
const shown = types.indexOf(text(profile.defaultSampleType));

function numbered(messages) {
	const ids = new Set(messages.map((message) => BigInt(message.id)));

	assert.strictEqual(ids.size, messages.length);
	assert(!ids.has(0n));
	return ids;
}

assert.strictEqual(text(0), "");
assert.strictEqual(new Set(profile.stringTable.strings).size, profile.stringTable.strings.length);
assert(shown >= 0);
const mappings = numbered(profile.mapping), functions = numbered(profile.function), locations = numbered(profile.location);

for (const location of profile.location) {
	assert(!Number(location.mappingId) || mappings.has(BigInt(location.mappingId)));
	for (const line of location.line)
		assert(functions.has(BigInt(line.functionId)));
}
let total = 0n;
for (const sample of profile.sample) {
	assert.strictEqual(sample.value.length, types.length);
	assert(sample.locationId.length > 0);
	for (const location of sample.locationId)
		assert(locations.has(BigInt(location)));
	total += BigInt(sample.value[shown]);
}
console.log(String(total));
