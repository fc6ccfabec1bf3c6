/* Zones for tests. */
#include "fake/test_zones.h"

#include "base/zonedir.h"

struct zones *
test_zones(void)
{
	static struct zonedir dir;
	static struct zones *zones;
	if (!zones) {
		zonedir_init(&dir, ZONEINFO_DIR);
		zones = zones_new(&(struct zone_source){ zonedir_read, zonedir_identity,
							 zonedir_local_name, &dir });
	}
	return zones;
}
