/* Kinds of addresses, by prefix. */
#include "runner/address.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The first row that holds wins. IANA's special-purpose registries; the metadata services' own. */
static const struct block4 {
	uint8_t prefix[4];
	int bits;
	enum address_kind kind;
} blocks4[] = {
	{ { 0 }, 8, ADDRESS_LOOPBACK },
	{ { 127 }, 8, ADDRESS_LOOPBACK },
	{ { 169, 254 }, 16, ADDRESS_LINK_LOCAL },
	{ { 100, 100, 100, 200 }, 32, ADDRESS_METADATA }, /* Alibaba Cloud */
	{ { 168, 63, 129, 16 }, 32, ADDRESS_METADATA },   /* Azure */
	{ { 192, 0, 0, 192 }, 32, ADDRESS_METADATA },     /* Oracle Cloud */
	{ { 10 }, 8, ADDRESS_PRIVATE },
	{ { 100, 64 }, 10, ADDRESS_PRIVATE },
	{ { 172, 16 }, 12, ADDRESS_PRIVATE },
	{ { 192, 168 }, 16, ADDRESS_PRIVATE },
	{ { 224 }, 3, ADDRESS_NO_HOST },
};

static const struct block6 {
	uint8_t prefix[16];
	int bits;
	enum address_kind kind;
} blocks6[] = {
	{ { 0xfe, 0x80 }, 10, ADDRESS_LINK_LOCAL },
	{ { 0xfd, 0x00, 0x0e, 0xc2 }, 32, ADDRESS_METADATA }, /* Amazon */
	{ { 0xfd, 0x20, 0x00, 0xce }, 32, ADDRESS_METADATA }, /* Google */
	{ { 0xfc }, 7, ADDRESS_PRIVATE },
	{ { 0xfe, 0xc0 }, 10, ADDRESS_PRIVATE }, /* site-local, RFC 3879 */
	{ { 0xff }, 8, ADDRESS_NO_HOST },
};

/* Where IPv6 prefixes carry an IPv4 address. */
static const struct wrapping {
	uint8_t prefix[16];
	int bits;
	size_t offset;
} wrappings[] = {
	{ { [10] = 0xff, [11] = 0xff }, 96, 12 }, /* mapped, RFC 4291 */
	{ { 0, 0x64, 0xff, 0x9b }, 96, 12 },      /* NAT64, RFC 6052 */
	{ { 0x20, 0x02 }, 16, 2 },                /* 6to4, RFC 3056 */
	{ { 0 }, 96, 12 },                        /* compatible, RFC 4291 */
};

static const char *const names[ADDRESS_NKINDS] = {
	[ADDRESS_PUBLIC] = "public",     [ADDRESS_LOOPBACK] = "loopback",
	[ADDRESS_PRIVATE] = "private",   [ADDRESS_LINK_LOCAL] = "link-local",
	[ADDRESS_METADATA] = "metadata", [ADDRESS_NO_HOST] = "no-host",
};

const char *
address_kind_name(enum address_kind kind)
{
	return (unsigned)kind < ADDRESS_NKINDS ? names[kind] : "unknown";
}

static bool
has_prefix(const uint8_t *addr, const uint8_t *prefix, int bits)
{
	size_t whole = (size_t)bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> (bits % 8));
	if (memcmp(addr, prefix, whole) != 0)
		return false;
	return mask == 0 || (addr[whole] & mask) == prefix[whole];
}

static enum address_kind
find_kind4(const uint8_t *addr)
{
	for (size_t i = 0; i < COUNT(blocks4); i++) {
		if (has_prefix(addr, blocks4[i].prefix, blocks4[i].bits))
			return blocks4[i].kind;
	}
	return ADDRESS_PUBLIC;
}

static enum address_kind
find_kind6(const uint8_t *addr)
{
	if (memcmp(addr, &in6addr_loopback, 16) == 0 || memcmp(addr, &in6addr_any, 16) == 0)
		return ADDRESS_LOOPBACK;
	for (size_t i = 0; i < COUNT(wrappings); i++) {
		if (has_prefix(addr, wrappings[i].prefix, wrappings[i].bits))
			return find_kind4(addr + wrappings[i].offset);
	}
	for (size_t i = 0; i < COUNT(blocks6); i++) {
		if (has_prefix(addr, blocks6[i].prefix, blocks6[i].bits))
			return blocks6[i].kind;
	}
	return ADDRESS_PUBLIC;
}

enum address_kind
address_find_kind(const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	if (addr->sa_family == AF_INET && len >= sizeof(in4)) {
		memcpy(&in4, addr, sizeof(in4));
		return find_kind4((const uint8_t *)&in4.sin_addr);
	}
	if (addr->sa_family == AF_INET6 && len >= sizeof(in6)) {
		memcpy(&in6, addr, sizeof(in6));
		return find_kind6(in6.sin6_addr.s6_addr);
	}
	return ADDRESS_NO_HOST;
}
