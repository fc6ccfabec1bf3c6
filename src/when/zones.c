/*
 * The zones in use. All of them are some hundreds, so a fixed number of short lists will do; in
 * each the one asked for last stands in front.
 */
#include "when/zones.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "when/hash.h"
#include "when/zone.h"

#define NLISTS 128

struct entry {
	struct entry *next;
	struct zone *zone;
	uint64_t identity; /* of the file when it was read */
};

struct zones {
	struct zone_source source;
	pthread_mutex_t lock; /* over what follows */
	struct entry *lists[NLISTS];
	char local_name[ZONE_NAME_MAX + 1]; /* "" until it was asked for */
};

struct zones *
zones_new(const struct zone_source *source)
{
	struct zones *zones = mem_alloc(sizeof(*zones));
	zones->source = *source;
	pthread_mutex_init(&zones->lock, NULL);
	return zones;
}

static void
entries_free(struct entry *entry)
{
	while (entry) {
		struct entry *next = entry->next;
		zone_unref(entry->zone);
		free(entry);
		entry = next;
	}
}

void
zones_free(struct zones *zones)
{
	if (!zones)
		return;
	for (size_t i = 0; i < NLISTS; i++)
		entries_free(zones->lists[i]);
	pthread_mutex_destroy(&zones->lock);
	free(zones);
}

/* Only names that stay beneath the directory and that need no quoting anywhere. */
static int
check_name(const char *name, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-/";
	size_t len = strnlen(name, ZONE_NAME_MAX + 1);
	if (len > ZONE_NAME_MAX)
		return err_invalid(err, "tz", "the zone name \"%.20s...\" is longer than %d bytes",
				   name, ZONE_NAME_MAX);
	if (name[0] == '/' || name[len - 1] == '/' || strstr(name, "//") ||
	    strspn(name, allowed) != len)
		return err_invalid(err, "tz", "\"%s\" is not a zone name like Europe/Berlin", name);
	return 0;
}

/* Reads the file. UTC is known without one: a machine may have no zone files at all. */
static struct entry *
entry_read(struct zones *zones, const char *name, struct err *err)
{
	char *data = NULL;
	size_t len;
	uint64_t identity = 0;
	struct zone *zone = NULL;
	if (strcmp(name, "UTC") == 0) {
		zone = zone_new_utc();
	} else {
		identity = zones->source.identity(zones->source.self, name);
		if (zones->source.read(zones->source.self, name, &data, &len, err) == 0)
			zone = zone_new(name, data, len, err);
	}
	free(data);
	if (!zone) {
		err_in_field(err, "tz");
		return NULL;
	}
	struct entry *entry = mem_alloc(sizeof(*entry));
	entry->zone = zone;
	entry->identity = identity;
	return entry;
}

static struct entry **
list_of(struct zones *zones, const char *name)
{
	return &zones->lists[hash_bytes(name, strlen(name), 0) % NLISTS];
}

/* Takes the entry of that name out of the list; NULL: it is not there. */
static struct entry *
unlink_entry(struct entry **list, const char *name)
{
	for (struct entry **at = list; *at; at = &(*at)->next) {
		struct entry *entry = *at;
		if (strcmp(zone_name(entry->zone), name) == 0) {
			*at = entry->next;
			return entry;
		}
	}
	return NULL;
}

static struct zone *
get_locked(struct zones *zones, const char *name, struct err *err)
{
	if (!name || !*name) {
		if (!zones->local_name[0])
			zones->source.local_name(zones->source.self, zones->local_name,
						 sizeof(zones->local_name));
		name = zones->local_name;
	}
	struct entry **list = list_of(zones, name);
	struct entry *entry = *list;
	if (!entry || strcmp(zone_name(entry->zone), name) != 0) {
		entry = unlink_entry(list, name);
		if (!entry &&
		    (check_name(name, err) < 0 || !(entry = entry_read(zones, name, err))))
			return NULL;
		entry->next = *list;
		*list = entry;
	}
	return zone_ref(entry->zone);
}

struct zone *
zones_get(struct zones *zones, const char *name, struct err *err)
{
	pthread_mutex_lock(&zones->lock);
	struct zone *zone = get_locked(zones, name, err);
	pthread_mutex_unlock(&zones->lock);
	return zone;
}

/* An entry as it was when the lock was held. */
struct seen {
	char name[ZONE_NAME_MAX + 1];
	uint64_t identity;
};

/* Lists the entries that were read from a file. The caller frees *out. */
static size_t
list_entries(struct zones *zones, struct seen **out)
{
	size_t n = 0;
	*out = NULL;
	pthread_mutex_lock(&zones->lock);
	for (size_t i = 0; i < NLISTS; i++) {
		for (const struct entry *entry = zones->lists[i]; entry; entry = entry->next) {
			if (entry->identity == 0)
				continue;
			*out = mem_resize(*out, n + 1, sizeof(**out));
			snprintf((*out)[n].name, sizeof((*out)[n].name), "%s",
				 zone_name(entry->zone));
			(*out)[n++].identity = entry->identity;
		}
	}
	pthread_mutex_unlock(&zones->lock);
	return n;
}

static void
drop_entry(struct zones *zones, const char *name)
{
	pthread_mutex_lock(&zones->lock);
	struct entry *entry = unlink_entry(list_of(zones, name), name);
	pthread_mutex_unlock(&zones->lock);
	if (entry)
		entry->next = NULL;
	entries_free(entry);
}

/* Asks for the machine's zone again. True: it was known, and is another one now. */
static bool
update_local_name(struct zones *zones)
{
	char name[sizeof(zones->local_name)];
	zones->source.local_name(zones->source.self, name, sizeof(name));
	pthread_mutex_lock(&zones->lock);
	bool is_moved = zones->local_name[0] && strcmp(zones->local_name, name) != 0;
	memcpy(zones->local_name, name, sizeof(name));
	pthread_mutex_unlock(&zones->lock);
	return is_moved;
}

/* The lock is not held while the disk is asked: others want zones meanwhile. */
void
zones_refresh(struct zones *zones, void (*changed)(void *arg, const char *name), void *arg)
{
	struct seen *seen;
	size_t n = list_entries(zones, &seen);
	for (size_t i = 0; i < n; i++) {
		if (zones->source.identity(zones->source.self, seen[i].name) == seen[i].identity)
			continue;
		drop_entry(zones, seen[i].name);
		changed(arg, seen[i].name);
	}
	free(seen);
	if (update_local_name(zones))
		changed(arg, "");
}
