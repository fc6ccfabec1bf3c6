/*
 * Port: reads files of a user's, as that user. On the loop; read() and stop() never call back
 * from inside.
 */
#ifndef RUNNER_FILES_H
#define RUNNER_FILES_H

#include <stdint.h>
#include <sys/types.h>

enum file_use { FILE_HEADERS, FILE_AUTH, FILE_BODY, FILE_NUSES };

struct files_answer {
	int64_t run_id;
	int attempt;
	int fd;             /* of the length (uint64_t) and the bytes of each; -1: failed; given */
	const char *failed; /* where: "header-file" */
	int error;          /* errno */
};

struct files_wish {
	int64_t run_id; /* of an attempt that has no other business with the spawner */
	int attempt;
	uid_t uid;
	const char *paths[FILE_NUSES];                              /* absolute; "": none */
	void (*done)(void *arg, const struct files_answer *answer); /* once */
	void *arg;
};

struct file_source {
	void (*read)(struct file_source *source, const struct files_wish *wish);
	void (*stop)(struct file_source *source, int64_t run_id, int attempt); /* then it fails */
};

#endif
