/* Tables of the kinds. */
#include "store/kinds.h"

bool
kind_comes_in_crowds(enum intent_kind kind)
{
	static const bool kinds[INTENT_NKINDS] = {
		[INTENT_JOB_ADD] = true,
		[INTENT_CLAIM] = true,
		[INTENT_STARTED] = true,
		[INTENT_ENDED] = true,
	};
	return kinds[kind];
}

bool
kind_is_for_the_reserve(enum intent_kind kind)
{
	static const bool kinds[INTENT_NKINDS] = {
		[INTENT_STARTED] = true,    [INTENT_ENDED] = true,     [INTENT_REQUEUE] = true,
		[INTENT_STOPPING] = true,   [INTENT_PRUNE] = true,     [INTENT_JOB_CANCEL] = true,
		[INTENT_RUN_CANCEL] = true, [INTENT_JOB_PAUSE] = true,
	};
	return kinds[kind];
}
