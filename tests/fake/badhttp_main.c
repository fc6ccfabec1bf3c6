/*
 * The server that misbehaves, as a program: badhttp [PORT]. Says its port on a line of stdout and
 * serves until it is killed; badhttp.h has the paths.
 */
#include <stdio.h>
#include <stdlib.h>

#include "badhttp.h"

int
main(int argc, char **argv)
{
	int port;
	int listener = badhttp_listen(argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0, &port);
	if (listener < 0) {
		perror("badhttp: listen");
		return EXIT_FAILURE;
	}
	printf("%d\n", port);
	fflush(stdout);
	badhttp_serve(listener);
}
