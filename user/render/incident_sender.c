// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/incident_sender.h"

#include <inttypes.h>

#include "base/escape.h"
#include "render/incident.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ANCESTORS_SHOWN 4

static const struct {
	const char *name, *words;
} kinds[] = {
	[SENDER_OTHER] = {"other", "another process"},
	[SENDER_KERNEL] = {"kernel", "the kernel"},
	[SENDER_SYSTEMD_OOMD] = {"systemd-oomd", "systemd's OOM killer"},
	[SENDER_EARLYOOM] = {"earlyoom", "a userspace OOM killer"},
	[SENDER_OOM_DAEMON] = {"oom_daemon", "a userspace OOM killer"},
	[SENDER_KUBELET] = {"kubelet", "the kubelet"},
	[SENDER_RUNTIME] = {"container_runtime", "a container runtime"},
	[SENDER_SERVICE_MANAGER] = {"service_manager", "the service manager"},
	[SENDER_SHELL] = {"shell", "a shell"},
	[SENDER_COMMAND] = {"command", "a command that sends signals"},
	[SENDER_ITSELF] = {"itself", "the victim itself"},
	[SENDER_PARENT] = {"parent", "the victim's parent"},
};

static const struct {
	const char *name, *words;
} hows[] = {
	[HOW_SYSTEM_CALL] = {"system_call", "by a system call"},
	[HOW_CGROUP_KILL] = {"cgroup_kill", "by writing to cgroup.kill"},
	[HOW_PID_NAMESPACE] = {"pid_namespace",
			       "because the first process of its pid namespace ended"},
	[HOW_PARENT_DEATH] = {"parent_death", "because its parent ended (PR_SET_PDEATHSIG)"},
	[HOW_TRACER_EXIT] = {"tracer_exit", "because its tracer ended (PTRACE_O_EXITKILL)"},
	[HOW_CPU_LIMIT] = {"cpu_limit", "because it used up its CPU time (RLIMIT_CPU)"},
	[HOW_TIMER] = {"timer", "by a timer or a notification that was asked for"},
	[HOW_BAD_MEMORY] = {"bad_memory", "because a page of it is broken in hardware"},
	[HOW_SYSRQ] = {"sysrq", "by SysRq"},
	[HOW_EXEC] = {"exec", "because its new program could not be set up"},
	[HOW_KERNEL] = {"kernel", "for a reason of its own"},
};

_Static_assert(ARRAY_COUNT(kinds) == SENDER_KIND_COUNT, "every kind has words");
_Static_assert(ARRAY_COUNT(hows) == HOW_COUNT, "every how has words");

void json_put_ancestors(struct json_maker *object, const struct incident_ancestor *ancestors,
			size_t count)
{
	struct json_maker array = json_make_array();

	for (size_t i = 0; i < count; i++) {
		struct json_maker ancestor = json_make_object();

		json_put_count(&ancestor, "pid", ancestors[i].pid);
		json_put_name(&ancestor, "comm", ancestors[i].comm);
		json_append_made(&array, &ancestor);
	}
	json_put_made(object, "ancestors", &array);
}

void json_put_place(struct json_maker *object, const struct place *place,
		    const struct workload_event *names, const char *image)
{
	struct json_maker container;

	json_put_optional(object, "unit", place->unit);
	if (!place->container_id && !place->pod_uid)
		return;
	container = json_make_object();
	json_put_optional(&container, "id", place->container_id);
	json_put_optional(&container, "runtime", place->runtime);
	json_put_optional(&container, "pod_uid", place->pod_uid);
	if (names) {
		json_put_optional(&container, "name", names->container);
		json_put_optional(&container, "pod", names->pod);
		json_put_optional(&container, "namespace", names->kube_namespace);
	}
	json_put_optional(&container, "image", image);
	if (names || image)
		json_put_name(&container, "names_taken", taken_when_name(TAKEN_AFTER));
	json_put_made(object, "container", &container);
}

void json_put_sender(struct json_maker *object, const struct incident *incident)
{
	const struct incident_sender *sender = incident->sender;
	struct json_maker entry;

	if (!sender)
		return;
	entry = json_make_object();
	json_put_name(&entry, "kind", kinds[sender->event.kind].name);
	json_put_name(&entry, "how", hows[sender->event.how].name);
	json_put_bool(&entry, "for_memory", sender->event.oom_killer);
	json_put_count(&entry, "pid", sender->pid);
	json_put_count(&entry, "tid", sender->event.tid);
	json_put_name(&entry, "comm", sender->comm);
	json_put_name(&entry, "thread", sender->event.thread_comm);
	json_put_count(&entry, "uid", sender->event.uid);
	json_put_optional(&entry, "exe", sender->exe);
	json_put_optional(&entry, "cgroup", sender->event.cgroup);
	json_put_place(&entry, &sender->place, NULL, NULL);
	json_put_ancestors(&entry, sender->ancestors, sender->ancestor_count);
	json_put_made(object, "sender", &entry);
}

/* --- text --------------------------------------------------------------------------------- */

static void who(const struct incident_sender *sender, struct buf *out)
{
	bool kernel = sender->event.kind == SENDER_KERNEL;

	buf_printf(out, "  %-9s ", "sender");
	if (kernel)
		buf_printf(out, "the kernel, %s; running was ", hows[sender->event.how].words);
	escape_terminal_string(out, sender->comm);
	buf_printf(out, " (pid %" PRIu32 ")", sender->pid);
	if (!kernel)
		buf_printf(out, ", %s, %s", kinds[sender->event.kind].words,
			   hows[sender->event.how].words);
	buf_append_byte(out, '\n');
}

static void origin(const struct incident_sender *sender, struct buf *out)
{
	buf_printf(out, "  %-9s uid %" PRIu32, "", sender->event.uid);
	if (sender->exe) {
		buf_append_string(out, ", ");
		escape_terminal_string(out, sender->exe);
	}
	for (size_t i = 0; i < sender->ancestor_count && i < ANCESTORS_SHOWN; i++) {
		buf_append_string(out, i ? " < " : "; child of ");
		escape_terminal_string(out, sender->ancestors[i].comm);
		buf_printf(out, " (%" PRIu32 ")", sender->ancestors[i].pid);
	}
	buf_append_string(out, sender->ancestor_count > ANCESTORS_SHOWN ? " < …\n" : "\n");
}

static void place(const struct incident_sender *sender, struct buf *out)
{
	if (!sender->event.cgroup)
		return;
	buf_printf(out, "  %-9s in ", "");
	if (sender->place.unit) {
		buf_append_string(out, "unit ");
		escape_terminal_string(out, sender->place.unit);
		buf_append_string(out, ", ");
	}
	buf_append_string(out, "cgroup ");
	escape_terminal_string(out, sender->event.cgroup);
	buf_append_byte(out, '\n');
}

void text_sender(const struct incident *incident, struct buf *out)
{
	if (!incident->sender)
		return;
	who(incident->sender, out);
	origin(incident->sender, out);
	place(incident->sender, out);
}
