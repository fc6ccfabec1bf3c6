/*
 * What stands in the files of an HTTP job, which are read when it is sent. It is secret: an error
 * names the file and the line, and quotes nothing.
 */
#ifndef MODEL_REQUEST_FILE_H
#define MODEL_REQUEST_FILE_H

#include <stddef.h>

#include "base/err.h"
#include "model/job.h"

/*
 * Each adds to the headers of the job. Blank lines and those that begin with '#' are nothing.
 * 0, or -1 with *err.
 */
/* Lines "Name: value". */
int request_file_headers(struct job *job, const char *text, size_t len, struct err *err);
/* One line "basic USER:PASSWORD" or "bearer TOKEN", which becomes the header Authorization. */
int request_file_auth(struct job *job, const char *text, size_t len, struct err *err);

/* The file is the body, as it is, but has no NUL. */
int request_file_body(struct job *job, const char *text, size_t len, struct err *err);

/* Frees the job; headers and body are overwritten before. */
void request_file_wipe(struct job *job);

#endif
