/* The daemon's places: directories, lock and listening socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "daemon/place.h"
#include "unit/skip.h"

static int
set_up(void **state)
{
	char *dir = mem_dup("/tmp/asched-place-XXXXXX");
	*state = dir;
	return mkdtemp(dir) ? 0 : -1;
}

static int
tear_down(void **state)
{
	char *command = mem_printf("rm -rf '%s'", (char *)*state);
	int result = system(command);
	free(command);
	free(*state);
	return result;
}

/* Connects by a path of any length, as clients do; -1: nobody listens. */
static int
connect_to(const char *dir, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int dir_fd = open(dir, O_PATH | O_DIRECTORY);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir_fd, name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int result = connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(dir_fd);
	if (result == 0)
		return fd;
	close(fd);
	return -1;
}

static void
the_parent_of_a_path_is_its_directory(void **state)
{
	static const char *const cases[][2] = {
		{ "/a/b/c", "/a/b" }, { "/a", "/" }, { "a/b", "a" }, { "a", "." }
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *parent = place_parent(cases[i][0]);
		assert_string_equal(parent, cases[i][1]);
		free(parent);
	}
}

static void
missing_directories_are_made_for_their_owner_alone(void **state)
{
	struct err err;
	struct stat st;
	char *path = mem_printf("%s/a/b/c", (char *)*state);
	char *file = mem_printf("%s/file", (char *)*state);
	char *below = mem_printf("%s/file/x", (char *)*state);
	assert_int_equal(place_make_directory(path, 0700, (uid_t)-1, (gid_t)-1, &err), 0);
	assert_int_equal(place_make_directory(path, 0700, (uid_t)-1, (gid_t)-1, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(place_make_directory(file, 0700, (uid_t)-1, (gid_t)-1, &err), -1);
	assert_non_null(strstr(err.text, "file: not a directory"));
	assert_int_equal(place_make_directory(below, 0700, (uid_t)-1, (gid_t)-1, &err), -1);
	free(below);
	free(file);
	free(path);
}

static void
whom_a_directory_is_made_for_can_get_there(void **state)
{
	struct err err;
	struct stat st;
	if (geteuid() != 0)
		skip_because("only root gives directories away");
	char *parent = mem_printf("%s/parent", (char *)*state);
	char *path = mem_printf("%s/given", parent);
	mode_t before = umask(022);
	assert_int_equal(place_make_directory(path, 0700, 1234, 1234, &err), 0);
	umask(before);
	assert_int_equal(stat(parent, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_uid, 1234);
	free(path);
	free(parent);
}

static void
a_second_daemon_is_refused_with_the_first_ones_pid(void **state)
{
	struct err err;
	char text[40];
	char *database = mem_printf("%s/x.db", (char *)*state);
	int fd = place_lock(database, 0, &err);
	assert_true(fd >= 0);
	/* Another process, because it is another daemon: the lock is of the open file. */
	pid_t child = fork();
	if (child == 0) {
		close(fd);
		bool is_refused = place_lock(database, 0, &err) < 0 && err.code == ERR_BUSY;
		snprintf(text, sizeof(text), "pid %ld", (long)getppid());
		_exit(is_refused && strstr(err.text, text) ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(fd);
	fd = place_lock(database, 0, &err);
	assert_true(fd >= 0);
	close(fd);
	free(database);
}

static void
a_lock_file_with_another_name_is_not_written_into(void **state)
{
	char *database = mem_printf("%s/db", (char *)*state);
	char *lock = mem_printf("%s.lock", database), *victim = mem_printf("%s/v", (char *)*state);
	struct err err;
	struct stat st;
	int fd = open(victim, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "precious", 8), 8);
	assert_int_equal(link(victim, lock), 0);
	assert_int_equal(place_lock(database, 0, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 8);
	close(fd);
	free(victim);
	free(lock);
	free(database);
}

static void
a_directory_is_roots_when_nobody_else_can_replace_what_is_in_it(void **state)
{
	const char *dir = *state;
	struct err err;
	if (geteuid() != 0)
		skip_because("only root can give directories away");
	static const struct {
		mode_t mode;
		uid_t uid;
		int result;
	} cases[] = { { 0755, 0, 0 },   { 01777, 0, 0 },   { 0777, 0, -1 },
		      { 0775, 0, -1 },  { 0755, 12301, -1 }, { 01777, 12301, -1 } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(chown(dir, cases[i].uid, 0), 0);
		assert_int_equal(chmod(dir, cases[i].mode), 0);
		assert_int_equal(place_check_roots(dir, &err), cases[i].result);
	}
}

static void
a_lock_lives_as_long_as_a_copy_of_its_descriptor(void **state)
{
	struct err err;
	int ready[2];
	char *database = mem_printf("%s/x.db", (char *)*state), c;
	assert_int_equal(pipe(ready), 0);
	int fd = place_lock(database, 0, &err);
	pid_t child = fork();
	if (child == 0) {
		close(ready[1]);
		/* Until the parent has seen that we still hold it. */
		_exit(read(ready[0], &c, 1) == 0 ? 0 : 1);
	}
	close(fd);
	assert_int_equal(place_lock(database, 0, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	close(ready[1]);
	close(ready[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	fd = place_lock(database, 0, &err);
	assert_true(fd >= 0);
	close(fd);
	free(database);
}

static void
the_socket_has_the_mode_that_is_asked_for(void **state)
{
	struct err err;
	struct stat st;
	char *path = mem_printf("%s/socket", (char *)*state);
	int fd = place_listen(path, 0666, &err);
	assert_true(fd >= 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0666);
	int client = connect_to(*state, "socket");
	assert_true(client >= 0);
	close(client);
	close(fd);
	free(path);
}

static void
a_leftover_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	struct err err;
	char *path = mem_printf("%s/socket", (char *)*state);
	int fd = place_listen(path, 0600, &err);
	assert_int_equal(place_listen(path, 0600, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	close(fd);
	fd = place_listen(path, 0600, &err);
	assert_true(fd >= 0);
	close(fd);
	free(path);
}

static void
what_is_no_socket_stays(void **state)
{
	struct err err;
	struct stat st;
	char *path = mem_printf("%s/precious", (char *)*state);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(place_listen(path, 0600, &err), -1);
	assert_non_null(strstr(err.text, "exists and is not a socket"));
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	free(path);
}

static void
a_path_longer_than_an_address_works(void **state)
{
	struct err err;
	char *dir = mem_printf("%s/%0100d/%0100d", (char *)*state, 1, 2);
	char *path = mem_printf("%s/socket", dir);
	assert_true(strlen(path) > sizeof(((struct sockaddr_un *)NULL)->sun_path));
	assert_int_equal(place_make_directory(dir, 0700, (uid_t)-1, (gid_t)-1, &err), 0);
	int fd = place_listen(path, 0600, &err);
	assert_true(fd >= 0);
	int client = connect_to(dir, "socket");
	assert_true(client >= 0);
	close(client);
	close(fd);
	free(path);
	free(dir);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_parent_of_a_path_is_its_directory),
		TEST(missing_directories_are_made_for_their_owner_alone),
		TEST(whom_a_directory_is_made_for_can_get_there),
		TEST(a_second_daemon_is_refused_with_the_first_ones_pid),
		TEST(a_lock_file_with_another_name_is_not_written_into),
		TEST(a_directory_is_roots_when_nobody_else_can_replace_what_is_in_it),
		TEST(a_lock_lives_as_long_as_a_copy_of_its_descriptor),
		TEST(the_socket_has_the_mode_that_is_asked_for),
		TEST(a_leftover_socket_is_replaced_and_a_live_one_is_not),
		TEST(what_is_no_socket_stays),
		TEST(a_path_longer_than_an_address_works),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
