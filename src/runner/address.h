/*
 * Where a network address leads. Judged on the resolved address, for a name can change between a
 * check and its use, and 2852039166, 0xa9.254.43518 and ::ffff:a9fe:a9fe are all 169.254.169.254.
 */
#ifndef RUNNER_ADDRESS_H
#define RUNNER_ADDRESS_H

#include <sys/socket.h>

enum address_kind {
	ADDRESS_PUBLIC,
	ADDRESS_LOOPBACK,   /* this machine: 127.0.0.0/8, ::1, and 0.0.0.0 and ::, which reach it */
	ADDRESS_PRIVATE,    /* RFC 1918, RFC 6598, RFC 4193 */
	ADDRESS_LINK_LOCAL, /* 169.254.0.0/16, fe80::/10: where clouds serve credentials */
	ADDRESS_METADATA,   /* the same service at addresses of its own */
	ADDRESS_NO_HOST,    /* multicast, broadcast, reserved, and families other than IP */
	ADDRESS_NKINDS,
};

/* An IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4) is judged as itself. */
enum address_kind address_find_kind(const struct sockaddr *addr, socklen_t len);

const char *address_kind_name(enum address_kind kind); /* "link-local"; never NULL */

#define ADDRESS_BIT(kind) (1u << (kind))
/* What no job has business with, whatever the configuration says. */
#define ADDRESS_NEVER                                                      \
	(ADDRESS_BIT(ADDRESS_LINK_LOCAL) | ADDRESS_BIT(ADDRESS_METADATA) | \
	 ADDRESS_BIT(ADDRESS_NO_HOST))

#endif
