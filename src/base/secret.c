#include "base/secret.h"

#include "base/mem.h"

#include <stdint.h>
#include <string.h>

void hm_wipe(void *ptr, size_t len)
{
	if (ptr)
		explicit_bzero(ptr, len);
}

enum hm_status hm_secret_copy(struct hm_str bytes, struct hm_secret *ret_secret, struct hm_err *err)
{
	char *copy = hm_malloc(bytes.len + 1);

	if (!copy)
		return hm_fail(err, HM_R_NO_MEMORY, "a secret of %zu bytes", bytes.len);
	if (bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	copy[bytes.len] = '\0';
	*ret_secret = (struct hm_secret){ copy, bytes.len };
	return HM_OK;
}

void hm_secret_buf_done(struct hm_buf *buf)
{
	if (buf->ptr)
		hm_wipe(buf->ptr, buf->cap);
	hm_buf_done(buf);
}

void hm_secret_done(struct hm_secret *secret)
{
	if (!secret)
		return;
	hm_wipe(secret->ptr, secret->len);
	free(secret->ptr);
	*secret = (struct hm_secret){ 0 };
}

bool hm_secret_eq(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t differ = 0;

	for (size_t i = 0; i < len; i++)
		differ = (uint8_t)(differ | (x[i] ^ y[i]));
	return differ == 0;
}
