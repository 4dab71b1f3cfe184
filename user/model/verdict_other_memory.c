// SPDX-License-Identifier: GPL-2.0-or-later
/* What is not the program's own memory: files and the kernel. */
#include "model/verdict_rules.h"

#include "model/verdict_step.h"

void verdict_ask_tmpfs(const struct verdict_findings *findings, struct verdict_step *step)
{
	double shmem = findings_term(findings, "shmem"), limit = findings->limit_bytes;

	step_fact_bytes(step, "shmem and tmpfs", shmem, limit);
	if (!limit || shmem < 0.4 * limit) {
		step->silent = "less than 40 % of the limit was shmem or tmpfs";
		return;
	}
	step_fire(step, step_between(shmem / limit, 0.4, 0.7, 0.7, 0.95));
	step_advise(
		step,
		"files in a tmpfs (/dev/shm, /tmp, emptyDir with medium Memory) count until they "
		"are removed: look at them with du, and give the mount a size");
}

void verdict_ask_kernel(const struct verdict_findings *findings, struct verdict_step *step)
{
	static const struct {
		const char *key, *what, *advice;
	} parts[] = {
		{"slab", "slab",
		 "slab is mostly dentries, inodes and sockets: see slabtop, and what "
		 "creates files or connections without end"},
		{"sockets", "socket buffers",
		 "data waits in sockets: a peer does not read, or too many "
		 "connections are open"},
		{"page_tables", "page tables",
		 "page tables grow with sparsely used address space, and with "
		 "processes that share a large mapping"},
		{"kernel_stacks", "kernel stacks",
		 "each thread has a kernel stack: count the threads"},
		{"percpu", "per-CPU memory",
		 "per-CPU memory comes with cgroups, BPF maps and sockets"},
		{"vmalloc", "vmalloc", "vmalloc is kernel stacks, BPF and modules"},
		{"kernel_other", "other kernel memory",
		 "see which kernel memory grows with "
		 "oomtrace --kernel-stacks --kinds=kernel"},
	};
	double sum = 0, most = 0;
	size_t largest = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double bytes = findings_term(findings, parts[i].key);

		sum += bytes;
		if (bytes > most) {
			most = bytes;
			largest = i;
		}
	}
	step_fact_bytes(step, "kernel memory", sum, findings->limit_bytes);
	if (!findings->limit_bytes || sum < 0.35 * findings->limit_bytes) {
		step->silent = "less than 35 % of the limit was kernel memory";
		return;
	}
	step_fact_bytes(step, parts[largest].what, most, findings->limit_bytes);
	step_fire(step, step_between(sum / findings->limit_bytes, 0.35, 0.6, 0.65, 0.95));
	step_advise(step, parts[largest].advice);
}

/* Page cache that can be dropped is dropped before anybody is killed. */
void verdict_ask_page_cache(const struct verdict_findings *findings, struct verdict_step *step)
{
	double limit = findings->limit_bytes, cache = findings_term(findings, "page_cache");
	double stuck = findings_figure(findings, "file_dirty") +
		       findings_figure(findings, "file_writeback") +
		       findings_figure(findings, "total_dirty") +
		       findings_figure(findings, "total_writeback");
	double locked = findings_figure(findings, "unevictable") +
			findings_figure(findings, "total_unevictable");

	step_fact_bytes(step, "page cache", cache, limit);
	step_fact_bytes(step, "of it waiting to be written", stuck, limit);
	step_fact_bytes(step, "locked in memory", locked, limit);
	if (!limit || cache < 0.4 * limit) {
		step->silent = "less than 40 % of the limit was page cache";
		return;
	}
	if (stuck + locked < 0.25 * limit) {
		step->silent = "the page cache could have been reclaimed";
		return;
	}
	step_fire(step, step_between((stuck + locked) / limit, 0.25, 0.5, 0.6, 0.9));
	step_advise(step, stuck > locked
				  ? "the disk does not keep up with what is written: write less at "
				    "once, use fsync in between, or raise the limit"
				  : "files are locked in memory: see mlock in the program");
}
