/* TZif, read with every count and index checked before it is used. */
#include "when/tzif.h"

#include <string.h>

#define HEADER_SIZE 44
#define TYPE_SIZE   6

struct header {
	unsigned version;
	size_t nisut, nisstd, nleaps, ntimes, ntypes, nchars;
};

static uint32_t
read_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int
refuse(struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID, "not a usable zone file: %s", why);
}

static int
read_header(struct header *h, const unsigned char *p, size_t len, struct err *err)
{
	if (len < HEADER_SIZE || memcmp(p, "TZif", 4) != 0)
		return refuse(err, "it does not start with a TZif header");
	*h = (struct header){
		.version = p[4],
		.nisut = read_u32(p + 20),
		.nisstd = read_u32(p + 24),
		.nleaps = read_u32(p + 28),
		.ntimes = read_u32(p + 32),
		.ntypes = read_u32(p + 36),
		.nchars = read_u32(p + 40),
	};
	if (h->ntimes > TZIF_NTRANSITIONS_MAX || h->ntypes > 256 || h->nchars > 4096 ||
	    h->nleaps > 4096 || h->nisut > 256 || h->nisstd > 256)
		return refuse(err, "a count in its header is too large");
	return 0;
}

static size_t
block_size(const struct header *h, size_t time_size)
{
	return h->ntimes * (time_size + 1) + h->ntypes * TYPE_SIZE + h->nchars +
	       h->nleaps * (time_size + 4) + h->nisstd + h->nisut;
}

static int
check_types(const struct tzif *tzif, struct err *err)
{
	if (tzif->ntypes == 0 || tzif->nchars == 0 || tzif->chars[tzif->nchars - 1] != '\0')
		return refuse(err, "it has no local time types or abbreviations");
	for (size_t i = 0; i < tzif->ntypes; i++) {
		const unsigned char *p = tzif->types + i * TYPE_SIZE;
		int32_t offset = (int32_t)read_u32(p);
		if (offset < -TZIF_OFFSET_MAX || offset > TZIF_OFFSET_MAX)
			return refuse(err, "an offset is longer than 26 hours");
		if (p[4] > 1 || p[5] >= tzif->nchars)
			return refuse(err, "a local time type is out of range");
	}
	return 0;
}

static int
check_transitions(const struct tzif *tzif, struct err *err)
{
	for (size_t i = 0; i < tzif->ntransitions; i++) {
		if (tzif->indices[i] >= tzif->ntypes)
			return refuse(err, "a transition to an unknown type");
		if (i > 0 && tzif_time(tzif, i) <= tzif_time(tzif, i - 1))
			return refuse(err, "its transitions are not in order");
	}
	return 0;
}

/* The footer is a line between two newlines; it may hold no NUL. */
static int
read_footer(struct tzif *tzif, const unsigned char *p, size_t len, struct err *err)
{
	const unsigned char *end = len > 1 ? memchr(p + 1, '\n', len - 1) : NULL;
	if (len == 0 || *p != '\n' || !end)
		return refuse(err, "its footer is missing");
	tzif->footer = (const char *)p + 1;
	tzif->footer_len = (size_t)(end - p) - 1;
	if (memchr(tzif->footer, '\0', tzif->footer_len))
		return refuse(err, "its footer holds a NUL");
	return 0;
}

int
tzif_read(struct tzif *tzif, const void *data, size_t len, struct err *err)
{
	const unsigned char *p = data;
	struct header h;
	size_t time_size = 4;
	if (len > TZIF_SIZE_MAX)
		return refuse(err, "it is too long");
	if (read_header(&h, p, len, err) < 0)
		return -1;
	if (h.version >= '2') { /* behind the 32-bit block stands the one with 64 bits */
		size_t skip = HEADER_SIZE + block_size(&h, 4);
		if (skip > len)
			return refuse(err, "it is cut short");
		p += skip;
		len -= skip;
		time_size = 8;
		if (read_header(&h, p, len, err) < 0)
			return -1;
	}
	if (block_size(&h, time_size) > len - HEADER_SIZE)
		return refuse(err, "it is cut short");
	if (h.nleaps > 0)
		return refuse(err, "it counts leap seconds (use the name without \"right/\")");
	*tzif = (struct tzif){ .ntransitions = h.ntimes,
			       .ntypes = h.ntypes,
			       .nchars = h.nchars,
			       .time_size = time_size,
			       .footer = "" };
	tzif->times = p + HEADER_SIZE;
	tzif->indices = tzif->times + h.ntimes * time_size;
	tzif->types = tzif->indices + h.ntimes;
	tzif->chars = (const char *)tzif->types + h.ntypes * TYPE_SIZE;
	if (check_types(tzif, err) < 0 || check_transitions(tzif, err) < 0)
		return -1;
	size_t used = HEADER_SIZE + block_size(&h, time_size);
	return time_size == 8 ? read_footer(tzif, p + used, len - used, err) : 0;
}

int64_t
tzif_time(const struct tzif *tzif, size_t transition)
{
	const unsigned char *p = tzif->times + transition * tzif->time_size;
	if (tzif->time_size == 4)
		return (int32_t)read_u32(p);
	return (int64_t)((uint64_t)read_u32(p) << 32 | read_u32(p + 4));
}

struct tzif_type
tzif_type(const struct tzif *tzif, size_t type)
{
	const unsigned char *p = tzif->types + type * TYPE_SIZE;
	return (struct tzif_type){ .offset = (int32_t)read_u32(p),
				   .is_dst = p[4],
				   .abbreviation = tzif->chars + p[5] };
}
