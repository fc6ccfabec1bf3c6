/* A place for a database. */
#include "unit/store_place.h"

#include "base/alloc.h"
#include "fake/scratch.h"
#include "store/sqlite.h"

static int
set_up(void **state, char *dir)
{
	struct place *place = mem_alloc(sizeof(*place));
	place->dir = dir;
	place->path = scratch_path(place->dir, "asched.db");
	place->copy = scratch_path(place->dir, "copy.db");
	*state = place;
	return 0;
}

int
place_set_up(void **state)
{
	return set_up(state, scratch_new());
}

int
place_set_up_fast(void **state)
{
	return set_up(state, scratch_new_fast());
}

int
place_tear_down(void **state)
{
	struct place *place = *state;
	scratch_free(place->dir);
	free(place->path);
	free(place->copy);
	free(place);
	return 0;
}

struct backend *
place_open(struct place *place)
{
	struct backend *backend = sqlite_backend_open(place->path, &place->err);
	if (!backend || backend->ops->settle(backend, &place->err) != BACKEND_OK)
		fail_msg("%s", place->err.text);
	return backend;
}

void
place_save(struct backend *backend, const char *name, const char *text)
{
	struct err err;
	assert_int_equal(backend->ops->begin(backend, &err), BACKEND_OK);
	assert_int_equal(backend->ops->meta_save(backend, name, text, &err), BACKEND_OK);
	assert_int_equal(backend->ops->commit(backend, &err), BACKEND_OK);
}

bool
place_has(struct backend *backend, const char *name)
{
	struct buf text = BUF_EMPTY;
	struct err err;
	assert_int_equal(backend->ops->begin(backend, &err), BACKEND_OK);
	enum backend_result result = backend->ops->meta_load(backend, name, &text, &err);
	backend->ops->rollback(backend);
	buf_fini(&text);
	return result == BACKEND_OK;
}

void
place_close(struct backend *backend)
{
	backend->ops->close(backend);
}

void
place_write(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

struct buf
place_read(const char *path)
{
	struct buf data = BUF_EMPTY;
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t n;
	while ((n = fread(buf_reserve(&data, 65536), 1, 65536, file)) > 0)
		data.len += n;
	fclose(file);
	return data;
}

void
place_copy(const char *from, const char *to)
{
	struct buf data = place_read(from);
	place_write(to, data.data, data.len);
	buf_fini(&data);
}

void
place_refuses(struct place *place, const char *words)
{
	struct buf before = place_read(place->path);
	assert_null(sqlite_backend_open(place->path, &place->err));
	if (!strstr(place->err.text, words))
		fail_msg("'%s' is not in '%s'", words, place->err.text);
	assert_non_null(strstr(place->err.text, place->path));
	struct buf after = place_read(place->path);
	assert_int_equal(before.len, after.len);
	if (before.len > 0)
		assert_memory_equal(before.data, after.data, before.len);
	buf_fini(&before);
	buf_fini(&after);
}

void
place_fill(struct place *place)
{
	struct backend *backend = place_open(place);
	struct err err;
	char name[32];
	backend->ops->begin(backend, &err);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "text %d", i);
		assert_int_equal(backend->ops->meta_save(backend, name, "x", &err), BACKEND_OK);
	}
	assert_int_equal(backend->ops->commit(backend, &err), BACKEND_OK);
	place_close(backend);
}
