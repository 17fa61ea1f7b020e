#include "crypto/x509.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "base/time.h"
#include "crypto/der.h"
#include "crypto/oid.h"
#include "crypto/ssl.h"
#include "crypto/x509_path.h"

#include <stdatomic.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

struct member {
	struct hm_cert cert; /* views into der */
	struct hm_key key;
	char *der;
	X509 *x509;
	bool is_anchor;
	atomic_bool signed_by[HM_MAX_POOL_CERTS]; /* whether that member's signature on this one was seen to be good */
};

struct hm_x509_pool {
	struct member *members[HM_MAX_POOL_CERTS];
	size_t len;
	STACK_OF(X509) * anchors, *steps; /* borrow the members' */
};

/* d2i_X509 of OpenSSL 3.0 takes 120 us, nearly all of it to decode the key a second time; so, once for each. */
static enum hm_status to_x509(struct hm_str der, X509 **ret_x509, struct hm_err *err)
{
	const unsigned char *at = hm_ssl_bytes(der);
	OSSL_LIB_CTX *lib = hm_ssl_ctx();
	X509 *x509 = lib ? X509_new_ex(lib, NULL) : NULL;

	if (!x509)
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "a certificate");
	/* d2i frees it where it fails */
	if (!d2i_X509(&x509, &at, (long)der.len))
		return hm_ssl_fail(err, HM_R_X509_FORMAT, "certificate");
	/* Decodes the extensions now, and not when two threads ask for them at once. */
	X509_check_purpose(x509, -1, 0);
	ERR_clear_error();
	*ret_x509 = x509;
	return HM_OK;
}

static void member_freep(struct member **member)
{
	struct member *m = *member;

	if (!m)
		return;
	X509_free(m->x509);
	hm_key_done(&m->key);
	free(m->der);
	free(m);
	*member = NULL;
}

enum hm_status hm_x509_pool_new(struct hm_x509_pool **ret_pool, struct hm_err *err)
{
	struct hm_x509_pool *pool = hm_calloc(1, sizeof(*pool));

	if (pool) {
		pool->anchors = sk_X509_new_reserve(NULL, HM_MAX_POOL_CERTS);
		pool->steps = sk_X509_new_reserve(NULL, HM_MAX_POOL_CERTS);
	}
	if (!pool || !pool->anchors || !pool->steps) {
		hm_x509_pool_free(pool);
		return hm_ssl_fail(err, HM_R_NO_MEMORY, "certificates");
	}
	*ret_pool = pool;
	return HM_OK;
}

struct hm_x509_pool *hm_x509_pool_free(struct hm_x509_pool *pool)
{
	if (!pool)
		return NULL;
	for (size_t i = 0; i < pool->len; i++)
		member_freep(&pool->members[i]);
	sk_X509_free(pool->anchors);
	sk_X509_free(pool->steps);
	free(pool);
	return NULL;
}

enum hm_status hm_x509_pool_add(struct hm_x509_pool *pool, struct hm_str der, bool is_anchor, struct hm_err *err)
{
	HM_OWN(member_freep) struct member *m = hm_calloc(1, sizeof(*m));

	if (pool->len == HM_MAX_POOL_CERTS)
		return hm_fail(err, HM_R_LIMIT, "more than %d certificates of one authority", HM_MAX_POOL_CERTS);
	if (!m || !(m->der = hm_malloc(der.len)))
		return hm_fail(err, HM_R_NO_MEMORY, "a certificate");
	if (der.len > 0)
		memcpy(m->der, der.ptr, der.len);
	m->is_anchor = is_anchor;
	enum hm_status st = hm_cert_parse(hm_str_of(m->der, der.len), &m->cert, err);
	if (st == HM_OK)
		st = hm_cert_key(&m->cert, &m->key, err);
	if (st == HM_OK)
		st = to_x509(m->cert.der, &m->x509, err);
	if (st != HM_OK)
		return st;
	sk_X509_push(is_anchor ? pool->anchors : pool->steps, m->x509); /* cannot fail: room was made for all */
	pool->members[pool->len++] = HM_STEAL(m);
	return HM_OK;
}

size_t hm_x509_pool_count(const struct hm_x509_pool *pool)
{
	return pool->len;
}

const struct hm_cert *hm_x509_pool_cert_at(const struct hm_x509_pool *pool, size_t i)
{
	return &pool->members[i]->cert;
}

const struct hm_key *hm_x509_pool_key_at(const struct hm_x509_pool *pool, size_t i)
{
	return &pool->members[i]->key;
}

/* One check of a path: what OpenSSL knows only as X509 objects, and what was already seen to be good. */
struct check {
	const struct hm_x509_pool *pool;
	const struct hm_x509_query *query;
	X509 *leaf;
	X509 *untrusted[HM_MAX_CERT_PATH];
	STACK_OF(X509) * steps; /* the pool's and the untrusted */
	bool leaf_is_good;      /* its signature, by leaf_issuer */
	const struct hm_cert *leaf_issuer;
	int64_t time_s;
	struct hm_x509_path path;
	enum hm_status st; /* of a callback that said no */
	struct hm_err *err;
};

static struct member *member_of(const struct check *check, const X509 *x509)
{
	for (size_t i = 0; i < check->pool->len; i++) {
		if (check->pool->members[i]->x509 == x509)
			return check->pool->members[i];
	}
	return NULL;
}

static const struct hm_cert *cert_of(const struct check *check, const X509 *x509)
{
	const struct member *m = member_of(check, x509);

	if (m)
		return &m->cert;
	for (size_t i = 0; i < check->query->untrusted_len; i++) {
		if (check->untrusted[i] == x509)
			return &check->query->untrusted[i];
	}
	return check->query->leaf;
}

/* What a certificate of a path is called in an error. */
static void name_cert(const struct hm_cert *cert, size_t depth, char *ret_name, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf subject = hm_buf_init(160);

	hm_name_write(&subject, cert->subject);
	if (subject.len > 0)
		snprintf(ret_name, size, "certificate %zu (%s)", depth, subject.ptr);
	else
		snprintf(ret_name, size, "certificate %zu", depth);
}

static enum hm_status check_time(const struct check *check, const struct hm_cert *cert, size_t depth)
{
	char name[256], bound[HM_TIME_TEXT_LEN], asked[HM_TIME_TEXT_LEN];

	/* RFC 5280 4.1.2.5: from notBefore through notAfter, inclusive */
	if (check->time_s >= cert->not_before_s && check->time_s <= cert->not_after_s)
		return HM_OK;
	bool early = check->time_s < cert->not_before_s;
	name_cert(cert, depth, name, sizeof(name));
	hm_time_write(early ? cert->not_before_s : cert->not_after_s, bound);
	hm_time_write(check->time_s, asked);
	return hm_fail(check->err, early ? HM_R_X509_NOT_YET : HM_R_X509_EXPIRED, "%s %s %s, and was asked for at %s",
		       name, early ? "is valid from" : "expired at", bound, asked);
}

/* A signature by an issuer that came with the leaf: its key is parsed for this once. */
static enum hm_status verify_by_untrusted(const struct hm_cert *cert, const struct hm_cert *issuer, struct hm_err *err)
{
	HM_OWN(hm_key_done) struct hm_key key = { 0 };

	enum hm_status st = hm_cert_key(issuer, &key, err);
	return st == HM_OK ? hm_cert_verify(cert, &key, err) : st;
}

/* RFC 5280 6.1.3 (a) (1) and 6.1.4 (n) for one step, remembering what does not change with the time. */
static enum hm_status check_signature(struct check *check, const X509 *subject, const X509 *issuer, size_t depth)
{
	struct member *below = member_of(check, subject), *above = member_of(check, issuer);
	const struct hm_cert *cert = cert_of(check, subject), *by = cert_of(check, issuer);
	size_t slot = 0;
	char name[256];

	if ((by->key_usage & HM_KU_CERT_SIGN) == 0) {
		name_cert(by, depth + 1, name, sizeof(name));
		return hm_fail(check->err, HM_R_X509_USAGE, "%s may not sign certificates", name);
	}
	if (above) {
		while (check->pool->members[slot] != above)
			slot++;
	}
	if (above && below && atomic_load_explicit(&below->signed_by[slot], memory_order_relaxed))
		return HM_OK;
	if (cert == check->query->leaf && check->leaf_is_good && check->leaf_issuer == by)
		return HM_OK;

	enum hm_status st =
	    above ? hm_cert_verify(cert, &above->key, check->err) : verify_by_untrusted(cert, by, check->err);
	if (st != HM_OK) {
		name_cert(cert, depth, name, sizeof(name));
		return hm_while(check->err, st, "%s", name);
	}
	if (above && below)
		atomic_store_explicit(&below->signed_by[slot], true, memory_order_relaxed);
	if (cert == check->query->leaf) {
		check->leaf_is_good = true;
		check->leaf_issuer = by;
	}
	return HM_OK;
}

/* OpenSSL calls this when the path is built and its extensions are checked. 0 is no. */
static int verify_path(X509_STORE_CTX *ctx)
{
	struct check *check = X509_STORE_CTX_get_app_data(ctx);
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	size_t len = (size_t)sk_X509_num(chain);

	if (len > HM_MAX_CERT_PATH) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_CHAIN_TOO_LONG);
		return 0;
	}
	for (size_t i = len; i-- > 0;) {
		const X509 *x509 = sk_X509_value(chain, (int)i);
		/* The last one is trusted as it is; no signature makes it more so. */
		if (check->st == HM_OK && i + 1 < len)
			check->st = check_signature(check, x509, sk_X509_value(chain, (int)i + 1), i);
		if (check->st == HM_OK)
			check->st = check_time(check, cert_of(check, x509), i);
		check->path.certs[i] = cert_of(check, x509);
	}
	check->path.len = len;
	if (check->st != HM_OK)
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
	return check->st == HM_OK;
}

/* What OpenSSL's refusal is in our words. */
static enum hm_reason reason_of(int code)
{
	switch (code) {
	case X509_V_ERR_OUT_OF_MEM:
		return HM_R_NO_MEMORY;
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
	case X509_V_ERR_INVALID_PURPOSE:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
	case X509_V_ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE:
		return HM_R_X509_USAGE;
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
	case X509_V_ERR_INVALID_EXTENSION:
	case X509_V_ERR_PERMITTED_VIOLATION:
	case X509_V_ERR_EXCLUDED_VIOLATION:
	case X509_V_ERR_SUBTREE_MINMAX:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
	case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
		return HM_R_X509_EXTENSION;
	default:
		return HM_R_X509_NO_PATH;
	}
}

static enum hm_status refused_by_openssl(const struct check *check, X509_STORE_CTX *ctx)
{
	int code = X509_STORE_CTX_get_error(ctx), depth = X509_STORE_CTX_get_error_depth(ctx);
	const X509 *x509 = X509_STORE_CTX_get_current_cert(ctx);
	HM_OWN(hm_buf_done) struct hm_buf issuer = hm_buf_init(160);
	char name[256];

	if (check->st != HM_OK)
		return check->st;
	if (hm_ssl_no_memory() || reason_of(code) == HM_R_NO_MEMORY)
		return hm_ssl_fail(check->err, HM_R_NO_MEMORY, "check a certificate's path");
	/* Not a refusal but a call that did not work, such as on a key that OpenSSL cannot read. */
	if (code == X509_V_ERR_UNSPECIFIED)
		return hm_ssl_fail(check->err, HM_R_X509_NO_PATH, "check a certificate's path");
	ERR_clear_error();
	name_cert(x509 ? cert_of(check, x509) : check->query->leaf, depth < 0 ? 0 : (size_t)depth, name, sizeof(name));
	if (reason_of(code) != HM_R_X509_NO_PATH)
		return hm_fail(check->err, reason_of(code), "%s: %s", name, X509_verify_cert_error_string(code));
	hm_name_write(&issuer, (x509 ? cert_of(check, x509) : check->query->leaf)->issuer);
	return hm_fail(check->err, HM_R_X509_NO_PATH, "%s, issued by '%s', does not lead to a trusted certificate: %s",
		       name, issuer.ptr ? issuer.ptr : "", X509_verify_cert_error_string(code));
}

static enum hm_status run_openssl(struct check *check, X509_STORE_CTX *ctx)
{
	X509_VERIFY_PARAM *param;

	if (!ctx || X509_STORE_CTX_init(ctx, NULL, check->leaf, check->steps) != 1 ||
	    !(param = X509_STORE_CTX_get0_param(ctx)) || X509_STORE_CTX_set_app_data(ctx, check) != 1)
		return hm_ssl_fail(check->err, HM_R_NO_MEMORY, "check a certificate's path");
	X509_STORE_CTX_set0_trusted_stack(ctx, check->pool->anchors);
	X509_STORE_CTX_set_verify(ctx, verify_path);
	/* What is trusted may be an intermediate. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	/* OpenSSL counts what lies between leaf and anchor. */
	X509_VERIFY_PARAM_set_depth(param, HM_MAX_CERT_PATH - 2);
	X509_VERIFY_PARAM_set_time(param, check->time_s);
	if (X509_verify_cert(ctx) != 1)
		return refused_by_openssl(check, ctx);
	ERR_clear_error();
	return HM_OK;
}

/* OpenSSL 3.0 has no purpose for code signing, and its time stamping knows nothing of intermediates' EKU. */
static enum hm_status check_use(const struct hm_x509_query *query, const struct hm_x509_path *path, struct hm_err *err)
{
	const struct hm_cert *leaf = query->leaf;
	bool stamping = query->use == HM_X509_TIME_STAMPING;
	struct hm_str oid = stamping ? HM_OID_EKU_TIME_STAMPING : HM_OID_EKU_CODE_SIGNING;
	const char *use = stamping ? "time stamping" : "code signing";
	char name[256];

	if (query->use == HM_X509_ANY)
		return HM_OK;
	if (leaf->is_ca)
		return hm_fail(err, HM_R_X509_USAGE, "the certificate is a CA's");
	if (!hm_cert_has_eku(leaf, oid))
		return hm_fail(err, HM_R_X509_USAGE, "the certificate is not for %s", use);
	/* RFC 3161 2.3: "MUST contain only one instance of the extended key usage field ... MUST be critical"; two
	 * bytes in front of an OID's content are its identifier and its length */
	if (stamping && (!leaf->eku_critical || leaf->eku.len != oid.len + 2))
		return hm_fail(err, HM_R_X509_USAGE, "the certificate is not, critically, for time stamping alone");
	if ((leaf->key_usage & (HM_KU_DIGITAL_SIGNATURE | (stamping ? HM_KU_NON_REPUDIATION : 0))) == 0)
		return hm_fail(err, HM_R_X509_USAGE, "the certificate's key is not for signatures");
	/* An issuer that names uses allows no others below it. */
	for (size_t i = 1; i < path->len; i++) {
		const struct hm_cert *cert = path->certs[i];
		if (cert->eku.len == 0 || hm_cert_has_eku(cert, oid) || hm_cert_has_eku(cert, HM_OID_EKU_ANY))
			continue;
		name_cert(cert, i, name, sizeof(name));
		return hm_fail(err, HM_R_X509_USAGE, "%s does not issue certificates for %s", name, use);
	}
	return HM_OK;
}

/* The pool's object for the same certificate, as a time stamp's signer mostly is one. */
static X509 *in_pool(const struct check *check, const struct hm_cert *cert)
{
	for (size_t i = 0; i < check->pool->len; i++) {
		if (hm_cert_eq(cert, &check->pool->members[i]->cert))
			return check->pool->members[i]->x509;
	}
	return NULL;
}

/* Make OpenSSL's objects of what is not in the pool. */
static enum hm_status prepare(struct check *check)
{
	const struct hm_x509_query *query = check->query;
	enum hm_status st;

	if (query->times_len == 0 || query->untrusted_len > HM_MAX_CERT_PATH)
		return hm_fail(check->err, HM_R_USAGE, "check a path at %zu times with %zu certificates",
			       query->times_len, query->untrusted_len);
	check->leaf = in_pool(check, query->leaf);
	if (check->leaf)
		X509_up_ref(check->leaf);
	if (!check->leaf && (st = to_x509(query->leaf->der, &check->leaf, check->err)) != HM_OK)
		return st;
	check->steps = check->pool->steps;
	if (query->untrusted_len == 0)
		return HM_OK;
	check->steps = sk_X509_dup(check->pool->steps);
	if (!check->steps)
		return hm_ssl_fail(check->err, HM_R_NO_MEMORY, "certificates");
	for (size_t i = 0; i < query->untrusted_len; i++) {
		if (hm_cert_eq(&query->untrusted[i], query->leaf) || in_pool(check, &query->untrusted[i]))
			continue;
		st = to_x509(query->untrusted[i].der, &check->untrusted[i], check->err);
		if (st != HM_OK)
			return st;
		if (sk_X509_push(check->steps, check->untrusted[i]) == 0)
			return hm_ssl_fail(check->err, HM_R_NO_MEMORY, "certificates");
	}
	return HM_OK;
}

static void check_done(struct check *check)
{
	X509_free(check->leaf);
	for (size_t i = 0; i < HM_MAX_CERT_PATH; i++)
		X509_free(check->untrusted[i]);
	if (check->steps != check->pool->steps)
		sk_X509_free(check->steps);
}

enum hm_status hm_x509_check_path_by_openssl(const struct hm_x509_pool *pool, const struct hm_x509_query *query,
					     struct hm_x509_path *ret_path, struct hm_err *err)
{
	HM_OWN(check_done) struct check check = { .pool = pool, .query = query, .err = err };
	struct hm_x509_path first = { 0 };

	enum hm_status st = prepare(&check);
	for (size_t i = 0; i < query->times_len && st == HM_OK; i++) {
		X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(hm_ssl_ctx(), NULL);
		check.time_s = query->times_s[i];
		st = run_openssl(&check, ctx);
		X509_STORE_CTX_free(ctx);
		if (st == HM_OK)
			st = check_use(query, &check.path, err);
		if (i == 0)
			first = check.path;
	}
	if (st == HM_OK && ret_path)
		*ret_path = first;
	return st;
}

/* Extensions of a leaf of which nothing follows for its path but what is checked here. */
static bool is_harmless(const struct hm_cert_ext *ext)
{
	static const struct hm_str critical[] = { HM_OID_KEY_USAGE, HM_OID_EXT_KEY_USAGE, HM_OID_SUBJECT_ALT_NAME,
						  HM_OID_BASIC_CONSTRAINTS };
	static const struct hm_str others[] = { HM_OID_SUBJECT_KEY_ID, HM_OID_AUTHORITY_KEY_ID, HM_OID_SCT_LIST };

	for (size_t i = 0; i < sizeof(critical) / sizeof(critical[0]); i++) {
		if (hm_str_eq(ext->oid, critical[i]))
			return true;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (hm_str_eq(ext->oid, others[i]))
			return !ext->critical;
	}
	return !ext->critical && hm_str_has_prefix(ext->oid, HM_OID_FULCIO);
}

/* Whether a leaf is as plain as Fulcio's are: its path is then that of its issuer and one more step. */
static bool is_plain_leaf(const struct hm_cert *leaf)
{
	struct hm_str exts = leaf->exts, san_rest = leaf->san, body, id;
	struct hm_cert_ext ext;
	struct hm_san san;

	if (leaf->is_ca || leaf->path_len >= 0 || leaf->subject.len != 2 || leaf->authority_key_id.len == 0)
		return false;
	while (hm_cert_next_ext(&exts, &ext)) {
		if (!is_harmless(&ext))
			return false;
		/* An issuer that is also named by its own issuer and number: OpenSSL compares those. */
		if (hm_str_eq(ext.oid, HM_OID_AUTHORITY_KEY_ID) &&
		    (!hm_der_only(ext.value, HM_DER_SEQUENCE, &body) || !hm_der_only(body, HM_DER_CONTEXT(0), &id)))
			return false;
	}
	while (hm_cert_next_san(&san_rest, &san)) {
		if (san.kind == HM_SAN_UNKNOWN)
			return false;
	}
	return true;
}

/* The one certificate of the pool that can have issued a leaf, or NULL where there is none or more than one. */
static const struct member *only_issuer(const struct hm_x509_pool *pool, const struct hm_cert *leaf)
{
	const struct member *found = NULL;

	for (size_t i = 0; i < pool->len; i++) {
		const struct member *m = pool->members[i];
		if (!hm_str_eq(m->cert.subject, leaf->issuer) ||
		    !hm_str_eq(m->cert.subject_key_id, leaf->authority_key_id))
			continue;
		if (found)
			return NULL;
		found = m;
	}
	return found && found->cert.is_ca && (found->cert.key_usage & HM_KU_CERT_SIGN) ? found : NULL;
}

/* Whether one more step may stand below a path: it counts for the length, and nothing in it restricts names. */
static bool may_go_on(const struct hm_x509_path *above)
{
	struct hm_cert_ext ext;

	for (size_t i = 0; i < above->len; i++) {
		const struct hm_cert *cert = above->certs[i];
		if (cert->path_len >= 0 && (size_t)cert->path_len < i)
			return false;
		if (hm_cert_find_ext(cert, HM_OID_NAME_CONSTRAINTS, &ext))
			return false;
	}
	return above->len < HM_MAX_CERT_PATH;
}

/*
 * Accept the plain case without an OpenSSL object for the leaf, whose making would take longer than two signatures on
 * P-256 and does not get faster on two threads: OpenSSL says whether the issuer leads to a trusted certificate, and the
 * step from the leaf to it is checked here (RFC 5280 6.1.3).
 *
 * Whatever is not plain, and whatever is wrong, is left to OpenSSL: this never refuses.
 */
static bool is_plainly_good(const struct hm_x509_pool *pool, const struct hm_x509_query *query,
			    struct hm_x509_path *ret_path)
{
	struct hm_x509_path path = { .certs = { query->leaf } }, above = { 0 };
	const struct member *issuer = is_plain_leaf(query->leaf) ? only_issuer(pool, query->leaf) : NULL;

	if (!issuer || query->times_len == 0)
		return false;
	for (size_t i = query->times_len; i-- > 0;) {
		const struct hm_x509_query up = { .leaf = &issuer->cert,
						  .times_s = &query->times_s[i],
						  .times_len = 1 };
		if (query->times_s[i] < query->leaf->not_before_s || query->times_s[i] > query->leaf->not_after_s)
			return false;
		if (hm_x509_check_path_by_openssl(pool, &up, &above, NULL) != HM_OK || !may_go_on(&above))
			return false;
		path.len = above.len + 1;
		memcpy(path.certs + 1, above.certs, above.len * sizeof(above.certs[0]));
		if (check_use(query, &path, NULL) != HM_OK)
			return false;
	}
	if (hm_cert_verify(query->leaf, &issuer->key, NULL) != HM_OK)
		return false;
	*ret_path = path;
	return true;
}

enum hm_status hm_x509_check_path(const struct hm_x509_pool *pool, const struct hm_x509_query *query,
				  struct hm_x509_path *ret_path, struct hm_err *err)
{
	struct hm_x509_path path;

	if (!is_plainly_good(pool, query, &path))
		return hm_x509_check_path_by_openssl(pool, query, ret_path, err);
	HM_PLANT(query->leaf->san.len > 0 && query->leaf->san.ptr[query->leaf->san.len - 1] < 'A');
	if (ret_path)
		*ret_path = path;
	return HM_OK;
}
