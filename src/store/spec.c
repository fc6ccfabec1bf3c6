/*
 * SQLite notices a flipped bit in its pages' frames, but one in a row's bytes would just be another
 * schedule: hence the checksum.
 */
#include "store/spec.h"

#include <endian.h>
#include <string.h>

#include "when/hash.h"

#define CHECKSUM_SEED 0x61736368

static uint64_t
checksum(const void *data, size_t len)
{
	return htole64(hash_bytes(data, len, CHECKSUM_SEED));
}

void
spec_seal(struct buf *packed)
{
	uint64_t sum = checksum(packed->data, packed->len);
	buf_add(packed, &sum, sizeof(sum));
}

void
spec_pack(const struct job *job, struct buf *spec)
{
	buf_clear(spec);
	job_pack(job, spec);
	spec_seal(spec);
}

int
spec_unpack(struct job *job, const void *spec, size_t len, struct err *err)
{
	uint64_t sum;
	if (len < sizeof(sum))
		return err_set(err, ERR_UNAVAILABLE, "its record is too short");
	len -= sizeof(sum);
	memcpy(&sum, (const char *)spec + len, sizeof(sum));
	if (sum != checksum(spec, len))
		return err_set(err, ERR_UNAVAILABLE, "its record is damaged");
	return job_unpack(job, spec, len, err);
}
