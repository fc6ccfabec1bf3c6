/* Who owns the output of an outcome. */
#include <stdlib.h>
#include <unistd.h>

#include "model/run.h"

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
outcome_close(struct outcome *outcome)
{
	close_one(&outcome->output_fd);
	free(outcome->output);
	outcome->output = NULL;
	if (outcome->is_split)
		close_one(&outcome->errors_fd);
}

struct outcome
outcome_take(struct outcome *from)
{
	struct outcome taken = *from;
	from->output_fd = from->errors_fd = -1;
	from->output = NULL;
	return taken;
}
