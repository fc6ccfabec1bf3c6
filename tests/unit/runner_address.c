/* Where an address leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <cmocka.h>

#include "runner/address.h"

static enum address_kind
kind_of(const char *text)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		return address_find_kind((struct sockaddr *)&in4, sizeof(in4));
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return address_find_kind((struct sockaddr *)&in6, sizeof(in6));
}

static void
an_address_is_of_the_kind_of_its_block(void **state)
{
	static const struct {
		const char *text;
		enum address_kind kind;
	} cases[] = {
		{ "0.0.0.0", ADDRESS_LOOPBACK },
		{ "126.255.255.255", ADDRESS_PUBLIC },
		{ "127.0.0.1", ADDRESS_LOOPBACK },
		{ "127.255.255.255", ADDRESS_LOOPBACK },
		{ "128.0.0.0", ADDRESS_PUBLIC },
		{ "10.1.2.3", ADDRESS_PRIVATE },
		{ "172.15.255.255", ADDRESS_PUBLIC },
		{ "172.16.0.0", ADDRESS_PRIVATE },
		{ "172.31.255.255", ADDRESS_PRIVATE },
		{ "172.32.0.0", ADDRESS_PUBLIC },
		{ "192.168.255.255", ADDRESS_PRIVATE },
		{ "100.64.0.0", ADDRESS_PRIVATE },
		{ "100.127.255.255", ADDRESS_PRIVATE },
		{ "100.128.0.0", ADDRESS_PUBLIC },
		{ "100.100.100.200", ADDRESS_METADATA },
		{ "169.253.255.255", ADDRESS_PUBLIC },
		{ "169.254.0.0", ADDRESS_LINK_LOCAL },
		{ "169.254.169.254", ADDRESS_LINK_LOCAL },
		{ "169.255.0.0", ADDRESS_PUBLIC },
		{ "168.63.129.16", ADDRESS_METADATA },
		{ "223.255.255.255", ADDRESS_PUBLIC },
		{ "224.0.0.1", ADDRESS_NO_HOST },
		{ "255.255.255.255", ADDRESS_NO_HOST },
		{ "93.184.216.34", ADDRESS_PUBLIC },
		{ "::", ADDRESS_LOOPBACK },
		{ "::1", ADDRESS_LOOPBACK },
		{ "fe80::1", ADDRESS_LINK_LOCAL },
		{ "febf::1", ADDRESS_LINK_LOCAL },
		{ "fec0::1", ADDRESS_PRIVATE },
		{ "fc00::1", ADDRESS_PRIVATE },
		{ "fd12:3456::1", ADDRESS_PRIVATE },
		{ "fd00:ec2::254", ADDRESS_METADATA },
		{ "fd20:ce::254", ADDRESS_METADATA },
		{ "ff02::1", ADDRESS_NO_HOST },
		{ "2001:db8::1", ADDRESS_PUBLIC },
		{ "::ffff:169.254.169.254", ADDRESS_LINK_LOCAL },
		{ "::ffff:93.184.216.34", ADDRESS_PUBLIC },
		{ "::169.254.169.254", ADDRESS_LINK_LOCAL },
		{ "64:ff9b::169.254.169.254", ADDRESS_LINK_LOCAL },
		{ "64:ff9b::127.0.0.1", ADDRESS_LOOPBACK },
		{ "2002:a9fe:a9fe::1", ADDRESS_LINK_LOCAL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (kind_of(cases[i].text) != cases[i].kind)
			fail_msg("%s is taken for %s", cases[i].text,
				 address_kind_name(kind_of(cases[i].text)));
	}
}

static void
what_is_no_ip_address_is_no_host(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	(void)state;
	assert_int_equal(address_find_kind((struct sockaddr *)&un, sizeof(un)), ADDRESS_NO_HOST);
	assert_int_equal(address_find_kind((struct sockaddr *)&in4, 4), ADDRESS_NO_HOST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_of_the_kind_of_its_block),
		cmocka_unit_test(what_is_no_ip_address_is_no_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
