/*
 * Makes each flame graph of the document answer to the mouse and the keyboard. All it knows is in
 * the markup: a frame has its place and width in bytes (data-at, data-bytes), its depth is its y, and
 * the first line of its title is its name. The state is in the address (#zoom=12&search=malloc), so
 * that a view can be sent to somebody and the browser's back button works.
 */
(function () {
	"use strict";

	const CHARACTER_PX = 7.3;
	const TEXT_MARGIN_PX = 3;

	function flame(svg) {
		const find = (selector) => svg.querySelector(selector);
		const canvas = find(".frames");
		const left = Number(canvas.dataset.left);
		const width = Number(canvas.dataset.width);
		const total = Number(canvas.dataset.total);
		const input = find("input");
		const detail = find(".detail");
		const reset = find(".reset");
		const clear = find(".clear");
		const share = find(".share");
		const frames = Array.from(canvas.children, (group) => {
			const [name, figures] = group.querySelector("title").textContent.split("\n");
			const rect = group.querySelector("rect");

			return {
				group, rect, name, figures,
				text: group.querySelector("text"),
				at: Number(group.dataset.at),
				bytes: Number(group.dataset.bytes),
				y: Number(rect.getAttribute("y")),
			};
		});
		const whole = frames[0];

		function percent(part, of) {
			return (of ? (100 * part) / of : 0).toFixed(2) + " %";
		}

		function fitText(frame, px) {
			const room = Math.floor((px - 2 * TEXT_MARGIN_PX) / CHARACTER_PX);
			const characters = Array.from(frame.name);

			frame.text.textContent =
				room < 3 ? ""
				: characters.length <= room ? frame.name
				: characters.slice(0, room - 2).join("") + "..";
		}

		/* Frames below the chosen one are its callers: they fill the line. */
		function zoom(chosen) {
			const end = chosen.at + chosen.bytes;

			for (const frame of frames) {
				const contains = frame.at <= chosen.at && frame.at + frame.bytes >= end;
				const caller = frame !== chosen && contains && frame.y > chosen.y;
				const inside = frame.at >= chosen.at && frame.at + frame.bytes <= end &&
					frame.y <= chosen.y;
				const x = caller ? 0 : (frame.at - chosen.at) / (chosen.bytes || 1);
				const px = caller || frame === chosen ? width
					: (frame.bytes / chosen.bytes) * width;

				frame.group.style.display = caller || inside ? "" : "none";
				if (!caller && !inside)
					continue;
				frame.group.classList.toggle("passed", caller);
				frame.rect.setAttribute("x", left + x * width);
				frame.rect.setAttribute("width", px);
				frame.text.setAttribute("x", left + x * width + TEXT_MARGIN_PX);
				fitText(frame, px);
			}
			reset.toggleAttribute("hidden", chosen === whole);
		}

		function matcher(words) {
			try {
				const pattern = new RegExp(words, "i");
				return (name) => pattern.test(name);
			} catch {
				return (name) => name.toLowerCase().includes(words.toLowerCase());
			}
		}

		/* A matched frame inside another one is counted once. */
		function search(words) {
			const matches = words ? matcher(words) : () => false;
			const matched = frames.filter((frame) => frame !== whole && matches(frame.name));
			let sum = 0, end = -1;

			for (const frame of frames)
				frame.group.classList.remove("matched");
			for (const frame of matched.sort((a, b) => a.at - b.at || b.bytes - a.bytes)) {
				frame.group.classList.add("matched");
				if (frame.at >= end) {
					sum += frame.bytes;
					end = frame.at + frame.bytes;
				}
			}
			if (input.value !== words)
				input.value = words;
			share.textContent = words
				? `matched ${percent(sum, total)} (${sum.toLocaleString("en")} bytes)` : "";
			clear.toggleAttribute("hidden", !words);
		}

		function state() {
			return new URLSearchParams(location.hash.slice(1));
		}

		function change(key, value) {
			const next = state();

			if (value)
				next.set(key, value);
			else
				next.delete(key);
			location.hash = next.toString();
		}

		function show() {
			const now = state();

			zoom(frames[Number(now.get("zoom"))] || whole);
			search(now.get("search") || "");
		}

		function describe(frame) {
			detail.textContent = frame ? `${frame.name}: ${frame.figures}` : "";
		}

		function frameOf(event) {
			const group = event.target.closest(".f");
			return group && frames.find((frame) => frame.group === group);
		}

		canvas.addEventListener("click", (event) => {
			const frame = frameOf(event);
			if (frame)
				change("zoom", frame === whole ? "" : String(frames.indexOf(frame)));
		});
		canvas.addEventListener("mouseover", (event) => describe(frameOf(event)));
		canvas.addEventListener("mouseleave", () => describe(null));
		reset.addEventListener("click", () => change("zoom", ""));
		clear.addEventListener("click", () => change("search", ""));
		input.addEventListener("change", () => change("search", input.value));
		input.addEventListener("input", () => search(input.value));
		input.addEventListener("keydown", (event) => {
			if (event.key === "Enter")
				change("search", input.value);
		});
		document.addEventListener("keydown", (event) => {
			if ((event.ctrlKey || event.metaKey) && event.key === "f") {
				event.preventDefault();
				input.focus();
				input.select();
			} else if (event.key === "Escape") {
				input.blur();
				change(state().get("search") ? "search" : "zoom", "");
			}
		});
		window.addEventListener("hashchange", show);
		show();
	}

	document.querySelectorAll("svg.flame").forEach(flame);
})();
