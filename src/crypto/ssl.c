#include "crypto/ssl.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <sodium.h>

/* Made at first use and never freed. A failure for want of memory is not remembered: the next call tries again. */
static _Atomic(OSSL_LIB_CTX *) lib_ctx;
static _Atomic(EVP_MD *) mds[3];

OSSL_LIB_CTX *hm_ssl_ctx(void)
{
	OSSL_LIB_CTX *ctx = atomic_load_explicit(&lib_ctx, memory_order_acquire);
	if (ctx)
		return ctx;

	OSSL_LIB_CTX *made = OSSL_LIB_CTX_new();
	if (!made || atomic_compare_exchange_strong(&lib_ctx, &ctx, made))
		return made;
	OSSL_LIB_CTX_free(made);
	return ctx;
}

const EVP_MD *hm_ssl_md(enum hm_digest_alg alg)
{
	static const char *const names[] = { [HM_SHA256] = "SHA256", [HM_SHA384] = "SHA384", [HM_SHA512] = "SHA512" };
	EVP_MD *md = atomic_load_explicit(&mds[alg], memory_order_acquire);
	if (md)
		return md;

	/* A NULL context would mean the default one, whose configuration is not ours. */
	OSSL_LIB_CTX *ctx = hm_ssl_ctx();
	EVP_MD *made = ctx ? EVP_MD_fetch(ctx, names[alg], NULL) : NULL;
	if (!made || atomic_compare_exchange_strong(&mds[alg], &md, made))
		return made;
	EVP_MD_free(made);
	return md;
}

enum hm_status hm_ssl_sha1(struct hm_str bytes, uint8_t ret_hash[HM_SHA1_LEN], struct hm_err *err)
{
	OSSL_LIB_CTX *lib = hm_ssl_ctx();
	size_t len = 0;

	if (!lib || EVP_Q_digest(lib, "SHA1", NULL, bytes.ptr, bytes.len, ret_hash, &len) != 1 || len != HM_SHA1_LEN)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "SHA-1");
	return HM_OK;
}

bool hm_ssl_no_memory(void)
{
	return ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE ||
	       ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

enum hm_status hm_ssl_fail(struct hm_err *err, enum hm_reason reason, const char *fmt, ...)
{
	char text[sizeof(err->cause)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* The first error is nearest the cause; those behind it say who called. */
	const char *why = ERR_reason_error_string(ERR_peek_error());
	bool no_memory = hm_ssl_no_memory() || (reason == HM_R_RANDOM && ERR_peek_error() == 0);
	enum hm_status st = no_memory ? hm_fail(err, HM_R_NO_MEMORY, "%s", text)
			    : why     ? hm_fail(err, reason, "%s: %s", text, why)
				      : hm_fail(err, reason, "%s", text);
	ERR_clear_error();
	return st;
}

static bool sodium_works;

static void start_sodium(void)
{
	sodium_works = sodium_init() >= 0;
}

bool hm_sodium_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	return pthread_once(&once, start_sodium) == 0 && sodium_works;
}
