/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plain text report, for people: what was recorded, the largest stacks, how they add up to
 * what the kernel says, what was lost. Escapes every name for a terminal.
 */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include "base/buf.h"
#include "render/format.h"

/* 0 or -errno. */
int text_growth(const struct growth *growth, const struct render_options *options, FILE *stream);

/* "The 3 largest of 9 stacks", or all, and what else is to be said of them: a heading. */
void text_stacks_title(size_t count, size_t of, const char *rest, struct buf *out);

/* The first `count` rows as a table, leaf first. 0 or -ENOMEM. */
int text_stacks_table(const struct growth *growth, size_t count,
		      const struct render_options *options, struct buf *out);

/* What the kernel does not tell, a line of the heading each. Nothing where it tells all. */
void text_degraded(const struct growth_session *session, struct buf *out);

/* The section "What was lost". */
void text_losses(const struct growth *growth, struct buf *out);

/* The frames of a row, leaf first, escaped and with the marks that the options ask for. */
void text_frames(const struct growth_row *row, const struct render_options *options,
		 struct buf *out);

/* "name (pid 1234)", escaped. */
void text_process_name(struct buf *out, const struct growth_process *process);

/*
 * The section "How it adds up" (text_accounts.c): for each process the identities of struct
 * growth_account, every term and the remainder. 0 or -ENOMEM.
 */
int text_accounts(const struct growth *growth, const struct render_options *options,
		  struct buf *out);

/*
 * The section "Reserved and resident" (text_mappings.c): the address space of each process by kind
 * of mapping, next to what of it holds memory. Nothing where it is not known. 0 or -ENOMEM.
 */
int text_mappings(const struct growth *growth, const struct render_options *options,
		  struct buf *out);

/*
 * The section "Memory of the host" (text_host.c): sums of the ledger next to those of meminfo, with
 * the remainder. Nothing where the host was not traced. 0 or -ENOMEM.
 */
int text_host(const struct growth *growth, const struct render_options *options, struct buf *out);

/*
 * The section "Page cache by file" (text_files.c). Nothing where that was not recorded. 0 or
 * -ENOMEM.
 */
int text_files(const struct growth *growth, const struct render_options *options, struct buf *out);

/*
 * A table of balances, one line a kind (text_balance.c); `figures` says what the kernel's side is.
 * 0 or -ENOMEM.
 */
int text_balances(const struct growth *growth, const struct growth_balance balances[KIND_COUNT],
		  const char *const figures[KIND_COUNT], size_t indent,
		  const struct render_options *options, struct buf *out);

/*
 * The section "Memory by cgroup" (text_cgroups.c). Nothing where cgroups were not told apart. 0 or
 * -ENOMEM.
 */
int text_cgroups(const struct growth *growth, const struct render_options *options,
		 struct buf *out);

#endif
