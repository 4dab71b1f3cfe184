// SPDX-License-Identifier: GPL-2.0-or-later
//
// usage: node pprof_total.js MODULES FILE.pb.gz: decodes a profile with pprof-format from the folder
// MODULES, checks what the format asks for, and prints the total of its default type. Servers that
// take profiles ask for more, which is checked as well: Parca for numbers that count from 1 and
// labels with a key (ValidatePprofProfile() in its pkg/parcacol), Pyroscope for a type of the period
// (Normalize() in its pkg/pprof, which looks into it unasked) and functions in every line.
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
	messages.forEach((message, place) => assert.strictEqual(BigInt(message.id), BigInt(place + 1)));
	return new Set(messages.map((message) => BigInt(message.id)));
}

assert.strictEqual(text(0), "");
assert.strictEqual(new Set(profile.stringTable.strings).size, profile.stringTable.strings.length);
assert(shown >= 0);
assert(text(profile.periodType.type) && text(profile.periodType.unit));
const mappings = numbered(profile.mapping), functions = numbered(profile.function), locations = numbered(profile.location);

for (const location of profile.location) {
	assert(!Number(location.mappingId) || mappings.has(BigInt(location.mappingId)));
	assert(location.line.length > 0 || Number(location.mappingId));
	for (const line of location.line)
		assert(functions.has(BigInt(line.functionId)));
}
let total = 0n;
for (const sample of profile.sample) {
	assert.strictEqual(sample.value.length, types.length);
	assert(sample.locationId.length > 0);
	for (const location of sample.locationId)
		assert(locations.has(BigInt(location)));
	for (const label of sample.label)
		assert(text(label.key));
	total += BigInt(sample.value[shown]);
}
console.log(String(total));
