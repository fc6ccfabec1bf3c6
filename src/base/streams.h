/* The descriptors 0 to 2, whoever started us. */
#ifndef BASE_STREAMS_H
#define BASE_STREAMS_H

/*
 * Opens /dev/null for those that are closed: else the next file that is opened, such as a lock or
 * a socket, would be one of them, and take our words.
 */
void streams_hold(void);

#endif
