/* Nothing fails by intent. */
#include "base/failpoint.h"

void
failpoint(const char *step, const char *what)
{
	(void)step;
	(void)what;
}
