/* Paths of certificates checked: one row for each way to be wrong, on one thread and on many. */
#include "pki.h"

#include "crypto/x509_path.h"

#include <pthread.h>

/* Where in the small infrastructure a row changes something. */
enum where { AT_ROOT, AT_STEP, AT_LEAF, NOWHERE };

static struct hm_x509_pool *make_pool(const struct entity *step, bool step_is_anchor, const struct entity *root)
{
	struct hm_x509_pool *pool = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_x509_pool_new(&pool, &err), &err);
	if (step)
		assert_ok(hm_x509_pool_add(pool, hm_buf_str(&step->der), step_is_anchor, &err), &err);
	if (root)
		assert_ok(hm_x509_pool_add(pool, hm_buf_str(&root->der), true, &err), &err);
	return pool;
}

static enum hm_status check_at(const struct hm_x509_pool *pool, const struct entity *leaf, int64_t time_s,
			       enum hm_x509_use use, struct hm_err *err)
{
	const struct hm_x509_query query = { .leaf = &leaf->cert, .use = use, .times_s = &time_s, .times_len = 1 };

	return hm_x509_check_path(pool, &query, NULL, err);
}

/* Extensions by hand, for what no profile has. */
#define KU_CERT_SIGN "300e0603551d0f0101ff040403020106"
#define KU_SIGNATURE "300e0603551d0f0101ff040403020780"
#define IS_CA        "300f0603551d130101ff040530030101ff"
#define IS_NO_CA     "300c0603551d130101ff04023000"
#define EKU_CODE     "30130603551d25040c300a06082b06010505070303"
#define EKU_STAMP    "30130603551d25040c300a06082b06010505070308"
#define EKU_STAMP_C  "30160603551d250101ff040c300a06082b06010505070308"
#define EKU_BOTH_C   "30200603551d250101ff0416301406082b0601050507030306082b06010505070308"
#define EKU_ANY                                                                                                        \
	"300f0603551d2504083006"                                                                                       \
	"0604551d2500"
#define UNKNOWN   "300906032a030404020500"
#define UNKNOWN_C "300c06032a03040101ff04020500"
#define POISON                                                                                                         \
	"3013060a2b06010401d679020403"                                                                                 \
	"0101ff04020500"
#define EMAIL_SAN_C "301b0603551d110101ff0411300f810d6140622e6578616d706c652e63"
/* excluded: every address at b.example.c */
#define NO_EMAIL "301d0603551d1e0101ff04133011a10f300d810b622e6578616d706c652e63"

struct row {
	const char *name;
	enum where where;
	int64_t not_before_s, not_after_s;
	const char *exts, *more_exts;
	enum hm_x509_use use;
	enum hm_reason want;
};

static void check_row(const struct row *row, bool nameless)
{
	static const enum hm_profile profiles[] = { HM_PROFILE_ROOT, HM_PROFILE_CODE_SIGNING_CA,
						    HM_PROFILE_CODE_SIGNING };
	static const char *const names[] = { "root", "step", "leaf" };
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT), more = hm_buf_init(HM_MAX_CERT);
	struct entity e[3] = { 0 };
	struct hm_err err = { 0 };

	if (row->exts)
		add_hex(&exts, row->exts);
	if (row->more_exts)
		add_hex(&more, row->more_exts);
	for (size_t at = AT_ROOT; at <= AT_LEAF; at++) {
		struct quirks quirks = { 0 };
		if (at == row->where)
			quirks = (struct quirks){
				row->not_before_s, row->not_after_s, hm_buf_str(&exts), hm_buf_str(&more), NULL, false
			};
		quirks.nameless = nameless && at == AT_LEAF;
		make_entity(&e[at], names[at], HM_KEY_P256, profiles[at], at == AT_ROOT ? NULL : &e[at - 1], &quirks);
	}
	struct hm_x509_pool *pool = make_pool(&e[AT_STEP], false, &e[AT_ROOT]);
	/* twice, because the second time the pool knows its own signatures */
	for (int round = 0; round < 2; round++) {
		enum hm_status st = check_at(pool, &e[AT_LEAF], NOW, row->use, &err);
		if (row->want != HM_R_OK)
			assert_refused(row->name, st, &err, row->want);
		else if (st != HM_OK)
			fail_msg("%s: %s %s", row->name, hm_reason_code(err.reason), err.cause);
	}
	hm_x509_pool_free(pool);
	for (size_t at = AT_ROOT; at <= AT_LEAF; at++)
		entity_done(&e[at]);
}

static void test_paths(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "all good", NOWHERE, 0, 0, NULL, NULL, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "leaf valid to the second", AT_LEAF, NOW, NOW, NULL, NULL, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "leaf expired", AT_LEAF, NOW - DAY, NOW - 1, NULL, NULL, HM_X509_CODE_SIGNING, HM_R_X509_EXPIRED },
		{ "leaf not yet valid", AT_LEAF, NOW + 1, NOW + DAY, NULL, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_NOT_YET },
		{ "intermediate expired", AT_STEP, NOW - DAY, NOW - 1, NULL, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_EXPIRED },
		{ "intermediate not yet valid", AT_STEP, NOW + 1, NOW + DAY, NULL, NULL, HM_X509_ANY,
		  HM_R_X509_NOT_YET },
		{ "root expired", AT_ROOT, NOW - DAY, NOW - 1, NULL, NULL, HM_X509_ANY, HM_R_X509_EXPIRED },
		{ "root not yet valid", AT_ROOT, NOW + 1, NOW + DAY, NULL, NULL, HM_X509_ANY, HM_R_X509_NOT_YET },
		{ "leaf without uses", AT_LEAF, 0, 0, KU_SIGNATURE, NULL, HM_X509_CODE_SIGNING, HM_R_X509_USAGE },
		{ "leaf for anything", AT_LEAF, 0, 0, KU_SIGNATURE EKU_ANY, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "leaf for time stamps", AT_LEAF, 0, 0, KU_SIGNATURE EKU_STAMP_C, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "leaf without key usage", AT_LEAF, 0, 0, EKU_CODE, NULL, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "leaf whose key signs certificates only", AT_LEAF, 0, 0, KU_CERT_SIGN EKU_CODE, NULL,
		  HM_X509_CODE_SIGNING, HM_R_X509_USAGE },
		{ "leaf is a CA", AT_LEAF, 0, 0, KU_SIGNATURE IS_CA EKU_CODE, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "intermediate for time stamps", AT_STEP, 0, 0, KU_CERT_SIGN IS_CA EKU_STAMP, NULL,
		  HM_X509_CODE_SIGNING, HM_R_X509_USAGE },
		{ "intermediate for anything", AT_STEP, 0, 0, KU_CERT_SIGN IS_CA EKU_ANY, NULL, HM_X509_CODE_SIGNING,
		  HM_R_OK },
		{ "intermediate without uses", AT_STEP, 0, 0, KU_CERT_SIGN IS_CA, NULL, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "root for time stamps", AT_ROOT, 0, 0, KU_CERT_SIGN IS_CA EKU_STAMP, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "intermediate is no CA", AT_STEP, 0, 0, KU_CERT_SIGN IS_NO_CA, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "intermediate says nothing", AT_STEP, 0, 0, EKU_CODE, NULL, HM_X509_CODE_SIGNING, HM_R_X509_USAGE },
		{ "intermediate may not sign", AT_STEP, 0, 0, KU_SIGNATURE IS_CA, NULL, HM_X509_CODE_SIGNING,
		  HM_R_X509_USAGE },
		{ "root may not sign", AT_ROOT, 0, 0, KU_SIGNATURE IS_CA, NULL, HM_X509_CODE_SIGNING, HM_R_X509_USAGE },
		{ "unknown extension", AT_LEAF, 0, 0, NULL, UNKNOWN, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "unknown critical extension", AT_LEAF, 0, 0, NULL, UNKNOWN_C, HM_X509_CODE_SIGNING,
		  HM_R_X509_EXTENSION },
		{ "unknown critical extension above", AT_STEP, 0, 0, NULL, UNKNOWN_C, HM_X509_CODE_SIGNING,
		  HM_R_X509_EXTENSION },
		{ "a precertificate", AT_LEAF, 0, 0, NULL, POISON, HM_X509_CODE_SIGNING, HM_R_X509_EXTENSION },
		{ "critical email", AT_LEAF, 0, 0, NULL, EMAIL_SAN_C, HM_X509_CODE_SIGNING, HM_R_OK },
		{ "constraint that is met", AT_STEP, 0, 0, NULL, NO_EMAIL, HM_X509_CODE_SIGNING, HM_R_OK },
	};

	/* with a name in the leaf, which is for OpenSSL, and without, which may take the short cut */
	for (size_t i = 0; i < 2 * COUNT(rows); i++)
		check_row(&rows[i / 2], i % 2 == 1);
}

static void test_time_stamping_use(void **state)
{
	(void)state;
	static const struct {
		const char *name, *exts;
		enum hm_reason want;
	} rows[] = {
		{ "critical and alone", KU_SIGNATURE EKU_STAMP_C, HM_R_OK },
		{ "not critical", KU_SIGNATURE EKU_STAMP, HM_R_X509_USAGE },
		{ "not alone", KU_SIGNATURE EKU_BOTH_C, HM_R_X509_USAGE },
		{ "code signing", KU_SIGNATURE EKU_CODE, HM_R_X509_USAGE },
		{ "none", KU_SIGNATURE, HM_R_X509_USAGE },
		{ "key signs certificates only", KU_CERT_SIGN EKU_STAMP_C, HM_R_X509_USAGE },
	};
	struct entity root;

	make_entity(&root, "root", HM_KEY_P384, HM_PROFILE_ROOT, NULL, NULL);
	struct hm_x509_pool *pool = make_pool(NULL, false, &root);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct entity leaf;
		HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT);
		struct hm_err err = { 0 };
		add_hex(&exts, rows[i].exts);
		make_entity(&leaf, "tsa", HM_KEY_P256, HM_PROFILE_TSA, &root,
			    &(struct quirks){ .exts = hm_buf_str(&exts) });
		enum hm_status st = check_at(pool, &leaf, NOW, HM_X509_TIME_STAMPING, &err);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
		else
			assert_ok(st, &err);
		entity_done(&leaf);
	}
	hm_x509_pool_free(pool);
	entity_done(&root);
}

/* The same names everywhere, so that only the signatures tell. */
static void test_paths_that_are_not_ours(void **state)
{
	(void)state;
	struct entity root, step, leaf, other_root, other_step, forged, forged_step;
	struct hm_err err = { 0 };

	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&other_root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &root, NULL);
	make_entity(&other_step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &other_root, NULL);
	make_entity(&leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &step, &(struct quirks){ .nameless = true });
	make_entity(&forged, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &step,
		    &(struct quirks){ .signed_by = &other_step, .nameless = true });
	make_entity(&forged_step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &root,
		    &(struct quirks){ .signed_by = &other_root });

	struct hm_x509_pool *pool = make_pool(&step, false, &root), *other = make_pool(&other_step, false, &other_root);
	assert_ok(check_at(pool, &leaf, NOW, HM_X509_CODE_SIGNING, &err), &err);
	assert_refused("another authority's", check_at(other, &leaf, NOW, HM_X509_CODE_SIGNING, &err), &err,
		       HM_R_X509_NO_PATH);
	assert_refused("forged", check_at(pool, &forged, NOW, HM_X509_CODE_SIGNING, &err), &err, HM_R_X509_SIGNATURE);
	hm_x509_pool_free(pool);
	hm_x509_pool_free(other);

	pool = make_pool(&forged_step, false, &root);
	for (int round = 0; round < 2; round++) {
		struct entity below;
		make_entity(&below, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &forged_step, NULL);
		assert_refused("forged intermediate", check_at(pool, &below, NOW, HM_X509_CODE_SIGNING, &err), &err,
			       HM_R_X509_SIGNATURE);
		entity_done(&below);
	}
	hm_x509_pool_free(pool);
	pool = make_pool(NULL, false, NULL);
	assert_refused("empty pool", check_at(pool, &leaf, NOW, HM_X509_ANY, &err), &err, HM_R_X509_NO_PATH);
	hm_x509_pool_free(pool);
	pool = make_pool(NULL, false, &root);
	assert_refused("no intermediate", check_at(pool, &leaf, NOW, HM_X509_ANY, &err), &err, HM_R_X509_NO_PATH);
	assert_refused("self-signed and unknown", check_at(pool, &other_root, NOW, HM_X509_ANY, &err), &err,
		       HM_R_X509_NO_PATH);
	hm_x509_pool_free(pool);
	/* only steps, nothing trusted: a root that is no anchor ends nothing */
	assert_ok(hm_x509_pool_new(&pool, &err), &err);
	assert_ok(hm_x509_pool_add(pool, hm_buf_str(&step.der), false, &err), &err);
	assert_ok(hm_x509_pool_add(pool, hm_buf_str(&root.der), false, &err), &err);
	assert_refused("no anchor", check_at(pool, &leaf, NOW, HM_X509_ANY, &err), &err, HM_R_X509_NO_PATH);
	hm_x509_pool_free(pool);

	struct entity *all[] = { &root, &step, &leaf, &other_root, &other_step, &forged, &forged_step };
	for (size_t i = 0; i < COUNT(all); i++)
		entity_done(all[i]);
}

static void test_anchors_and_untrusted(void **state)
{
	(void)state;
	struct entity root, step, low, leaf, direct;
	struct hm_err err = { 0 };
	const int64_t now = NOW;
	struct hm_x509_path path;

	make_entity(&root, "root", HM_KEY_P384, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&step, "step", HM_KEY_P384, HM_PROFILE_CODE_SIGNING_CA, &root, NULL);
	make_entity(&low, "low", HM_KEY_ED25519, HM_PROFILE_CODE_SIGNING_CA, &step, NULL);
	make_entity(&leaf, "leaf", HM_KEY_RSA, HM_PROFILE_CODE_SIGNING, &step, &(struct quirks){ .nameless = true });
	make_entity(&direct, "leaf", HM_KEY_P521, HM_PROFILE_CODE_SIGNING, &low, &(struct quirks){ .nameless = true });

	/* the intermediate is what is trusted, with or without its root */
	struct hm_x509_pool *pool = make_pool(&step, true, NULL);
	struct hm_x509_query query = {
		.leaf = &leaf.cert, .use = HM_X509_CODE_SIGNING, .times_s = &now, .times_len = 1
	};
	assert_ok(hm_x509_check_path(pool, &query, &path, &err), &err);
	assert_int_equal(path.len, 2);
	assert_ptr_equal(path.certs[1], hm_x509_pool_cert_at(pool, 0));
	/* a path of length 0 allows no intermediate below it */
	query.leaf = &direct.cert;
	query.untrusted = &low.cert;
	query.untrusted_len = 1;
	assert_refused("path length", hm_x509_check_path(pool, &query, &path, &err), &err, HM_R_X509_USAGE);
	/* nor where that intermediate is in the pool, and with it nearer to the short cut */
	assert_ok(hm_x509_pool_add(pool, hm_buf_str(&low.der), false, &err), &err);
	query.untrusted_len = 0;
	assert_refused("path length", hm_x509_check_path(pool, &query, &path, &err), &err, HM_R_X509_USAGE);
	query.untrusted_len = 1;
	/* a step that came with the leaf, and is its own when it is in no pool */
	hm_x509_pool_free(pool);
	pool = make_pool(NULL, false, &root);
	query.leaf = &leaf.cert;
	query.untrusted = &step.cert;
	assert_ok(hm_x509_check_path(pool, &query, &path, &err), &err);
	assert_int_equal(path.len, 3);
	assert_ptr_equal(path.certs[1], &step.cert);
	/* what came with the leaf is not trusted by that */
	query.untrusted = &root.cert;
	assert_refused("wrong step", hm_x509_check_path(pool, &query, &path, &err), &err, HM_R_X509_NO_PATH);
	hm_x509_pool_free(pool);
	/* the leaf itself is what is trusted */
	pool = make_pool(&leaf, true, NULL);
	query.untrusted_len = 0;
	assert_ok(hm_x509_check_path(pool, &query, &path, &err), &err);
	assert_int_equal(path.len, 1);
	query.times_len = 0;
	assert_refused("no time", hm_x509_check_path(pool, &query, &path, &err), &err, HM_R_USAGE);
	/* every time has to hold */
	const int64_t times[] = { NOW, NOW + 1, NOW + 2 * DAY };
	query.times_s = times;
	query.times_len = 2;
	assert_ok(hm_x509_check_path(pool, &query, &path, &err), &err);
	query.times_len = 3;
	assert_refused("last time", hm_x509_check_path(pool, &query, &path, &err), &err, HM_R_X509_EXPIRED);
	hm_x509_pool_free(pool);

	struct entity *all[] = { &root, &step, &low, &leaf, &direct };
	for (size_t i = 0; i < COUNT(all); i++)
		entity_done(all[i]);
}

/* A name that an issuer excludes: only OpenSSL reads the constraints. */
static void test_name_constraints(void **state)
{
	(void)state;
	struct entity root, step, leaf;
	HM_OWN(hm_buf_done) struct hm_buf constraint = hm_buf_init(HM_MAX_CERT), san = hm_buf_init(HM_MAX_CERT);
	const struct hm_san email = { .kind = HM_SAN_EMAIL, .value = HM_STR("a@b.example.c") };
	struct hm_err err = { 0 };

	add_hex(&constraint, NO_EMAIL);
	hm_ext_add_san(&san, &email, 1, true);
	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &root,
		    &(struct quirks){ .more_exts = hm_buf_str(&constraint) });
	struct hm_x509_pool *pool = make_pool(&step, false, &root);
	for (int nameless = 0; nameless < 2; nameless++) {
		make_entity(&leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &step,
			    &(struct quirks){ .more_exts = hm_buf_str(&san), .nameless = nameless });
		assert_refused("excluded", check_at(pool, &leaf, NOW, HM_X509_CODE_SIGNING, &err), &err,
			       HM_R_X509_EXTENSION);
		entity_done(&leaf);
	}
	hm_x509_pool_free(pool);
	entity_done(&step);
	entity_done(&root);
}

/* Fulcio's otherName is critical, and OpenSSL need not understand it. */
static void test_critical_other_name(void **state)
{
	(void)state;
	struct entity root, leaf;
	HM_OWN(hm_buf_done) struct hm_buf san = hm_buf_init(HM_MAX_CERT);
	const struct hm_san other = { .kind = HM_SAN_OTHER,
				      .oid = HM_OID_FULCIO_USERNAME,
				      .value = HM_STR("u!example.com") };
	struct hm_err err = { 0 };

	hm_ext_add_san(&san, &other, 1, true);
	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &root,
		    &(struct quirks){ .more_exts = hm_buf_str(&san) });
	struct hm_x509_pool *pool = make_pool(NULL, false, &root);
	assert_ok(check_at(pool, &leaf, NOW, HM_X509_CODE_SIGNING, &err), &err);
	hm_x509_pool_free(pool);
	entity_done(&leaf);
	entity_done(&root);
}

/*
 * The short cut is taken for a plain leaf only, and says no other than OpenSSL would. Which way was taken shows in the
 * allocations: OpenSSL's object of a leaf takes over a thousand.
 */
static void test_short_cut(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool nameless;
		const char *more_exts;
		bool is_short;
	} rows[] = {
		{ "plain", true, NULL, true },
		{ "with a name", false, NULL, false },
		{ "unknown extension", true, UNKNOWN, false },
		{ "Fulcio's extension", true,
		  "3014060a2b0601040183bf300101040668747470"
		  "3a2f",
		  true },
		{ "Fulcio's extension, critical", true, "3017060a2b0601040183bf3001010101ff0406687474703a2f", false },
		{ "an address among the names", true,
		  "300f0603551d11040830068704"
		  "7f000001",
		  false },
		{ "an email address", true, EMAIL_SAN_C, true },
	};
	struct entity root, step;

	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &root, NULL);
	struct hm_x509_pool *pool = make_pool(&step, false, &root);
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf more = hm_buf_init(HM_MAX_CERT);
		const int64_t now = NOW;
		struct entity leaf;
		struct hm_x509_path path, slow;
		struct hm_err err = { 0 };
		if (rows[i].more_exts)
			add_hex(&more, rows[i].more_exts);
		make_entity(&leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &step,
			    &(struct quirks){ .more_exts = hm_buf_str(&more), .nameless = rows[i].nameless });
		const struct hm_x509_query query = { .leaf = &leaf.cert, .times_s = &now, .times_len = 1 };
		enum hm_status want = hm_x509_check_path_by_openssl(pool, &query, &slow, &err);
		hm_mem_fail_at(800);
		enum hm_status st = hm_x509_check_path(pool, &query, &path, &err);
		bool was_short = !hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (was_short != rows[i].is_short)
			fail_msg("%s: %s", rows[i].name, was_short ? "taken" : "not taken");
		if (was_short) {
			assert_int_equal(st, want);
			assert_int_equal(path.len, slow.len);
			assert_memory_equal(path.certs, slow.certs, path.len * sizeof(path.certs[0]));
		}
		entity_done(&leaf);
	}
	hm_x509_pool_free(pool);
	entity_done(&step);
	entity_done(&root);
}

static void test_pool_limit(void **state)
{
	(void)state;
	struct entity root;
	struct hm_x509_pool *pool = NULL;
	struct hm_err err = { 0 };

	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	assert_ok(hm_x509_pool_new(&pool, &err), &err);
	for (size_t i = 0; i < HM_MAX_POOL_CERTS; i++)
		assert_ok(hm_x509_pool_add(pool, hm_buf_str(&root.der), i % 2 == 0, &err), &err);
	assert_refused("17th", hm_x509_pool_add(pool, hm_buf_str(&root.der), true, &err), &err, HM_R_LIMIT);
	assert_int_equal(hm_x509_pool_count(pool), HM_MAX_POOL_CERTS);
	hm_x509_pool_free(pool);
	entity_done(&root);
}

/* More certificates than a path may have: as many intermediates as there is room for, and one more. */
static void test_long_paths(void **state)
{
	(void)state;
	for (size_t steps = HM_MAX_CERT_PATH - 2; steps <= HM_MAX_CERT_PATH - 1; steps++) {
		struct entity e[HM_MAX_CERT_PATH + 1];
		HM_OWN(hm_buf_done) struct hm_buf ca = hm_buf_init(HM_MAX_CERT);
		struct hm_x509_pool *pool = NULL;
		struct hm_err err = { 0 };
		char name[16];

		add_hex(&ca, KU_CERT_SIGN IS_CA);
		make_entity(&e[0], "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
		assert_ok(hm_x509_pool_new(&pool, &err), &err);
		assert_ok(hm_x509_pool_add(pool, hm_buf_str(&e[0].der), true, &err), &err);
		for (size_t i = 1; i <= steps; i++) {
			snprintf(name, sizeof(name), "step %zu", i);
			make_entity(&e[i], name, HM_KEY_P256, HM_PROFILE_ROOT, &e[i - 1],
				    &(struct quirks){ .exts = hm_buf_str(&ca) });
			assert_ok(hm_x509_pool_add(pool, hm_buf_str(&e[i].der), false, &err), &err);
		}
		make_entity(&e[steps + 1], "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &e[steps], NULL);
		enum hm_status st = check_at(pool, &e[steps + 1], NOW, HM_X509_CODE_SIGNING, &err);
		if (steps == HM_MAX_CERT_PATH - 2)
			assert_ok(st, &err);
		else
			assert_refused("11 certificates", st, &err, HM_R_X509_NO_PATH);
		hm_x509_pool_free(pool);
		for (size_t i = 0; i <= steps + 1; i++)
			entity_done(&e[i]);
	}
}

/* ---- threads and memory ---- */

struct shared {
	struct hm_x509_pool *pool;
	struct entity *leaf;
};

static void *check_many(void *arg)
{
	struct shared *shared = arg;
	uintptr_t bad = 0;

	for (int i = 0; i < 50; i++)
		bad += check_at(shared->pool, shared->leaf, NOW, HM_X509_CODE_SIGNING, NULL) != HM_OK;
	return (void *)bad;
}

static void test_one_pool_on_many_threads(void **state)
{
	(void)state;
	struct entity root, step, leaf;
	pthread_t threads[4];

	make_entity(&root, "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&step, "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &root, NULL);
	make_entity(&leaf, "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &step, NULL);
	struct shared shared = { make_pool(&step, false, &root), &leaf };
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, check_many, &shared), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *bad;
		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_null(bad);
	}
	hm_x509_pool_free(shared.pool);
	entity_done(&leaf);
	entity_done(&step);
	entity_done(&root);
}

static struct entity walked[3];

static enum hm_status walk_path(struct hm_err *err)
{
	struct hm_x509_pool *pool = NULL;

	enum hm_status st = hm_x509_pool_new(&pool, err);
	if (st == HM_OK)
		st = hm_x509_pool_add(pool, hm_buf_str(&walked[1].der), false, err);
	if (st == HM_OK)
		st = hm_x509_pool_add(pool, hm_buf_str(&walked[0].der), true, err);
	if (st == HM_OK)
		st = check_at(pool, &walked[2], NOW, HM_X509_CODE_SIGNING, err);
	hm_x509_pool_free(pool);
	return st;
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	make_entity(&walked[0], "root", HM_KEY_P256, HM_PROFILE_ROOT, NULL, NULL);
	make_entity(&walked[1], "step", HM_KEY_P256, HM_PROFILE_CODE_SIGNING_CA, &walked[0], NULL);
	make_entity(&walked[2], "leaf", HM_KEY_P256, HM_PROFILE_CODE_SIGNING, &walked[1], NULL);
	walk_failures("pool and path", walk_path);
	for (size_t i = 0; i < COUNT(walked); i++)
		entity_done(&walked[i]);
}

int main(void)
{
	fail_inside_openssl();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_time_stamping_use),
		cmocka_unit_test(test_paths_that_are_not_ours),
		cmocka_unit_test(test_anchors_and_untrusted),
		cmocka_unit_test(test_name_constraints),
		cmocka_unit_test(test_critical_other_name),
		cmocka_unit_test(test_short_cut),
		cmocka_unit_test(test_pool_limit),
		cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_one_pool_on_many_threads),
		cmocka_unit_test(test_memory_runs_out),
	};
	return cmocka_run_group_tests_name("crypto/x509_path", tests, NULL, NULL);
}
