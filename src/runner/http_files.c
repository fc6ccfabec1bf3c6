/* HTTP jobs with files. */
#include "runner/http_files.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/map.h"
#include "model/request_file.h"
#include "runner/http_request.h"

/* An attempt whose files are being read. */
struct reading {
	struct job job;
	struct run run;
	bool is_stopped;
};

struct http_files {
	struct runner port;
	struct ev_loop *loop;
	struct runner *http;
	struct file_source *source;
	struct runner_events events;
	struct map readings; /* by run id: an attempt follows the other */
};

static int (*const takers[FILE_NUSES])(struct job *, const char *, size_t, struct err *) = {
	[FILE_HEADERS] = request_file_headers,
	[FILE_AUTH] = request_file_auth,
	[FILE_BODY] = request_file_body,
};

static void
list_paths(const struct job *job, const char *paths[FILE_NUSES])
{
	const char *const files[FILE_NUSES] = {
		[FILE_HEADERS] = job->header_file,
		[FILE_AUTH] = job->auth_file,
		[FILE_BODY] = job->body_file,
	};
	for (int i = 0; i < FILE_NUSES; i++)
		paths[i] = files[i] ? files[i] : "";
}

static usec_t
now_of(const struct http_files *files)
{
	return (usec_t)(ev_now(files->loop) * (double)USEC_PER_SEC);
}

static void
reading_free(struct reading *reading)
{
	request_file_wipe(&reading->job);
	free(reading);
}

/* Takes what was read, file by file: the length of each, then its bytes. */
static int
take_files(struct job *job, const char *bytes, size_t len, struct err *err)
{
	const char *paths[FILE_NUSES];
	list_paths(job, paths);
	for (int i = 0; i < FILE_NUSES; i++) {
		uint64_t size;
		if (len < sizeof(size))
			return err_set(err, ERR_SYSTEM, "the files were not read as a whole");
		memcpy(&size, bytes, sizeof(size));
		bytes += sizeof(size);
		len -= sizeof(size);
		if (size > len)
			return err_set(err, ERR_SYSTEM, "the files were not read as a whole");
		if (paths[i][0] && takers[i](job, bytes, (size_t)size, err) < 0)
			return -1;
		bytes += size;
		len -= (size_t)size;
	}
	return 0;
}

/* The files have become a part of the job. */
static void
drop_paths(struct job *job)
{
	char **const paths[FILE_NUSES] = { &job->header_file, &job->auth_file, &job->body_file };
	for (int i = 0; i < FILE_NUSES; i++) {
		free(*paths[i]);
		*paths[i] = NULL;
	}
}

static int
take_fd(struct job *job, int fd, struct err *err)
{
	struct stat file;
	if (fstat(fd, &file) < 0 || file.st_size == 0)
		return err_set(err, ERR_SYSTEM, "the files were not read as a whole");
	size_t len = (size_t)file.st_size;
	char *bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return err_errno(err, "the files that were read");
	int rc = take_files(job, bytes, len, err);
	munmap(bytes, len);
	drop_paths(job);
	return rc;
}

static void
end_failed(struct http_files *files, struct reading *reading, const struct files_answer *answer)
{
	struct outcome outcome = { .kind = OUTCOME_START_FAILED,
				   .code = answer->error,
				   .ended_at = now_of(files),
				   .cpu_us = -1,
				   .peak_kib = -1,
				   .output_fd = -1 };
	snprintf(outcome.text, sizeof(outcome.text), "%s", answer->failed);
	if (reading->is_stopped) {
		outcome.kind = OUTCOME_NETWORK;
		snprintf(outcome.text, sizeof(outcome.text), "stopped");
	}
	files->events.ended(files->events.arg, answer->run_id, answer->attempt, &outcome);
}

static void
go_on(struct http_files *files, struct reading *reading, const struct files_answer *answer)
{
	struct err err = { 0 };
	struct outcome outcome;
	if (take_fd(&reading->job, answer->fd, &err) == 0) {
		files->http->start(files->http, &reading->job, &reading->run);
		return;
	}
	http_request_refuse(&err, now_of(files), &outcome);
	files->events.ended(files->events.arg, answer->run_id, answer->attempt, &outcome);
}

static struct reading *
find(const struct http_files *files, int64_t run_id, int attempt)
{
	struct reading *reading = map_get(&files->readings, run_id);
	return reading && reading->run.attempt == attempt ? reading : NULL;
}

static void
on_read(void *arg, const struct files_answer *answer)
{
	struct http_files *files = arg;
	struct reading *reading = find(files, answer->run_id, answer->attempt);
	assert(reading);
	map_remove(&files->readings, answer->run_id);
	if (answer->fd >= 0 && !reading->is_stopped)
		go_on(files, reading, answer);
	else
		end_failed(files, reading, answer);
	if (answer->fd >= 0)
		close(answer->fd);
	reading_free(reading);
}

static void
start(struct runner *port, const struct job *job, const struct run *run)
{
	struct http_files *files = (struct http_files *)port;
	if (!job->header_file && !job->auth_file && !job->body_file) {
		files->http->start(files->http, job, run);
		return;
	}
	if (map_get(&files->readings, run->id))
		return;
	struct reading *reading = mem_alloc(sizeof(*reading));
	job_copy(&reading->job, job);
	reading->run = *run;
	map_put(&files->readings, run->id, reading);
	struct files_wish wish = { .run_id = run->id,
				   .attempt = run->attempt,
				   .uid = job_uid(job),
				   .done = on_read,
				   .arg = files };
	list_paths(&reading->job, wish.paths);
	files->source->read(files->source, &wish);
}

static void
stop(struct runner *port, int64_t run_id, int attempt, enum stop_how how)
{
	struct http_files *files = (struct http_files *)port;
	struct reading *reading = find(files, run_id, attempt);
	if (!reading) {
		files->http->stop(files->http, run_id, attempt, how);
		return;
	}
	reading->is_stopped = true;
	files->source->stop(files->source, run_id, attempt);
}

static void
forget(struct runner *port, int64_t run_id, int attempt)
{
	struct http_files *files = (struct http_files *)port;
	files->http->forget(files->http, run_id, attempt);
}

static int
output(struct runner *port, int64_t run_id, int attempt)
{
	struct http_files *files = (struct http_files *)port;
	return files->http->output(files->http, run_id, attempt);
}

struct runner *
http_files_new(struct ev_loop *loop, struct runner *http, struct file_source *source,
	       const struct runner_events *events)
{
	struct http_files *files = mem_alloc(sizeof(*files));
	files->port = (struct runner){ start, stop, forget, output, NULL };
	files->loop = loop;
	files->http = http;
	files->source = source;
	files->events = *events;
	return &files->port;
}

void
http_files_free(struct runner *port)
{
	struct http_files *files = (struct http_files *)port;
	size_t at = 0;
	if (!files)
		return;
	for (struct reading *reading; (reading = map_next(&files->readings, &at));)
		reading_free(reading);
	map_fini(&files->readings);
	free(files);
}
