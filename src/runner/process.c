/* The exec runner. */
#include "runner/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/map.h"
#include "runner/msg_queue.h"
#include "runner/process_msg.h"
#include "runner/shares.h"
#include "spawn/msg.h"

#define READ_ROUND_MAX  256               /* messages; then the rest of the loop gets its turn */
#define QUEUE_BYTES_MAX (8 * 1024 * 1024) /* of waiting messages; a START beyond it fails */

/* An attempt that was asked for or told of, until it is forgotten. */
struct attempt_record {
	int64_t run_id;
	int attempt;
	bool is_started; /* its event was given */
	bool is_ended;
	bool has_share; /* of that user */
	uid_t uid;
	struct files_wish wish;      /* done is set: no run, but files that are read for this */
	int fds[MSG_NOUTPUTS];       /* while it runs; -1: none yet, or given away with the end */
	struct attempt_record *next; /* another attempt of the run */
};

struct process_runner {
	struct runner port;
	struct ev_loop *loop;
	struct ev_io readable, writable;
	struct ev_timer soon;     /* armed for now while there are refusals */
	int fd;                   /* -1: the spawner is gone */
	struct file_source files; /* another port of ours */
	struct process_config config;
	struct map records; /* run id -> first record */
	int nrecords;
	struct shares shares; /* those of the last daemon's runs are nobody's */
	struct msg_queue out, refused;
	struct runner_events events;
	struct process_events process_events;
	char instance[MSG_ID_MAX], boot[MSG_ID_MAX];
};

static struct attempt_record *
find(const struct process_runner *runner, int64_t run_id, int attempt)
{
	struct attempt_record *record = map_get(&runner->records, run_id);
	while (record && record->attempt != attempt)
		record = record->next;
	return record;
}

static struct attempt_record *
add_record(struct process_runner *runner, int64_t run_id, int attempt)
{
	struct attempt_record *record = mem_alloc(sizeof(*record));
	*record = (struct attempt_record){ .run_id = run_id,
					   .attempt = attempt,
					   .fds = { -1, -1 },
					   .next = map_get(&runner->records, run_id) };
	map_put(&runner->records, run_id, record);
	runner->nrecords++;
	return record;
}

static void
close_all(const int fds[MSG_NOUTPUTS])
{
	for (int i = 0; i < MSG_NOUTPUTS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

static void
free_record(struct attempt_record *record)
{
	close_all(record->fds);
	free(record);
}

/* A place with the spawner for the record. False: its user has too many, or there is none. */
static bool
take_place(struct process_runner *runner, struct attempt_record *record, uid_t uid)
{
	int nfree = MSG_RUNS_MAX + 1 - runner->nrecords; /* it is among the records */
	if (nfree <= 0 || !runner->config.is_shared)
		return nfree > 0;
	record->uid = uid;
	record->has_share = shares_take(&runner->shares, uid, nfree);
	return record->has_share;
}

static void
drop_record(struct process_runner *runner, struct attempt_record *record)
{
	struct attempt_record *first = map_get(&runner->records, record->run_id);
	struct attempt_record **link = &first;
	while (*link != record)
		link = &(*link)->next;
	*link = record->next;
	if (first)
		map_put(&runner->records, record->run_id, first);
	else
		map_remove(&runner->records, record->run_id);
	runner->nrecords--;
	if (record->has_share)
		shares_give_back(&runner->shares, record->uid);
	free_record(record);
}

static void
lose_spawner(struct process_runner *runner)
{
	if (runner->fd < 0)
		return;
	ev_io_stop(runner->loop, &runner->readable);
	ev_io_stop(runner->loop, &runner->writable);
	close(runner->fd);
	runner->fd = -1;
	msg_queue_fini(&runner->out);
	runner->process_events.spawner_gone(runner->process_events.arg);
}

/* The reading side finds out that the spawner is gone: a sender may be in somebody's call. */
static void
flush(struct process_runner *runner)
{
	while (runner->out.first) {
		const struct queued_msg *item = runner->out.first;
		if (msg_send(runner->fd, &item->msg, item->payload, NULL) < 0) {
			if (errno == EAGAIN || errno == ENOBUFS)
				ev_io_start(runner->loop, &runner->writable);
			else
				ev_io_stop(runner->loop, &runner->writable);
			return;
		}
		msg_queue_drop_first(&runner->out);
	}
	ev_io_stop(runner->loop, &runner->writable);
}

static void
send_msg(struct process_runner *runner, struct msg *msg, const char *payload)
{
	if (runner->fd < 0)
		return;
	msg->version = MSG_VERSION;
	msg_queue_add(&runner->out, msg, payload);
	flush(runner);
}

/* start() does not call back, so the refusal is told from the loop. */
static void
refuse(struct process_runner *runner, const struct msg *start, enum msg_stage stage, int error)
{
	struct msg msg = {
		.kind = MSG_START_FAILED,
		.run_id = start->run_id,
		.attempt = start->attempt,
		.report = { .stage = (int32_t)stage, .error = error },
	};
	msg_queue_add(&runner->refused, &msg, NULL);
	ev_timer_start(runner->loop, &runner->soon);
}

/* Frees the payload. */
static void
send_start(struct process_runner *runner, struct attempt_record *record, struct msg *msg,
	   struct buf *payload)
{
	msg->nbytes = (uint32_t)payload->len;
	if (payload->len > MSG_PAYLOAD_MAX)
		refuse(runner, msg, STAGE_REQUEST, E2BIG);
	else if (runner->out.nbytes + payload->len > QUEUE_BYTES_MAX)
		refuse(runner, msg, STAGE_REQUEST, EAGAIN);
	else if (!take_place(runner, record, (uid_t)msg->start.uid))
		refuse(runner, msg, STAGE_SLOT, EBUSY);
	else
		send_msg(runner, msg, payload->data);
	buf_fini(payload);
}

static void
start(struct runner *port, const struct job *job, const struct run *run)
{
	struct process_runner *runner = (struct process_runner *)port;
	struct buf payload = BUF_EMPTY;
	struct msg msg = { .kind = MSG_START, .run_id = run->id, .attempt = run->attempt };
	if (runner->fd < 0 || find(runner, run->id, run->attempt))
		return;
	failpoint("start", "asked");
	struct attempt_record *record = add_record(runner, run->id, run->attempt);
	process_msg_start(job, run, runner->config.zones, &msg.start, &payload);
	msg.start.output_max = runner->config.output_max;
	send_start(runner, record, &msg, &payload);
	failpoint("start", "sent");
}

static struct process_runner *
of_files(struct file_source *source)
{
	return (struct process_runner *)((char *)source - offsetof(struct process_runner, files));
}

static void
read_files(struct file_source *source, const struct files_wish *wish)
{
	struct process_runner *runner = of_files(source);
	struct buf payload = BUF_EMPTY;
	struct msg msg = { .kind = MSG_START, .run_id = wish->run_id, .attempt = wish->attempt };
	if (runner->fd < 0 || find(runner, wish->run_id, wish->attempt))
		return;
	struct attempt_record *record = add_record(runner, wish->run_id, wish->attempt);
	record->wish = *wish;
	process_msg_files(wish, &msg.start, &payload);
	send_start(runner, record, &msg, &payload);
}

static void
stop(struct runner *port, int64_t run_id, int attempt, enum stop_how how)
{
	struct process_runner *runner = (struct process_runner *)port;
	struct msg msg = {
		.kind = MSG_SIGNAL,
		.run_id = run_id,
		.attempt = attempt,
		.stop = how == STOP_HARD ? MSG_STOP_HARD : MSG_STOP_SOFT,
	};
	const struct attempt_record *record = find(runner, run_id, attempt);
	if (record && !record->is_ended)
		send_msg(runner, &msg, NULL);
}

static void
forget(struct runner *port, int64_t run_id, int attempt)
{
	struct process_runner *runner = (struct process_runner *)port;
	struct msg msg = { .kind = MSG_FORGET, .run_id = run_id, .attempt = attempt };
	struct attempt_record *record = find(runner, run_id, attempt);
	if (!record)
		return;
	failpoint("forget", "asked");
	drop_record(runner, record);
	send_msg(runner, &msg, NULL);
	failpoint("forget", "sent");
}

static void
stop_files(struct file_source *source, int64_t run_id, int attempt)
{
	stop(&of_files(source)->port, run_id, attempt, STOP_HARD);
}

static int
duplicate(const struct attempt_record *record, enum msg_output which)
{
	return record && record->fds[which] >= 0 ? fcntl(record->fds[which], F_DUPFD_CLOEXEC, 3)
						 : -1;
}

static int
output(struct runner *port, int64_t run_id, int attempt)
{
	return duplicate(find((struct process_runner *)port, run_id, attempt), MSG_STDOUT);
}

static int
errors(struct runner *port, int64_t run_id, int attempt)
{
	return duplicate(find((struct process_runner *)port, run_id, attempt), MSG_STDERR);
}

static void
tell_started(struct process_runner *runner, struct attempt_record *record,
	     const struct msg_report *report)
{
	if (record->is_started)
		return;
	record->is_started = true;
	runner->events.started(runner->events.arg, record->run_id, record->attempt,
			       (pid_t)report->pid, report->pid_start, report->started_at);
}

static void
tell_ended(struct process_runner *runner, struct attempt_record *record, const struct msg *msg)
{
	struct outcome outcome;
	if (record->is_ended)
		return;
	process_msg_outcome(msg, record->fds, &outcome);
	record->is_ended = true;
	memset(record->fds, 0xff, sizeof(record->fds));
	runner->events.ended(runner->events.arg, record->run_id, record->attempt, &outcome);
}

/* Files were read, or not; those that the last daemon wanted, nobody wants any more. */
static void
handle_files(struct process_runner *runner, struct attempt_record *record, const struct msg *msg)
{
	if (msg->kind == MSG_STARTED)
		return;
	bool is_read = msg->kind == MSG_EXITED && msg->report.wait_status == 0;
	struct files_wish wish = record->wish;
	struct files_answer answer = {
		.run_id = msg->run_id,
		.attempt = msg->attempt,
		.fd = is_read && wish.done ? record->fds[MSG_STDOUT] : -1,
		.failed = process_msg_stage(msg->report.stage),
		.error = msg->kind == MSG_START_FAILED ? msg->report.error : EINTR,
	};
	if (answer.fd >= 0)
		record->fds[MSG_STDOUT] = -1;
	forget(&runner->port, msg->run_id, msg->attempt);
	if (wish.done)
		wish.done(wish.arg, &answer);
}

/* A run that the spawner tells of and that nobody here asked for is one of the last daemon's. */
static void
handle_run(struct process_runner *runner, const struct msg *msg, const int fds[MSG_NOUTPUTS])
{
	struct attempt_record *record = find(runner, msg->run_id, msg->attempt);
	if (!record)
		record = add_record(runner, msg->run_id, msg->attempt);
	if (record->fds[MSG_STDOUT] < 0 && !record->is_ended)
		memcpy(record->fds, fds, sizeof(record->fds));
	else
		close_all(fds);
	if (msg->report.reads_files || record->wish.done) {
		handle_files(runner, record, msg);
		return;
	}
	failpoint(msg->kind == MSG_STARTED ? "started" : "ended", "heard");
	if (msg->kind != MSG_START_FAILED)
		tell_started(runner, record, &msg->report);
	if (msg->kind != MSG_STARTED)
		tell_ended(runner, record, msg);
}

static void
handle(struct process_runner *runner, const struct msg *msg, const int fds[MSG_NOUTPUTS])
{
	const struct process_events *events = &runner->process_events;
	switch ((enum msg_kind)msg->kind) {
	case MSG_WELCOME:
		snprintf(runner->instance, sizeof(runner->instance), "%.*s", MSG_ID_MAX - 1,
			 msg->welcome.instance);
		snprintf(runner->boot, sizeof(runner->boot), "%.*s", MSG_ID_MAX - 1,
			 msg->welcome.boot);
		break;
	case MSG_STARTED:
	case MSG_EXITED:
	case MSG_START_FAILED:
		handle_run(runner, msg, fds);
		return; /* which took the descriptors */
	case MSG_REPLAY_END:
		events->replayed(events->arg, runner->instance, runner->boot);
		break;
	case MSG_SIGNAL_RECEIVED:
		events->signal_received(events->arg, msg->signo);
		break;
	default:
		log_warning("the spawner sends what only the daemon may",
			    log_int("kind", msg->kind));
		break;
	}
	close_all(fds);
}

static void
on_readable(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct process_runner *runner = io->data;
	(void)loop;
	(void)revents;
	for (int i = 0; i < READ_ROUND_MAX && runner->fd >= 0; i++) {
		struct msg msg;
		int fds[MSG_NOUTPUTS];
		int got = msg_recv(runner->fd, &msg, NULL, 0, fds);
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			lose_spawner(runner);
			return;
		}
		handle(runner, &msg, fds);
	}
}

static void
on_writable(struct ev_loop *loop, struct ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	flush(io->data);
}

static void
on_soon(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct process_runner *runner = timer->data;
	(void)loop;
	(void)revents;
	while (runner->refused.first) {
		struct msg msg = runner->refused.first->msg;
		msg_queue_drop_first(&runner->refused);
		if (find(runner, msg.run_id, msg.attempt))
			handle_run(runner, &msg, (const int[]){ -1, -1 });
	}
}

struct runner *
process_runner_new(struct ev_loop *loop, int fd, const struct process_config *config,
		   const struct runner_events *runner_events,
		   const struct process_events *process_events)
{
	struct process_runner *runner = mem_alloc(sizeof(*runner));
	runner->port = (struct runner){ start, stop, forget, output, errors };
	runner->files = (struct file_source){ read_files, stop_files };
	runner->loop = loop;
	runner->fd = fd;
	runner->config = *config;
	runner->events = *runner_events;
	runner->process_events = *process_events;
	msg_queue_init(&runner->out);
	msg_queue_init(&runner->refused);
	ev_io_init(&runner->readable, on_readable, fd, EV_READ);
	ev_io_init(&runner->writable, on_writable, fd, EV_WRITE);
	ev_timer_init(&runner->soon, on_soon, 0., 0.);
	runner->readable.data = runner->writable.data = runner->soon.data = runner;
	ev_io_start(loop, &runner->readable);
	send_msg(runner, &(struct msg){ .kind = MSG_HELLO }, NULL);
	return &runner->port;
}

void
process_runner_free(struct runner *port)
{
	struct process_runner *runner = (struct process_runner *)port;
	size_t at = 0;
	if (!runner)
		return;
	ev_io_stop(runner->loop, &runner->readable);
	ev_io_stop(runner->loop, &runner->writable);
	ev_timer_stop(runner->loop, &runner->soon);
	if (runner->fd >= 0)
		close(runner->fd);
	for (struct attempt_record *record; (record = map_next(&runner->records, &at));) {
		while (record) {
			struct attempt_record *next = record->next;
			free_record(record);
			record = next;
		}
	}
	map_fini(&runner->records);
	shares_fini(&runner->shares);
	msg_queue_fini(&runner->out);
	msg_queue_fini(&runner->refused);
	free(runner);
}

struct file_source *
process_runner_files(struct runner *port)
{
	return &((struct process_runner *)port)->files;
}

void
process_runner_notify(struct runner *port, enum process_notice notice)
{
	static const int32_t words[] = {
		[PROCESS_READY] = MSG_NOTIFY_READY,
		[PROCESS_RELOADING] = MSG_NOTIFY_RELOADING,
		[PROCESS_STOPPING] = MSG_NOTIFY_STOPPING,
		[PROCESS_WATCHDOG] = MSG_NOTIFY_WATCHDOG,
	};
	struct msg msg = { .kind = MSG_NOTIFY, .notify = words[notice] };
	send_msg((struct process_runner *)port, &msg, NULL);
}

void
process_runner_keep_runs(struct runner *port, bool is_kept)
{
	struct msg msg = { .kind = MSG_STOP, .stop = is_kept ? MSG_STOP_NONE : MSG_STOP_SOFT };
	send_msg((struct process_runner *)port, &msg, NULL);
}
