/*
 * Builds the page of one recording or one incident from the JSON that lies in it. Names in it belong
 * to whoever was traced: they become text nodes, never markup. A section that has nothing to say is
 * left out.
 */
(function () {
	"use strict";

	const raw = document.getElementById("raw").textContent;
	const data = JSON.parse(raw);
	const SVG = "http://www.w3.org/2000/svg";

	/* --- making elements ------------------------------------------------------------------ */

	function make(name, attributes, ...children) {
		const element = document.createElement(name);

		for (const [key, value] of Object.entries(attributes || {}))
			element.setAttribute(key, value);
		element.append(...children.filter((child) => child !== null && child !== undefined));
		return element;
	}

	function draw(name, attributes, ...children) {
		const element = document.createElementNS(SVG, name);

		for (const [key, value] of Object.entries(attributes))
			element.setAttribute(key, value);
		element.append(...children);
		return element;
	}

	/* Columns are [title, cell(row), class]; a column without a single value is left out. */
	function table(columns, rows, rowClass) {
		const cells = rows.map((row) => columns.map(([, cell]) => cell(row)));
		const shown = columns.map((_, i) => i)
			.filter((i) => cells.some((line) => line[i] !== undefined && line[i] !== ""));
		const head = shown.map((i) => make("th", { class: columns[i][2] || "", scope: "col" }, columns[i][0]));

		return make("div", { class: "scroll" }, make("table", {},
			make("thead", {}, make("tr", {}, ...head)),
			make("tbody", {}, ...cells.map((line, n) =>
				make("tr", { class: (rowClass && rowClass(rows[n])) || "" },
					...shown.map((i) => make("td", { class: columns[i][2] || "" }, line[i] ?? "")))))));
	}

	function keys(items) {
		return make("ul", { class: "keys" }, ...items.map(([colour, text]) =>
			make("li", {}, make("i", { class: "k" + colour }), text)));
	}

	function facts(...pairs) {
		return make("div", { class: "facts" }, ...pairs.filter(([, value]) => value !== undefined).map(
			([what, value]) => make("div", { class: "fact" }, make("b", {}, value), make("span", {}, what))));
	}

	/* --- saying numbers ------------------------------------------------------------------- */

	function bytes(number) {
		if (number === undefined)
			return undefined;
		let size = Math.abs(number), unit = 0;

		while (size >= 1024 && unit < 5) {
			size /= 1024;
			unit++;
		}
		return (number < 0 ? "-" : "") + (unit ? size.toFixed(1) : size) + " " + ["B", "KiB", "MiB", "GiB", "TiB", "PiB"][unit];
	}

	function signed(number) {
		return number === undefined ? undefined : (number > 0 ? "+" : "") + bytes(number);
	}

	function percent(part, of) {
		return of ? ((100 * part) / of).toFixed(1) + " %" : undefined;
	}

	function seconds(ns) {
		const s = ns / 1e9;

		if (s < 120)
			return s.toFixed(s < 10 ? 2 : 1) + " s";
		return s < 7200 ? (s / 60).toFixed(1) + " min" : (s / 3600).toFixed(1) + " h";
	}

	const words = (name) => name.replace(/_bytes$/, "").replaceAll("_", " ");
	const who = (process) => process && process.comm !== undefined ? `${process.comm} (pid ${process.pid})` : undefined;
	const leafFirst = (frames) => frames && frames.slice().reverse().join(" < ");

	/* --- a bar of parts ------------------------------------------------------------------- */

	function bar(parts, whole) {
		const positive = parts.filter((part) => part.bytes > 0);

		return [
			make("div", { class: "bar", role: "img", "aria-label": "parts of the whole" }, ...positive.map((part, i) =>
				make("div", { class: "k" + (i % 10), style: `flex: ${part.bytes} 0 0`,
					title: `${part.what}: ${bytes(part.bytes)}` }))),
			keys(positive.map((part, i) => [i % 10,
				`${part.what} ${bytes(part.bytes)}${whole ? " (" + percent(part.bytes, whole) + ")" : ""}`])),
		];
	}

	/* --- the timeline --------------------------------------------------------------------- */

	const LAYERS = [["anon_bytes", "anon"], ["file_bytes", "file"], ["shmem_bytes", "shmem"], ["swap_bytes", "swap"]];
	const WIDTH = 1200, HEIGHT = 300, LEFT = 80, RIGHT = 20, TOP = 16, BOTTOM = 34;

	/*
	 * Points are {at: seconds before the kill, negative, …}, oldest first; marks {at, what, why}, and
	 * with a percent of the limit a line at that height.
	 */
	function timeline(points, usage, limit, marks) {
		const chart = draw("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, tabindex: 0, role: "img",
			"aria-label": "memory over time: drag to zoom, double click or Escape for all of it" });
		const note = make("p", { class: "faint" }, " ");
		const layers = LAYERS.filter(([key]) => points.some((point) => point[key]));
		let from = points[0].at, to = Math.max(0, points[points.length - 1].at), start = null;

		const x = (at) => LEFT + ((at - from) / (to - from || 1)) * (WIDTH - LEFT - RIGHT);
		const at = (px) => from + ((px - LEFT) / (WIDTH - LEFT - RIGHT)) * (to - from);
		const height = (point) => layers.reduce((sum, [key]) => sum + (point[key] || 0), 0);
		const pointer = (event) => ((event.clientX - chart.getBoundingClientRect().left) /
			chart.getBoundingClientRect().width) * WIDTH;

		function show() {
			const seen = points.filter((point) => point.at >= from - 1e-9 && point.at <= to + 1e-9);
			const used = usage.filter((point) => point.at >= from - 1e-9 && point.at <= to + 1e-9);
			const most = Math.max(1, limit || 0, ...seen.map(height), ...used.map((point) => point.usage_bytes)) * 1.06;
			const y = (value) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
			const path = (value, of = seen) => of.map((point) => `${x(point.at).toFixed(1)},${y(value(point)).toFixed(1)}`);

			chart.replaceChildren();
			for (let i = 0; i <= 4; i++) {
				const value = (most / 1.06) * (i / 4);

				chart.append(draw("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
					draw("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, bytes(Math.round(value))));
			}
			for (let i = 0; i <= 6; i++) {
				const time = from + ((to - from) * i) / 6;

				chart.append(draw("text", { x: x(time), y: HEIGHT - 12, "text-anchor": "middle" },
					(to - from < 10 ? time.toFixed(2) : time.toFixed(0)) + " s"));
			}
			let below = () => 0;
			layers.forEach(([key], i) => {
				const under = below, over = (point) => under(point) + (point[key] || 0);

				chart.append(draw("polygon", { class: "f" + i,
					points: [...path(over), ...path(under).reverse()].join(" ") }));
				below = over;
			});
			if (used.length > 1)
				chart.append(draw("polyline", { class: "usage", points: path((point) => point.usage_bytes, used).join(" ") }));
			if (limit)
				chart.append(draw("line", { class: "limit", x1: LEFT, x2: WIDTH - RIGHT, y1: y(limit), y2: y(limit) }),
					draw("text", { x: LEFT + 6, y: y(limit) - 4 }, "limit " + bytes(limit)));
			for (const part of limit ? new Set(marks.map((mark) => mark.percent).filter(Boolean)) : [])
				chart.append(draw("line", { class: "warned", x1: LEFT, x2: WIDTH - RIGHT,
					y1: y((limit * part) / 100), y2: y((limit * part) / 100) }));
			marks.filter((one) => one.at >= from && one.at <= to).forEach((mark, i) =>
				chart.append(draw("g", { class: mark.class },
					draw("line", { class: "mark", x1: x(mark.at), x2: x(mark.at), y1: TOP, y2: HEIGHT - BOTTOM }),
					draw("text", { x: x(mark.at) - 4, y: TOP + 10 + 14 * (i % 4), "text-anchor": "end" }, mark.what),
					draw("title", {}, mark.why))));
		}

		const nearest = (series, time) => series.reduce((best, point) =>
			Math.abs(point.at - time) < Math.abs(best.at - time) ? point : best, series[0]);

		function tell(px) {
			const near = nearest(points, at(px)), usedThen = nearest(usage, at(px));

			note.textContent = `${near.at.toFixed(2)} s: ` + [...layers.map(([key, name]) => [name, near[key]]),
				["cgroup usage", usedThen && usedThen.usage_bytes]].filter(([, value]) => value !== undefined)
				.map(([name, value]) => `${name} ${bytes(value)}`).join(", ");
			chart.querySelector(".cursor")?.remove();
			chart.append(draw("line", { class: "cursor", x1: x(near.at), x2: x(near.at), y1: TOP, y2: HEIGHT - BOTTOM }));
		}

		function all() {
			from = points[0].at;
			to = Math.max(0, points[points.length - 1].at);
			show();
		}

		chart.addEventListener("pointerdown", (event) => { start = pointer(event); });
		chart.addEventListener("pointermove", (event) => {
			const px = pointer(event);

			tell(px);
			chart.querySelector(".chosen")?.remove();
			if (start !== null)
				chart.append(draw("rect", { class: "chosen", x: Math.min(start, px), y: TOP,
					width: Math.abs(px - start), height: HEIGHT - TOP - BOTTOM }));
		});
		chart.addEventListener("pointerup", (event) => {
			const px = pointer(event), first = at(Math.min(start ?? px, px)), last = at(Math.max(start ?? px, px));

			start = null;
			if (points.filter((point) => point.at >= first && point.at <= last).length > 1) {
				from = first;
				to = last;
			}
			show();
		});
		chart.addEventListener("dblclick", all);
		chart.addEventListener("keydown", (event) => event.key === "Escape" && all());
		show();
		return [chart, note, keys([...layers.map(([, name], i) => [i, name]), ...usage.length > 1
			? [["line", "usage of the cgroup"]] : []])];
	}

	/* --- sections ------------------------------------------------------------------------- */

	const number = "number";

	function stacksTable(stacks) {
		const grown = stacks.slice().sort((a, b) => b.bytes - a.bytes).slice(0, 25);

		return table([["bytes", (s) => bytes(s.bytes), number], ["±", (s) => s.error_bytes ? bytes(s.error_bytes) : "", number],
			["kind", (s) => s.kind], ["process", who], ["stack, leaf first", (s) => leafFirst(s.frames), "code"]], grown);
	}

	function mappingsOf(processes) {
		const rows = (processes || []).flatMap((process) => (process.mappings || []).map((m) => ({ process, ...m })));

		return rows.length ? [table([["process", (r) => who(r.process)], ["kind", (r) => words(r.kind)],
			["name", (r) => r.name, "code"], ["mappings", (r) => r.count, number], ["reserved", (r) => bytes(r.reserved_bytes), number],
			["resident", (r) => bytes(r.resident_bytes), number]], rows)] : null;
	}

	/* What a victim had reserved at the kill, and the mappings it had some time before. */
	function mappingsOfVictim(victim) {
		const reserved = victim && victim.reserved;
		const resident = victim && victim.rss && victim.rss.anon_bytes !== undefined
			? victim.rss.anon_bytes + victim.rss.file_bytes + victim.rss.shmem_bytes : undefined;
		const rows = victim ? mappingsOf([victim]) : null;
		const sizes = reserved ? make("p", {}, `${bytes(reserved.all_bytes)} of addresses at the kill (data ${
			bytes(reserved.data_bytes)}, stack ${bytes(reserved.stack_bytes)}, code ${bytes(reserved.exec_bytes)})${
			resident === undefined ? "" : `, ${bytes(resident)} resident`}.`) : null;
		const age = rows && victim.mappings_before_ns !== undefined
			? make("p", {}, `By mapping, as it was ${(victim.mappings_before_ns / 1e9).toFixed(1)} s before the kill:`) : null;

		return sizes || rows ? [sizes, age, ...rows || []] : null;
	}

	function lostOf(lost) {
		const rows = Object.entries(lost || {});

		return [rows.length ? table([["cause", ([cause]) => cause], ["how often", ([, count]) => count, number]], rows)
			: make("p", { class: "good" }, "Nothing was lost."),
		data.period_pages > 1 ? make("p", {}, `One page in ${data.period_pages} was sampled: ± is the 95 % bound of each figure.`)
			: null];
	}

	function totalsOf(totals) {
		const fields = ["stacks_bytes", "resident_before_bytes", "inherited_bytes", "moved_bytes", "lost_bytes",
			"unexplained_bytes", "mapped_bytes", "split_huge_bytes", "elsewhere_bytes"];
		const titles = { stacks_bytes: "stacks", mapped_bytes: "as the kernel counts it", split_huge_bytes: "in split huge pages",
			elsewhere_bytes: "mapped by others alone" };
		const rows = (totals || []).filter((total) => fields.some((field) => total[field]));
		const process = (total) => (data.processes || []).find((one) => one.pid === total.pid) || total;

		return rows.length ? [table([["process", (t) => who(process(t)) || String(t.pid)], ["kind", (t) => t.kind],
			...fields.map((field) => [titles[field] || words(field), (t) => bytes(t[field]), number])], rows)] : null;
	}

	function growthSummary() {
		const kinds = new Map();

		for (const stack of data.stacks)
			kinds.set(stack.kind, (kinds.get(stack.kind) || 0) + stack.bytes);
		return [facts(["in all", bytes(data.total_bytes)], ["stacks", String(data.stacks.length)],
			["processes", String(data.processes.length)], ["recorded", data.duration_ns && seconds(data.duration_ns)],
			["sampled", data.period_pages > 1 ? `1 page in ${data.period_pages}` : "every page"]),
		data.data_lost ? make("p", { class: "bad" }, "Data was lost, see below.") : null,
		...bar([...kinds].map(([what, sum]) => ({ what: what || "any", bytes: sum })), data.total_bytes)];
	}

	function incidentSummary() {
		const victim = data.victim || {}, rss = victim.rss || {};
		const level = (data.cgroups || []).find((one) => one.fired);

		return [facts(["resident when it died", rss.anon_bytes === undefined ? undefined :
				bytes(rss.anon_bytes + (rss.file_bytes || 0) + (rss.shmem_bytes || 0))],
			["of it anon", bytes(rss.anon_bytes)], ["limit that fired", level && bytes(level.limit_bytes)],
			["container", victim.container && (victim.container.name || victim.container.id)],
			["image", victim.container && victim.container.image],
			["pod", victim.container && victim.container.pod], ["unit", victim.unit],
			["asked for by", who(data.trigger)]),
		data.data_lost ? make("p", { class: "bad" }, "Data was lost, see below.") : null,
		level ? make("p", {}, "The limit of ", make("b", {}, level.path), " was hit.") : null];
	}

	function verdictOf() {
		const verdict = data.verdict;

		return verdict ? [make("div", { class: "verdict" },
			make("h2", {}, "Verdict: " + words(verdict.kind), verdict.confidence === undefined ? ""
				: ` (confidence ${Math.round(100 * verdict.confidence)} %)`),
			make("ul", {}, ...(verdict.evidence || []).map((text) => make("li", {}, text))),
			...(verdict.advice || []).map((text) => make("p", {}, make("b", {}, "Do: "), text)),
			verdict.also ? make("p", {}, make("b", {}, verdict.kind === "crash_loop" ? "Each life by itself: " : "Also: "),
				`${words(verdict.also.kind)}; `, [...verdict.also.evidence.slice(0, 2), ...verdict.also.advice.slice(0, 1)].join("; ")) : null)] : null;
	}

	/* Lives in a row, each as a bar as long as it lived: dark until it held half of its memory. */
	function livesOf() {
		const loop = data.crash_loop;

		if (!loop)
			return null;
		const lives = [...data.previous, { ...loop, id: data.id, time: data.time, own: true }];
		const longest = Math.max(1, ...lives.map((life) => life.lived_ns || 0));
		const range = (figure, say) => figure && `${say(figure.least)} to ${say(figure.most)}` +
			(figure.trend ? `, ${figure.trend}` : "");
		const lifeBar = (life) => life.lived_ns === undefined ? "" : make("div", { class: "life" },
			make("div", { class: "k0", style: `width: ${(100 * (life.half_ns ?? 0)) / longest}%`,
				title: "until it held half of its memory" }),
			make("div", { class: "k1", style: `width: ${(100 * (life.lived_ns - (life.half_ns ?? 0))) / longest}%`,
				title: "until it was killed" }));

		return [facts(["killed in a row", String(loop.number)], ["time from start to death", range(loop.time_to_death_ns, seconds)],
			["memory at death", range(loop.memory_at_death_bytes, bytes)],
			["half of it within", loop.time_to_half_ns && seconds(loop.time_to_half_ns.most)]),
		keys([[0, "until it held half of its memory"], [1, "until it was killed"]]),
		table([["life", (life) => life.number, number], ["", lifeBar], ["lived", (life) => life.lived_ns === undefined ? ""
			: seconds(life.lived_ns), number], ["held", (life) => bytes(life.memory_bytes), number],
		["killed", (life) => life.time && life.time.replace(/\.\d+Z$/, "Z")], ["incident", (life) => life.id, "code"]], lives, (life) => life.own ? "fired" : ""),
		make("p", {}, !loop.time_to_early_ns ? "What each life did first was not seen: it grew faster than it is looked at." :
			`First, as seen ${range(loop.time_to_early_ns, seconds)} after the start, ` +
			(loop.early_stacks.length ? "each had filled:" : "they had no stack in common.")),
		loop.early_stacks.length ? table([["bytes in each life", (s) => s.bytes.map((b) => b === null ? "?" : bytes(b)).join(", ")],
			["stack, leaf first", (s) => leafFirst(s.frames), "code"]], loop.early_stacks) : null,
		loop.stacks.length ? make("p", {}, "At the end, among the largest stacks of every life:") : null,
		loop.stacks.length ? table([["bytes in each life", (s) => s.bytes.map((b) => b === null ? "?" : bytes(b)).join(", ")],
			["stack, leaf first", (s) => leafFirst(s.frames), "code"]], loop.stacks) : null,
		make("p", {}, "Two lives side by side: ", make("code", {},
			`oomtrace diff ${lives[lives.length - 2].id} ${data.id}`))];
	}

	/* Of a limit that is not the one that fired its name is said, and no line is drawn. */
	function warningMark(warning, fired) {
		const level = (data.cgroups || [])[warning.level];
		const whose = !level ? "host " : level === fired ? "" : level.path.split("/").pop() + " ";
		const forecast = warning.forecast_low_seconds === undefined ? "" :
			`; forecast then: ${warning.forecast_low_seconds} to ${warning.forecast_high_seconds} s`;

		return { at: -warning.before_ns / 1e9, class: "warning", what: `${whose}${warning.percent} %`,
			percent: level && level === fired ? warning.percent : undefined,
			why: `warned ${seconds(warning.before_ns)} before the kill: ${bytes(warning.held_bytes)} of ` +
				`${bytes(warning.limit_bytes)}${level ? " of " + level.path : " of the host"}${forecast}` };
	}

	function timelineOf() {
		const pid = data.victim && data.victim.pid;
		const level = (data.cgroups || []).find((one) => one.fired);
		const all = (data.timeline || []).map((point) => ({ ...point, at: -point.before_ns / 1e9 }))
			.sort((a, b) => a.at - b.at);
		const usage = all.filter((point) => point.usage_bytes !== undefined && data.cgroups.indexOf(level) === point.level);
		const own = all.filter((point) => point.pid === pid && point.anon_bytes !== undefined);
		const points = own.length > 1 ? own : usage;

		/* the kernel's own figure ends the curve */
		if (usage.length && level.usage_bytes !== undefined)
			usage.push({ at: 0, usage_bytes: level.usage_bytes });
		const marks = [{ at: 0, class: "kill", what: "killed", why: "the kill" },
			...(data.warnings || []).map((warning) => warningMark(warning, level))];

		return points.length > 1 ? timeline(points, usage, level && level.limit_bytes, marks) : null;
	}

	function accountOf() {
		const level = (data.cgroups || []).find((one) => one.fired);

		const limit = data.account_limit_bytes || (level && level.limit_bytes);
		const parts = (data.account || []).map((part) => ({ ...part,
			what: words(part.what) + (part.pid ? ` of ${who(part)}` : "") }));

		return parts.length ? [...bar(parts, limit),
			table([["what", (a) => a.what], ["bytes", (a) => bytes(a.bytes), number],
				["share of the limit", (a) => percent(a.bytes, limit), number],
				["source", (a) => a.inherited_bytes ? `${a.source}, without ${bytes(a.inherited_bytes)} inherited` : a.source], ["taken", (a) => a.taken && words(a.taken)]], parts)] : null;
	}

	/* An object as lines of a table, what is nested in it by its path. */
	function linesOf(object, prefix) {
		return Object.entries(object || {}).flatMap(([key, value]) => {
			const name = prefix ? `${prefix} ${words(key)}` : words(key);

			if (value && typeof value === "object" && !Array.isArray(value))
				return linesOf(value, name);
			if (Array.isArray(value))
				return [[name, value.map((one) => one && typeof one === "object" ? who(one) || JSON.stringify(one) : one)
					.join(key === "argv" ? " " : " < ")]];
			return [[name, key.endsWith("_bytes") ? bytes(value) : String(value)]];
		});
	}

	const without = (object, key) =>
		Object.fromEntries(Object.entries(object || {}).filter(([name]) => name !== key));
	const plain = (object) => object && Object.keys(object).length
		? [table([["", ([name]) => name], ["", ([, value]) => value, "code"]], linesOf(object))] : null;
	const flame = () => [document.getElementById("flame").content];

	const growthSections = [
		["", growthSummary],
		["Flame graph", flame],
		["The largest stacks", () => data.stacks.length ? [stacksTable(data.stacks)] : null],
		["How it adds up", () => totalsOf(data.totals)],
		["The host", () => plain(data.host)],
		["Mappings", () => mappingsOf(data.processes)],
		["What was lost", () => lostOf(data.lost)],
	];

	const incidentSections = [
		["", incidentSummary],
		["", verdictOf],
		["Lives in a row", livesOf],
		["How it got there", timelineOf],
		["What filled the memory", accountOf],
		["Flame graph", flame],
		["The largest stacks", () => data.stacks && data.stacks.length ? [stacksTable(data.stacks)] : null],
		["The victim", () => plain(without(data.victim, "mappings"))],
		["Killed with it", () => data.co_victims && data.co_victims.length
			? [table([["process", who], ["role", (c) => c.role]], data.co_victims)] : null],
		["Who asked for memory", () => plain(data.trigger)],
		["The chain of cgroups", () => data.cgroups && data.cgroups.length ? [table([["cgroup", (c) => c.path],
			["usage", (c) => bytes(c.usage_bytes), number], ["limit", (c) => bytes(c.limit_bytes), number],
			["full", (c) => percent(c.usage_bytes, c.limit_bytes), number], ["swap", (c) => bytes(c.swap_bytes), number],
			["peak", (c) => bytes(c.peak_bytes), number]], data.cgroups, (c) => c.fired ? "fired" : "")] : null],
		["Candidates", () => data.candidates && data.candidates.length ? [table([["process", who],
			["resident", (c) => bytes(c.rss_bytes), number], ["swap", (c) => bytes(c.swap_bytes), number],
			["oom_score_adj", (c) => c.oom_score_adj, number], ["badness", (c) => c.badness ?? c.badness_pages, number]],
			data.candidates, (c) => c.chosen ? "fired" : "")] : null],
		["Mappings", () => mappingsOfVictim(data.victim)],
		["System facts", () => plain(data.system)],
		["Figures", () => data.figures && data.figures.length ? [table([
			["of", (f) => f.level === undefined || !data.cgroups[f.level] ? "the host" : data.cgroups[f.level].path],
			["figure", (f) => f.key], ["value", (f) => f.text ?? String(f.value), number], ["source", (f) => f.source],
			["taken", (f) => f.taken && words(f.taken)]], data.figures)] : null],
		["What was lost", () => lostOf(data.lost)],
	];

	/* --- the page ------------------------------------------------------------------------- */

	function download() {
		const link = make("a", { download: "oomtrace.json",
			href: URL.createObjectURL(new Blob([raw], { type: "application/json" })) });

		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), 1000);
	}

	function build() {
		const main = document.querySelector("main"), nav = document.querySelector("nav");

		(data.kind === "growth" ? growthSections : incidentSections).forEach(([title, section], i) => {
			const content = section();

			if (!content)
				return;
			const id = title ? title.toLowerCase().replace(/[^a-z]+/g, "-") : "summary" + i;

			if (title)
				nav.append(make("a", { href: "#" + id }, title));
			main.append(make("section", { id }, title ? make("h2", {}, title) : null, ...content));
		});
		const button = make("button", { id: "download", type: "button" }, "Download the raw data (JSON)");

		button.addEventListener("click", download);
		main.append(make("p", {}, button));
	}

	build();
})();
