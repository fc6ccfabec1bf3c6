/* A control side to be tested from both ends. */
#include "fake/control_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"

#define TURNS 50 /* of the loop: more than any exchange of a test needs */
#define NOW   (INT64_C(1795165200) * USEC_PER_SEC) /* 2026-11-20T09:00:00Z */

static void
submit(struct store *port, struct intent *intent)
{
	struct world_store *store = (struct world_store *)port;
	intent->next = NULL;
	*store->last = intent;
	store->last = &intent->next;
	store->n++;
}

static usec_t
now(void)
{
	return NOW;
}

static bool
may_connect(void *arg, uid_t uid)
{
	const struct control_world *world = arg;
	return world->may_connect && uid == getuid();
}

static bool
is_operator(void *arg, uid_t uid)
{
	const struct control_world *world = arg;
	(void)uid;
	return world->is_operator;
}

static const struct job *
defaults(void *arg)
{
	const struct control_world *world = arg;
	return world->has_defaults ? &world->defaults : NULL;
}

static void
status(void *arg, struct control_status *out)
{
	(void)arg;
	*out = (struct control_status){ .pid = getpid(),
					.store_detail = "",
					.held_up_by = "",
					.last_trouble = "",
					.node = "here" };
}

static int
reload(void *arg, struct err *err)
{
	struct control_world *world = arg;
	return world->nreloads++ ? err_invalid(err, "", "x.conf:1: bad") : 0;
}

static void
restart(void *arg)
{
	struct control_world *world = arg;
	world->nrestarts++;
}

static int
listen_at(struct control_world *world)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(world->dir, sizeof(world->dir), "/tmp/asched-control-XXXXXX");
	if (!mkdtemp(world->dir))
		abort();
	snprintf(world->path, sizeof(world->path), "%s/socket", world->dir);
	memcpy(address.sun_path, world->path, strlen(world->path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 128) != 0)
		abort();
	return fd;
}

void
world_open(struct control_world *world, int64_t max, int64_t max_per_user)
{
	*world = (struct control_world){ .is_operator = true, .may_connect = true };
	const struct zone_source source = { zonedir_read, zonedir_identity, zonedir_local_name,
					    &world->zonedir };
	const struct engine_ports engine_ports = { .store = &world->store.port };
	const struct engine_config engine_config = { .claim_batch = 1 };
	const struct control_config config = { listen_at(world), max, max_per_user, WORLD_RATE };
	zonedir_init(&world->zonedir, ZONEINFO_DIR);
	world->store.port.submit = submit;
	world->store.last = &world->store.first;
	world->loop = ev_loop_new(EVFLAG_NOENV);
	world->zones = zones_new(&source);
	world->engine = engine_new(&engine_config, &engine_ports);
	job_init(&world->defaults);
	const struct control_ports ports = {
		.engine = world->engine,
		.zones = world->zones,
		.now = now,
		.may_connect = may_connect,
		.is_operator = is_operator,
		.may_name_users = is_operator,
		.defaults = defaults,
		.status = status,
		.reload = reload,
		.restart = restart,
		.arg = world,
	};
	world->control = control_new(world->loop, &config, &ports);
	control_start(world->control);
}

void
world_close(struct control_world *world)
{
	while (world->store.first) {
		err_set(&world->store.first->err, ERR_UNAVAILABLE, "the world ends");
		world_answer(world);
	}
	control_free(world->control);
	engine_free(world->engine);
	zones_free(world->zones);
	zonedir_fini(&world->zonedir);
	job_fini(&world->defaults);
	ev_loop_destroy(world->loop);
	unlink(world->path);
	rmdir(world->dir);
}

void
world_turn(struct control_world *world)
{
	for (int i = 0; i < TURNS; i++)
		ev_run(world->loop, EVRUN_NOWAIT);
}

int
world_connect(struct control_world *world)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	memcpy(address.sun_path, world->path, strlen(world->path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		abort();
	world_turn(world);
	return fd;
}

void
world_send(struct control_world *world, int fd, const char *text)
{
	size_t len = strlen(text);
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return; /* the server has closed it: the test sees that */
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		world_turn(world);
	}
}

char *
world_line(struct control_world *world, int fd)
{
	struct buf line = BUF_EMPTY;
	char c;
	world_turn(world);
	while (recv(fd, &c, 1, 0) == 1) {
		if (c == '\n')
			return buf_take(&line);
		buf_add_char(&line, c);
	}
	buf_fini(&line);
	return NULL;
}

bool
world_is_at_end(struct control_world *world, int fd)
{
	char c;
	world_turn(world);
	ssize_t n = recv(fd, &c, 1, MSG_PEEK);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

json_t *
world_ask(struct control_world *world, int fd, const char *request)
{
	world_send(world, fd, request);
	world_send(world, fd, "\n");
	char *line = world_line(world, fd);
	json_t *answer = line ? json_loads(line, 0, NULL) : NULL;
	free(line);
	return answer;
}

struct intent *
world_intent(struct control_world *world)
{
	return world->store.first;
}

void
world_answer(struct control_world *world)
{
	struct intent *intent = world->store.first;
	world->store.first = intent->next;
	if (!world->store.first)
		world->store.last = &world->store.first;
	world->store.n--;
	intent_answer(intent);
}
