/* The system's zones for tests that need some; lives as long as the process. */
#ifndef FAKE_TEST_ZONES_H
#define FAKE_TEST_ZONES_H

#include "when/zones.h"

struct zones *test_zones(void);

#endif
