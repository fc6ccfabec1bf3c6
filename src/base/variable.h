/* The names of environment variables, as jobs may have them: of fields, and of files of users'. */
#ifndef BASE_VARIABLE_H
#define BASE_VARIABLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How long NAME of NAME=VALUE is; 0: it is something else. POSIX names only (XBD 8.1), so that no
 * shell function or odd name is smuggled in.
 */
size_t variable_name(const char *text);

/* Would it let a job's text reach code that runs before the job does, or lie about us? */
bool variable_is_reserved(const char *text);

#endif
