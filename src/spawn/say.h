/*
 * The spawner's own words, one line each on stderr. A line that stderr has no room for is
 * dropped: nothing may stop the spawner.
 */
#ifndef SPAWN_SAY_H
#define SPAWN_SAY_H

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, then errno's text; exits with status 1. Only while starting. */
void say_and_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
