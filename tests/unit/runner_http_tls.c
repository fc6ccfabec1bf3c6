/* The HTTP runner and certificates, with openssl(1) as the server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "../fake/http_world.h"
#include "base/alloc.h"

#define ARGS_MAX  24
#define NO_FD     (-1)
#define NLATER    5
#define LONG_READ 0.010 /* seconds */
/* It outlives a test that fails, but not for long. */
#define SERVER "timeout 60 openssl s_server -accept 127.0.0.1:0 -www"

extern char **environ;

/* Runs the words of a line, stdout to `out` (NO_FD: nowhere). Gives the pid. */
static pid_t
spawn_words(const char *line, int out)
{
	char *words = mem_dup(line), *argv[ARGS_MAX + 1] = { NULL }, *rest = words;
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	for (size_t i = 0; i < ARGS_MAX && (argv[i] = strtok_r(rest, " ", &rest)); i++)
		;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (out != NO_FD)
		posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	free(words);
	return pid;
}

static bool
run_openssl(const char *line)
{
	int status;
	pid_t pid = spawn_words(line, NO_FD);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Certificates that are their own authority, with their keys, in the current folder. */
static bool
make_certificates(void)
{
	static const char make[] =
		"openssl req -x509 -newkey ec -pkeyopt "
		"ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost ";
	char *good = mem_printf("%s-addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
				"-keyout good.key -out good.pem",
				make);
	char *other = mem_printf("%s-addext subjectAltName=DNS:other.test "
				 "-keyout other.key -out other.pem",
				 make);
	bool is_made = run_openssl(good) && run_openssl(other) &&
		       run_openssl("openssl x509 -in good.pem -signkey good.key -days -1 "
				   "-out expired.pem");
	free(good);
	free(other);
	return is_made;
}

struct server {
	pid_t pid;
	int port;
};

/* Waits until openssl says on which port it listens. */
static struct server
server_start(const char *options)
{
	struct server server = { 0 };
	char line[256], *args = mem_printf(SERVER " %s", options);
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	server.pid = spawn_words(args, ends[1]);
	assert_true(server.pid > 0);
	close(ends[1]);
	FILE *said = fdopen(ends[0], "r");
	while (server.port == 0 && fgets(line, sizeof(line), said))
		sscanf(line, "ACCEPT 127.0.0.1:%d", &server.port);
	assert_true(server.port > 0);
	fclose(said);
	free(args);
	return server;
}

static void
a_server_is_believed_only_with_a_good_certificate(void **state)
{
	static const struct {
		const char *options, *trusted, *host;
		bool is_believed;
	} cases[] = {
		{ "-cert good.pem -key good.key", "good.pem", "localhost", true },
		{ "-cert good.pem -key good.key", "good.pem", "127.0.0.1", true },
		{ "-cert good.pem -key good.key", NULL, "localhost", false },
		{ "-cert good.pem -key good.key", "other.pem", "localhost", false },
		{ "-cert other.pem -key other.key", "other.pem", "localhost", false },
		{ "-cert expired.pem -key good.key", "expired.pem", "localhost", false },
		{ "-cert good.pem -key good.key -tls1_1 -cipher ALL:@SECLEVEL=0", "good.pem",
		  "localhost", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct server server = server_start(cases[i].options);
		struct http_config config = HTTP_CONFIG_STANDARD;
		config.ca_file = cases[i].trusted;
		struct world *world = world_new(&config);
		char *url = mem_printf("https://%s:%d/", cases[i].host, server.port);
		struct outcome *outcome = world_get(world, url);
		print_message("%s, %s trusted: %s\n", cases[i].options,
			      cases[i].trusted ? cases[i].trusted : "the system", outcome->text);
		assert_int_equal(outcome->kind,
				 cases[i].is_believed ? OUTCOME_HTTP : OUTCOME_NETWORK);
		assert_int_equal(world_has_output(outcome), cases[i].is_believed);
		free(url);
		world_free(world);
		kill(server.pid, SIGTERM);
		waitpid(server.pid, NULL, 0);
	}
}

/* SSL_CERT_FILE would make OpenSSL trust what it names. */
static void
the_environment_adds_no_trust(void **state)
{
	struct http_config config = HTTP_CONFIG_STANDARD;
	struct server server = server_start("-cert good.pem -key good.key");
	(void)state;
	setenv("SSL_CERT_FILE", "good.pem", 1);
	setenv("CURL_CA_BUNDLE", "good.pem", 1);
	struct world *world = world_new(&config);
	char *url = mem_printf("https://localhost:%d/", server.port);
	assert_int_equal(world_get(world, url)->kind, OUTCOME_NETWORK);
	unsetenv("SSL_CERT_FILE");
	unsetenv("CURL_CA_BUNDLE");
	free(url);
	world_free(world);
	kill(server.pid, SIGTERM);
	waitpid(server.pid, NULL, 0);
}

static double
cpu_of_request(struct world *world, const char *url)
{
	struct timespec before, after;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	assert_int_equal(world_get(world, url)->kind, OUTCOME_NETWORK);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	return (double)(after.tv_sec - before.tv_sec) +
	       (double)(after.tv_nsec - before.tv_nsec) / 1e9;
}

/* Reading them takes longer than a loop may be away: it has to happen once, not each time. */
static void
the_certificates_of_the_system_are_read_once(void **state)
{
	struct http_config config = HTTP_CONFIG_STANDARD;
	struct server server = server_start("-cert good.pem -key good.key");
	struct world *world = world_new(&config);
	char *url = mem_printf("https://localhost:%d/", server.port);
	double first = cpu_of_request(world, url), later = 0;
	(void)state;
	for (int i = 0; i < NLATER; i++)
		later += cpu_of_request(world, url);
	print_message("first %.1f ms, later %.1f ms\n", first * 1e3, later * 1e3 / NLATER);
	if (first >= LONG_READ) /* else there are none on this machine */
		assert_true(later < first);
	free(url);
	world_free(world);
	kill(server.pid, SIGTERM);
	waitpid(server.pid, NULL, 0);
}

static void
remove_folder(const char *folder)
{
	static const char *const names[] = { "good.pem", "good.key", "other.pem", "other.key",
					     "expired.pem" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_believed_only_with_a_good_certificate),
		cmocka_unit_test(the_environment_adds_no_trust),
		cmocka_unit_test(the_certificates_of_the_system_are_read_once),
	};
	char folder[] = "/tmp/runner_http_tls.XXXXXX";
	if (!mkdtemp(folder) || chdir(folder) < 0) {
		perror(folder);
		return EXIT_FAILURE;
	}
	if (!make_certificates()) {
		printf("1..0 # SKIP openssl(1) is missing or makes no certificates\n");
		remove_folder(folder);
		return EXIT_SUCCESS;
	}
	int nfailed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_folder(folder);
	return nfailed;
}
