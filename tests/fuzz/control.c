/*
 * Any bytes on the control socket, from a client that is no operator: through JSON-RPC, the
 * methods, the real ledger on a database in memory, and back as JSON. Whatever comes, the next
 * client is served, and answers are lines of JSON.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake/backend_mem.h"
#include "fake/control_world.h"
#include "fuzz/fuzz.h"
#include "store/ledger.h"

#define INPUT_MAX 65536

/* Answers what was asked as the store would. */
static void
answer_all(struct control_world *world, struct ledger *ledger)
{
	const struct backend_ops *ops = ledger->backend->ops;
	struct err err;
	while (world_intent(world)) {
		struct intent *intent = world_intent(world);
		if (ops->begin(ledger->backend, &err) != BACKEND_OK)
			abort();
		if (intent->kind == INTENT_BACKUP || !ledger_apply(ledger, intent, intent->next))
			ops->rollback(ledger->backend);
		else if (ops->commit(ledger->backend, &err) != BACKEND_OK)
			abort();
		world_answer(world);
	}
}

static void
check_answers(struct control_world *world, int fd)
{
	for (char *line; (line = world_line(world, fd));) {
		json_t *answer = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		if (!answer)
			abort();
		json_decref(answer);
		free(line);
	}
}

static void
serve(struct control_world *world, struct ledger *ledger, const char *text)
{
	int fd = world_connect(world);
	world_send(world, fd, text);
	world_send(world, fd, "\n");
	answer_all(world, ledger);
	check_answers(world, fd);
	close(fd);
	world_turn(world);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char next[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.list\",\"params\":{\"all\":true}}";
	struct control_world world;
	char text[INPUT_MAX + 1];
	if (size > INPUT_MAX)
		return 0;
	for (size_t i = 0; i < size; i++) /* a text for world_send(): NUL has its own test */
		text[i] = data[i] ? (char)data[i] : '\x01';
	text[size] = '\0';
	world_open(&world, 8, 8);
	world.is_operator = false;
	struct ledger ledger = { .backend = backend_mem_new(),
				 .zones = world.zones,
				 .output_max = 1 << 20 };
	serve(&world, &ledger, text);
	serve(&world, &ledger, next);
	world_close(&world);
	ledger.backend->ops->close(ledger.backend);
	return 0;
}
