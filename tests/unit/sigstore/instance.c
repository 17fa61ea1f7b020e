/* The instance's keys, what its operator publishes, and the parts of its bundles. */
#include "instance.h"

#include "base/encode.h"
#include "base/mem.h"
#include "crypto/der.h"
#include "crypto/oid.h"
#include "crypto/pem.h"
#include "crypto/sct.h"
#include "crypto/tsp.h"
#include "sigstore/log_body.h"
#include "tlog/checkpoint.h"
#include "tlog/proof.h"

enum { MAX_LEAVES = 8 };

struct hm_str keep(struct instance *in, struct hm_buf *buf)
{
	assert_int_equal(buf->status, HM_OK);
	struct hm_str kept = hm_arena_dup(&in->arena, hm_buf_str(buf));
	assert_non_null(kept.ptr);
	hm_buf_done(buf);
	return kept;
}

static struct hm_signer new_signer(enum hm_key_kind kind)
{
	struct hm_signer signer;
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(kind, kind == HM_KEY_RSA ? 2048 : 0, &signer, &err), &err);
	return signer;
}

static struct hm_str name_der(struct instance *in, const char *common_name)
{
	struct hm_buf buf = hm_buf_init(1000);

	hm_name_encode(&buf, &(struct hm_name){ HM_STR("test"), hm_str(common_name) });
	return keep(in, &buf);
}

static struct hm_str sign_cert(struct instance *in, struct hm_cert_spec *spec, const struct hm_signer *signer)
{
	struct hm_buf buf = hm_buf_init(HM_MAX_CERT);
	struct hm_err err = { 0 };

	assert_ok(hm_cert_serial(hm_effects_system(), spec->serial, &err), &err);
	assert_ok(hm_cert_make(spec, signer, &buf, &err), &err);
	return keep(in, &buf);
}

/* Root, intermediate and, for a time-stamp authority, its leaf. */
static void new_authority(struct instance *in, struct authority *a, const char *name, bool is_tsa, int64_t not_after_s)
{
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(4096);
	struct hm_err err = { 0 };
	struct hm_cert_spec spec = { .not_before_s = NOW - 400 * DAY, .not_after_s = not_after_s };

	a->root = new_signer(HM_KEY_P256);
	a->step = new_signer(HM_KEY_P256);
	spec.key = &a->root.key;
	spec.subject = spec.issuer = name_der(in, name);
	assert_ok(hm_ext_add_profile(&exts, HM_PROFILE_ROOT, spec.key, NULL, &err), &err);
	spec.exts = hm_buf_str(&exts);
	a->root_der = sign_cert(in, &spec, &a->root);
	assert_ok(hm_cert_parse(a->root_der, &a->root_cert, &err), &err);

	hm_buf_clear(&exts);
	HM_OWN(hm_freep) char *step_name = hm_asprintf("%s-intermediate", name);
	spec.key = &a->step.key;
	spec.subject = name_der(in, step_name);
	assert_ok(hm_ext_add_profile(&exts, is_tsa ? HM_PROFILE_TSA_CA : HM_PROFILE_CODE_SIGNING_CA, spec.key,
				     &a->root_cert, &err),
		  &err);
	spec.exts = hm_buf_str(&exts);
	a->step_der = sign_cert(in, &spec, &a->root);
	assert_ok(hm_cert_parse(a->step_der, &a->step_cert, &err), &err);
	if (!is_tsa)
		return;

	hm_buf_clear(&exts);
	a->leaf = new_signer(HM_KEY_P256);
	spec.key = &a->leaf.key;
	spec.issuer = spec.subject;
	spec.subject = name_der(in, "stamps");
	assert_ok(hm_ext_add_profile(&exts, HM_PROFILE_TSA, spec.key, &a->step_cert, &err), &err);
	spec.exts = hm_buf_str(&exts);
	a->leaf_der = sign_cert(in, &spec, &a->step);
	assert_ok(hm_cert_parse(a->leaf_der, &a->leaf_cert, &err), &err);
}

static void authority_done(struct authority *a)
{
	hm_signer_done(&a->root);
	hm_signer_done(&a->step);
	hm_signer_done(&a->leaf);
}

struct instance *instance_new(void)
{
	struct instance *in = calloc(1, sizeof(*in));

	assert_non_null(in);
	in->arena = hm_arena_init(256 * HM_MIB);
	new_authority(in, &in->ca, "ca", false, NOW + 400 * DAY);
	new_authority(in, &in->other_ca, "ca", false, NOW + 400 * DAY);
	new_authority(in, &in->tsa, "tsa", true, NOW + 1000 * DAY);
	new_authority(in, &in->tsa_2, "tsa-2", true, NOW + 400 * DAY);
	new_authority(in, &in->tsa_unknown, "tsa-unknown", true, NOW + 400 * DAY);
	in->ct = new_signer(HM_KEY_P256);
	in->ct_2 = new_signer(HM_KEY_P256);
	in->ct_unknown = new_signer(HM_KEY_P256);
	in->log1 = new_signer(HM_KEY_P256);
	in->log2 = new_signer(HM_KEY_ED25519);
	in->log_unknown = new_signer(HM_KEY_ED25519);
	in->user = new_signer(HM_KEY_P256);
	in->other_user = new_signer(HM_KEY_P256);
	return in;
}

void instance_free(struct instance *in)
{
	authority_done(&in->ca);
	authority_done(&in->other_ca);
	authority_done(&in->tsa);
	authority_done(&in->tsa_2);
	authority_done(&in->tsa_unknown);
	struct hm_signer *signers[] = { &in->ct,   &in->ct_2,        &in->ct_unknown, &in->log1,
					&in->log2, &in->log_unknown, &in->user,       &in->other_user };
	for (size_t i = 0; i < COUNT(signers); i++)
		hm_signer_done(signers[i]);
	hm_arena_done(&in->arena);
	free(in);
}

void instance_user(struct instance *in, enum hm_key_kind kind)
{
	hm_signer_done(&in->user);
	hm_signer_done(&in->other_user);
	in->user = new_signer(kind);
	in->other_user = new_signer(kind);
}

/* The trust root. */

static struct hm_time_range span(int64_t start_s, int64_t end_s)
{
	return (struct hm_time_range){ start_s * HM_NS_PER_S, end_s * HM_NS_PER_S, true, end_s != 0 };
}

struct hm_str id_of(struct instance *in, const char *name, const struct hm_signer *signer)
{
	struct hm_hash id;
	struct hm_err err = { 0 };

	assert_ok(hm_tlog_key_id(hm_str(name), hm_tlog_sig_type_of(&signer->key), &signer->key, &id, &err), &err);
	return hm_arena_dup(&in->arena, hm_str_of(id.b, sizeof(id.b)));
}

static struct hm_trusted_log log_of(struct instance *in, const char *url, const char *name,
				    const struct hm_signer *signer)
{
	bool retired = in->fault == LOG_RETIRED && name, early = in->fault == LOG_NOT_YET && name;

	return (struct hm_trusted_log){
		.base_url = hm_str(url),
		.hash_algorithm = HM_STR("SHA2_256"),
		.key_der = signer->key.spki,
		.key_details =
		    signer->key.kind == HM_KEY_ED25519 ? HM_STR("PKIX_ED25519") : HM_STR("PKIX_ECDSA_P256_SHA_256"),
		.valid_for = span(early ? NOW + DAY : NOW - 300 * DAY, retired ? NOW - DAY : 0),
		.id = id_of(in, name ? name : "ct", signer),
	};
}

static struct hm_trusted_authority authority_of(struct instance *in, const struct authority *a, const char *uri,
						struct hm_time_range valid_for)
{
	struct hm_str *ders = hm_arena_calloc(&in->arena, 3, sizeof(*ders));
	size_t n = 0;

	assert_non_null(ders);
	if (a->leaf_der.len > 0)
		ders[n++] = a->leaf_der;
	ders[n++] = a->step_der;
	ders[n++] = a->root_der;
	return (struct hm_trusted_authority){
		.organization = HM_STR("test"),
		.common_name = HM_STR("test"),
		.uri = hm_str(uri),
		.chain = { ders, n },
		.valid_for = valid_for,
	};
}

struct hm_trusted_root instance_root(struct instance *in)
{
	struct hm_trusted_log *tlogs = hm_arena_calloc(&in->arena, 2, sizeof(*tlogs));
	struct hm_trusted_log *ctlogs = hm_arena_calloc(&in->arena, 2, sizeof(*ctlogs));
	struct hm_trusted_authority *cas = hm_arena_calloc(&in->arena, 1, sizeof(*cas));
	struct hm_trusted_authority *tsas = hm_arena_calloc(&in->arena, 2, sizeof(*tsas));
	struct hm_time_range always = span(NOW - 300 * DAY, 0), over = span(NOW - 300 * DAY, NOW - DAY);

	assert_true(tlogs && ctlogs && cas && tsas);
	tlogs[0] = log_of(in, "https://log1.test:8443", LOG1_NAME, &in->log1);
	tlogs[1] = log_of(in, "https://log2.test", LOG2_NAME, &in->log2);
	ctlogs[0] = log_of(in, "https://ct.test/2026", NULL, &in->ct);
	ctlogs[1] = log_of(in, "https://ct2.test", NULL, &in->ct_2);
	cas[0] = authority_of(in, &in->ca, "https://ca.test", in->fault == CA_RETIRED ? over : always);
	tsas[0] = authority_of(in, &in->tsa, "https://tsa.test", in->fault == TSA_RETIRED ? over : always);
	tsas[1] = authority_of(in, &in->tsa_2, "https://tsa2.test", in->fault == TSA_OTHER_RETIRED ? over : always);
	return (struct hm_trusted_root){
		.media = HM_TRUSTED_ROOT_OLD,
		.tlogs = tlogs,
		.tlogs_count = 2,
		.ctlogs = ctlogs,
		.ctlogs_count = 2,
		.cas = cas,
		.cas_count = 1,
		.tsas = tsas,
		.tsas_count = 2,
	};
}

struct hm_trust *instance_trust(struct instance *in)
{
	struct hm_trusted_root root = instance_root(in);
	struct hm_trust *trust;
	struct hm_err err = { 0 };

	assert_ok(hm_trust_new(&root, &trust, &err), &err);
	return trust;
}

/* Certificates. */

static void add_issuer(struct hm_buf *exts, bool is_old)
{
	struct hm_str arc = HM_OID_FULCIO;
	HM_OWN(hm_buf_done) struct hm_buf oid = hm_buf_init(32), value = hm_buf_init(200);

	hm_buf_add_str(&oid, arc);
	hm_buf_add_char(&oid, is_old ? 1 : 8);
	if (is_old)
		hm_buf_add_cstr(&value, ISSUER);
	else
		hm_der_add(&value, HM_DER_UTF8, HM_STR(ISSUER));
	hm_ext_add(exts, hm_buf_str(&oid), false, hm_buf_str(&value));
}

static void add_names(enum fault fault, struct hm_buf *exts)
{
	struct hm_san sans[2] = { { .kind = HM_SAN_URI, .value = HM_STR(IDENTITY) },
				  { .kind = HM_SAN_URI, .value = HM_STR("https://ci.example/other") } };

	if (fault == CERT_OF_NOBODY)
		return;
	if (fault == CERT_DNS)
		sans[0] = (struct hm_san){ .kind = HM_SAN_DNS, .value = HM_STR("ci.example") };
	if (fault == CERT_EMAIL)
		sans[0] = (struct hm_san){ .kind = HM_SAN_EMAIL, .value = HM_STR("somebody@ci.example") };
	if (fault == CERT_USERNAME)
		sans[0] = (struct hm_san){ .kind = HM_SAN_OTHER,
					   .oid = HM_OID_FULCIO_USERNAME,
					   .value = HM_STR("somebody!ci.example") };
	hm_ext_add_san(exts, sans, fault == CERT_OF_TWO ? 2 : 1, true);
}

static struct hm_str make_sct(struct instance *in, struct hm_str tbs, struct hm_str issuer_spki,
			      const struct hm_signer *log)
{
	struct hm_buf sct = hm_buf_init(1000);
	struct hm_err err = { 0 };
	int64_t time_s = in->fault == SCT_EARLY ? NOW - 310 * DAY : NOW - 1;

	assert_ok(hm_sct_sign(tbs, issuer_spki, log, (uint64_t)time_s * 1000, HM_STR("\0\1\2"), &sct, &err), &err);
	if (in->fault == SCT_CUT)
		sct.len--;
	return keep(in, &sct);
}

static void add_scts(struct instance *in, const struct hm_cert_spec *spec, struct hm_buf *exts)
{
	HM_OWN(hm_buf_done) struct hm_buf tbs = hm_buf_init(HM_MAX_CERT);
	struct hm_cert_spec logged = *spec;
	struct hm_str scts[2], spki = in->ca.step.key.spki;
	struct hm_err err = { 0 };
	size_t n = 1;

	if (in->fault == NO_SCT)
		return;
	if (in->fault == SCT_OTHER_CERT)
		logged.not_after_s++;
	assert_ok(hm_cert_make_tbs(&logged, HM_SIG_ECDSA_SHA256, &tbs, &err), &err);
	scts[0] = make_sct(in, hm_buf_str(&tbs), spki, in->fault == SCT_UNKNOWN ? &in->ct_unknown : &in->ct);
	if (in->fault == SCT_TWICE)
		scts[n++] = make_sct(in, hm_buf_str(&tbs), spki, &in->ct);
	if (in->fault == SCT_OF_TWO_LOGS)
		scts[n++] = make_sct(in, hm_buf_str(&tbs), spki, &in->ct_2);
	if (in->fault == SCT_AND_UNKNOWN)
		scts[n++] = make_sct(in, hm_buf_str(&tbs), spki, &in->ct_unknown);
	hm_ext_add_scts(exts, scts, n);
}

struct hm_str make_cert(struct instance *in, const struct hm_key *key)
{
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT);
	const struct authority *ca = in->fault == CERT_OTHER_CA_SAME_NAME ? &in->other_ca
				     : in->fault == CERT_OTHER_CA         ? &in->tsa
									  : &in->ca;
	struct hm_cert_spec spec = {
		.key = key, .issuer = ca->step_cert.subject, .not_before_s = NOW - 10, .not_after_s = NOW + 590
	};
	const struct hm_signer *signer = &ca->step;
	struct hm_err err = { 0 };

	if (in->fault == CERT_EXPIRED)
		spec.not_after_s = NOW - 1;
	if (in->fault == CERT_NOT_YET)
		spec.not_before_s = NOW + 1;
	if (in->fault == CA_EXPIRED) {
		spec.not_before_s = NOW + 399 * DAY;
		spec.not_after_s = NOW + 500 * DAY;
	}
	enum hm_profile profile = in->fault == CERT_IS_CA    ? HM_PROFILE_CODE_SIGNING_CA
				  : in->fault == CERT_NO_EKU ? HM_PROFILE_TSA
							     : HM_PROFILE_CODE_SIGNING;
	assert_ok(hm_ext_add_profile(&exts, profile, key, &ca->step_cert, &err), &err);
	add_names(in->fault, &exts);
	if (in->fault != CERT_NO_ISSUER)
		add_issuer(&exts, in->fault == CERT_OLD_ISSUER);
	if (in->fault == CERT_FORGED)
		signer = &in->other_ca.step;
	if (in->fault == CERT_SELF) {
		spec.issuer = spec.subject = name_der(in, "self");
		signer = &in->user;
	}
	spec.exts = hm_buf_str(&exts);
	assert_ok(hm_cert_serial(hm_effects_system(), spec.serial, &err), &err);
	add_scts(in, &spec, &exts);
	spec.exts = hm_buf_str(&exts);
	struct hm_buf der = hm_buf_init(HM_MAX_CERT);
	assert_ok(hm_cert_make(&spec, signer, &der, &err), &err);
	return keep(in, &der);
}

/* Time stamps. */

struct hm_str make_timestamp(struct instance *in, const struct authority *tsa, struct hm_str signature, int64_t time_s,
			     bool with_certs)
{
	struct hm_tsp_request request = { .cert_req = with_certs };
	const struct hm_part part = { signature.ptr, signature.len };
	const struct hm_cert chain[] = { tsa->leaf_cert, tsa->step_cert, tsa->root_cert };
	const struct hm_tsp_authority authority = { &tsa->leaf, chain, 3, HM_OID_SIGSTORE_TSA };
	struct hm_buf reply = hm_buf_init(64 * HM_KIB);
	uint8_t serial[HM_SERIAL_LEN];
	struct hm_err err = { 0 };

	assert_ok(hm_crypto_digest(HM_SHA256, &part, 1, &request.imprint, &err), &err);
	assert_ok(hm_cert_serial(hm_effects_system(), serial, &err), &err);
	assert_ok(hm_tsp_reply(&authority, &request, time_s, serial, &reply, &err), &err);
	if (in->fault == TSA_CUT)
		reply.len--;
	return keep(in, &reply);
}

static void add_timestamps(struct instance *in, struct hm_bundle *bundle)
{
	struct hm_str *stamps = hm_arena_calloc(&in->arena, 2, sizeof(*stamps));
	int64_t time_s = in->fault == TSA_EARLY     ? NOW - 11
			 : in->fault == TSA_LATE    ? NOW + 591
			 : in->fault == TSA_EXPIRED ? NOW + 1001 * DAY
			 : in->fault == CA_EXPIRED  ? NOW + 450 * DAY
						    : NOW;
	struct hm_str over = in->fault == TSA_OTHER_BYTES ? HM_STR("other bytes") : bundle->signature;

	assert_non_null(stamps);
	bundle->timestamps = stamps;
	if (in->fault == NO_TIMESTAMP)
		return;
	/* What the unknown one sends along does not make it known. */
	bool unknown = in->fault == TSA_UNKNOWN;
	stamps[bundle->timestamps_count++] =
	    make_timestamp(in, unknown ? &in->tsa_unknown : &in->tsa, over, time_s, unknown);
	if (in->fault == TSA_TWICE)
		stamps[bundle->timestamps_count++] = stamps[0];
	if (in->fault == TSA_SECOND_UNKNOWN)
		stamps[bundle->timestamps_count++] = make_timestamp(in, &in->tsa_unknown, over, time_s, true);
}

/* Log entries. */

static struct hm_str make_checkpoint(struct instance *in, const char *name, const char *origin,
				     const struct hm_signer *signer, const struct hm_tlog_head *head)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(1000);
	struct hm_buf note = hm_buf_init(4000);
	struct hm_tlog_checkpoint checkpoint = { .origin = hm_str(origin), .head = *head };
	struct hm_err err = { 0 };

	if (in->fault == CHECKPOINT_ORIGIN)
		checkpoint.origin = HM_STR("other.test");
	if (in->fault == CHECKPOINT_ORIGIN_MORE)
		checkpoint.origin = HM_STR(LOG2_NAME " - 17");
	assert_ok(hm_tlog_checkpoint_encode(&checkpoint, &text, &err), &err);
	if (in->fault == CHECKPOINT_KEY)
		signer = &in->log_unknown;
	if (in->fault == CHECKPOINT_NAME)
		name = "other.test";
	assert_ok(hm_tlog_note_sign(hm_buf_str(&text), hm_str(name), signer, &note, &err), &err);
	if (in->fault == CHECKPOINT_WITNESSED)
		assert_ok(
		    hm_tlog_note_add_sig(hm_buf_str(&text), HM_STR("witness.test"), &in->log_unknown, &note, &err),
		    &err);
	if (in->fault == CHECKPOINT_TEXT)
		note.ptr[strlen(origin) + 1] = '7'; /* the size's first digit */
	return keep(in, &note);
}

/* A tree of some leaves with ours among them. */
struct forest {
	struct hm_hash leaves[MAX_LEAVES];
	size_t count;
};

static struct hm_hash forest_root(const struct hm_hash *leaves, size_t count)
{
	struct hm_hash root;
	struct hm_err err = { 0 };

	assert_ok(hm_tlog_root(leaves, count, &root, &err), &err);
	return root;
}

static enum hm_status forest_node(void *ctx, unsigned level, uint64_t index, struct hm_hash *ret_hash,
				  struct hm_err *err)
{
	const struct forest *forest = ctx;

	return hm_tlog_root(&forest->leaves[index << level], (size_t)1 << level, ret_hash, err);
}

struct hm_inclusion_proof *make_proof(struct instance *in, struct hm_str body, const char *name, const char *origin,
				      const struct hm_signer *signer)
{
	struct hm_inclusion_proof *proof = hm_arena_calloc(&in->arena, 1, sizeof(*proof));
	struct hm_str *hashes = hm_arena_calloc(&in->arena, HM_TLOG_MAX_PATH, sizeof(*hashes));
	struct forest forest = { .count = 6 };
	struct hm_tlog_reader reader = { &forest, forest_node };
	struct hm_tlog_path path;
	struct hm_tlog_head head;
	struct hm_err err = { 0 };

	assert_true(proof && hashes);
	for (size_t i = 0; i < forest.count; i++) {
		char other[2] = { 'a', (char)('0' + i) };
		assert_ok(hm_tlog_leaf_hash(i == 4 ? body : hm_str_of(other, 2), &forest.leaves[i], &err), &err);
	}
	assert_ok(hm_tlog_make_inclusion(&reader, 4, forest.count, &path, &err), &err);
	for (size_t i = 0; i < path.count; i++)
		hashes[i] = hm_arena_dup(&in->arena, hm_str_of(path.hash[i].b, HM_HASH_LEN));
	head.size = forest.count;
	head.root = forest_root(forest.leaves, forest.count);
	*proof = (struct hm_inclusion_proof){
		.index = 4,
		.tree_size = 6,
		.root_hash = hm_arena_dup(&in->arena, hm_str_of(head.root.b, HM_HASH_LEN)),
		.hashes = hashes,
		.hashes_count = path.count,
		.checkpoint = make_checkpoint(in, name, origin, signer, &head),
	};
	if (in->fault == PROOF_HASH)
		((char *)hashes[0].ptr)[3] ^= 1;
	if (in->fault == PROOF_SHORT)
		proof->hashes_count--;
	if (in->fault == PROOF_ROOT)
		((char *)proof->root_hash.ptr)[31] ^= 1;
	if (in->fault == PROOF_SIZE)
		proof->tree_size++;
	if (in->fault == NO_CHECKPOINT)
		proof->checkpoint = (struct hm_str){ 0 };
	return proof;
}

/* What the log is told was signed: the bundle's content, or something else. */
static struct hm_log_claim claim_of(struct instance *in, const struct hm_bundle *bundle, enum hm_sig sig)
{
	struct hm_log_claim claim = {
		.content = bundle->content,
		.payload = bundle->dsse.payload,
		.signature = bundle->signature,
		.cert = bundle->material == HM_MATERIAL_CERT ? bundle->certs.ders[0] : (struct hm_str){ 0 },
		.spki = in->user.key.spki,
	};
	struct hm_err err = { 0 };
	enum hm_digest_alg alg;
	struct hm_pae pae;

	if (!hm_key_details_of(&in->user.key, sig, &claim.details))
		claim.details = HM_DETAILS_NONE;
	if (bundle->content == HM_CONTENT_DSSE) {
		hm_pae_init(bundle->dsse.payload_type, bundle->dsse.payload, &pae);
		if (hm_sig_digest(sig, &alg))
			assert_ok(hm_crypto_digest(alg, pae.parts, HM_PAE_PARTS, &claim.digest, &err), &err);
	} else {
		const struct hm_part part = { ARTIFACT, strlen(ARTIFACT) };
		assert_true(hm_sig_digest(sig, &alg));
		assert_ok(hm_crypto_digest(alg, &part, 1, &claim.digest, &err), &err);
	}
	if (in->fault == ENTRY_OTHER_SIGNATURE || in->fault == ENTRY_OTHER_ALL)
		claim.signature = HM_STR("another signature");
	if (in->fault == ENTRY_OTHER_DIGEST || in->fault == ENTRY_OTHER_ALL) {
		claim.digest.b[0] ^= 1;
		claim.payload = HM_STR("another payload");
	}
	if (in->fault == ENTRY_OTHER_KEY || in->fault == ENTRY_OTHER_ALL) {
		if (claim.cert.len > 0)
			claim.cert = in->ca.step_der;
		claim.spki = in->other_user.key.spki;
	}
	if (in->fault == ENTRY_OTHER_DETAILS)
		claim.details = HM_DETAILS_P521_SHA512;
	return claim;
}

static struct hm_log_entry make_v2(struct instance *in, const struct hm_bundle *bundle, enum hm_sig sig)
{
	struct hm_log_claim claim = claim_of(in, bundle, sig);
	struct hm_buf body = hm_buf_init(HM_MAX_LOG_BODY);
	struct hm_err err = { 0 };

	if (in->fault == ENTRY_BODY_JUNK)
		hm_buf_add_cstr(&body, "junk");
	else
		assert_ok(hm_log_body_make(&claim, &body, &err), &err);
	if (in->fault == ENTRY_BODY_KIND)
		memcpy(body.ptr + strlen("{\"apiVersion\":\"0.0."), "3", 1);
	struct hm_log_entry entry = {
		.index = 4,
		.log_id = id_of(in, LOG2_NAME, in->fault == ENTRY_UNKNOWN_LOG ? &in->log_unknown : &in->log2),
		.kind = HM_STR("hashedrekord"),
		.version = HM_STR("0.0.2"),
		.body = keep(in, &body),
	};
	entry.proof = make_proof(in, entry.body, LOG2_NAME, LOG2_NAME, &in->log2);
	if (in->fault == ENTRY_KIND)
		entry.version = HM_STR("0.0.9");
	if (in->fault == ENTRY_KIND_OLD_DSSE)
		entry.kind = HM_STR("dsse");
	if (in->fault == ENTRY_NO_BODY)
		entry.body = (struct hm_str){ 0 };
	if (in->fault == PROOF_INDEX)
		entry.index = 3;
	if (in->fault == PROOF_INDEX_LARGE)
		entry.index = ((struct hm_inclusion_proof *)entry.proof)->index = 6;
	if (in->fault == TIME_UNSIGNED_LATE)
		entry.integrated_time_s = NOW + 601;
	return entry;
}

static void add_base64(struct hm_buf *buf, struct hm_str bytes)
{
	hm_base64_encode(buf, HM_BASE64_STD, bytes.ptr, bytes.len);
}

/* The signer as Rekor v1 has it: Base64 of PEM. */
static void add_pem(struct hm_buf *buf, const struct hm_log_claim *claim)
{
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(HM_MAX_CONFIG_FILE);
	struct hm_str signer = claim->cert.len > 0 ? claim->cert : claim->spki;

	hm_pem_encode(&pem, claim->cert.len > 0 ? "CERTIFICATE" : "PUBLIC KEY", signer);
	add_base64(buf, hm_buf_str(&pem));
}

static void add_hash(struct hm_buf *buf, const struct hm_digest *digest)
{
	hm_buf_addf(buf, "{\"algorithm\":\"%s\",\"value\":\"", hm_digest_name(digest->alg));
	hm_hex_encode(buf, digest->b, digest->len);
	hm_buf_add_cstr(buf, "\"}");
}

static void add_rekord1(struct hm_buf *buf, const struct hm_log_claim *claim)
{
	hm_buf_add_cstr(buf, "{\"apiVersion\":\"0.0.1\",\"kind\":\"hashedrekord\",\"spec\":{\"data\":{\"hash\":");
	add_hash(buf, &claim->digest);
	hm_buf_add_cstr(buf, "},\"signature\":{\"content\":\"");
	add_base64(buf, claim->signature);
	hm_buf_add_cstr(buf, "\",\"publicKey\":{\"content\":\"");
	add_pem(buf, claim);
	hm_buf_add_cstr(buf, "\"}}}}");
}

static void add_dsse1(struct hm_buf *buf, const struct hm_log_claim *claim)
{
	const struct hm_part part = { claim->payload.ptr, claim->payload.len };
	struct hm_digest digest;

	assert_int_equal(hm_crypto_digest(HM_SHA256, &part, 1, &digest, NULL), HM_OK);
	hm_buf_add_cstr(buf, "{\"apiVersion\":\"0.0.1\",\"kind\":\"dsse\",\"spec\":{\"envelopeHash\":");
	add_hash(buf, &digest);
	hm_buf_add_cstr(buf, ",\"payloadHash\":");
	add_hash(buf, &digest);
	hm_buf_add_cstr(buf, ",\"signatures\":[{\"signature\":\"");
	add_base64(buf, claim->signature);
	hm_buf_add_cstr(buf, "\",\"verifier\":\"");
	add_pem(buf, claim);
	hm_buf_add_cstr(buf, "\"}]}}");
}

static struct hm_str make_set(struct instance *in, struct hm_log_entry entry)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE);
	struct hm_buf signature = hm_buf_init(HM_MAX_SIGNATURE);
	struct hm_err err = { 0 };

	if (in->fault == SET_OTHER_BODY)
		entry.body = HM_STR("other");
	if (in->fault == SET_OTHER_INDEX)
		entry.index++;
	if (in->fault == SET_OTHER_TIME)
		entry.integrated_time_s++;
	hm_buf_add_cstr(&text, "{\"body\":\"");
	add_base64(&text, entry.body);
	hm_buf_addf(&text, "\",\"integratedTime\":%lld,\"logID\":\"", (long long)entry.integrated_time_s);
	hm_hex_encode(&text, entry.log_id.ptr, entry.log_id.len);
	hm_buf_addf(&text, "\",\"logIndex\":%lld}", (long long)entry.index);
	const struct hm_signer *signer = in->fault == SET_OTHER_KEY ? &in->ct : &in->log1;
	assert_ok(hm_signer_sign(signer, HM_SIG_ECDSA_SHA256, hm_buf_str(&text), &signature, &err), &err);
	return keep(in, &signature);
}

static struct hm_log_entry make_v1(struct instance *in, const struct hm_bundle *bundle, enum hm_sig sig)
{
	struct hm_log_claim claim = claim_of(in, bundle, sig);
	bool is_dsse = bundle->content == HM_CONTENT_DSSE;
	struct hm_buf body = hm_buf_init(HM_MAX_LOG_BODY);

	if (in->fault == ENTRY_BODY_JUNK)
		hm_buf_add_cstr(&body, "junk");
	else if (is_dsse)
		add_dsse1(&body, &claim);
	else
		add_rekord1(&body, &claim);
	if (in->fault == ENTRY_BODY_KIND)
		memcpy(body.ptr + strlen("{\"apiVersion\":\"0.0."), "3", 1);
	struct hm_log_entry entry = {
		.index = 1004, /* over all trees */
		.log_id = id_of(in, LOG1_NAME, in->fault == ENTRY_UNKNOWN_LOG ? &in->log_unknown : &in->log1),
		.kind = is_dsse ? HM_STR("dsse") : HM_STR("hashedrekord"),
		.version = HM_STR("0.0.1"),
		.integrated_time_s = in->fault == SET_LATE ? NOW + 591 : NOW,
		.body = keep(in, &body),
	};
	if (in->fault == CERT_EXPIRED || in->fault == CERT_NOT_YET)
		entry.integrated_time_s = NOW;
	if (in->fault == TIME_UNSIGNED_LATE)
		entry.integrated_time_s = NOW + 601;
	entry.proof = make_proof(in, entry.body, LOG1_NAME, LOG1_NAME " - 4711", &in->log1);
	if (in->fault == PROOF_INDEX)
		((struct hm_inclusion_proof *)entry.proof)->index = 3;
	if (in->fault == PROOF_INDEX_LARGE)
		((struct hm_inclusion_proof *)entry.proof)->index = 6;
	if (in->fault != NO_SET && in->fault != TIME_UNSIGNED_LATE)
		entry.promise = make_set(in, entry);
	if (in->fault == ENTRY_KIND)
		entry.version = HM_STR("0.0.9");
	if (in->fault == ENTRY_NO_BODY)
		entry.body = (struct hm_str){ 0 };
	return entry;
}

struct hm_str make_statement(struct instance *in)
{
	struct hm_buf text = hm_buf_init(10000);
	const struct hm_part part = { ARTIFACT, strlen(ARTIFACT) };
	struct hm_digest digest;
	enum hm_digest_alg alg = in->fault == SUBJECT_SHA512 ? HM_SHA512 : HM_SHA256;

	assert_int_equal(hm_crypto_digest(alg, &part, 1, &digest, NULL), HM_OK);
	if (in->fault == SUBJECT_OTHER)
		digest.b[5] ^= 1;
	hm_buf_addf(&text, "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[");
	if (in->fault == SUBJECT_SECOND)
		hm_buf_add_cstr(&text, "{\"name\":\"first\",\"digest\":{\"sha256\":\"00\",\"gitCommit\":\"abc\"}},");
	hm_buf_addf(&text, "{\"name\":\"artifact\",\"digest\":{\"%s\":\"",
		    in->fault == SUBJECT_OTHER_ALG ? "sha3_256" : hm_digest_name(alg));
	hm_hex_encode(&text, digest.b, digest.len);
	hm_buf_addf(&text, "\"}}],\"predicateType\":\"https://example.com/%s\",\"predicate\":{\"a\":[1,2.5]}}",
		    in->fault == ENTRY_OTHER_DIGEST ? "other" : "predicate");
	if (in->fault == PAYLOAD_JUNK)
		text.len = 20;
	if (in->fault == PAYLOAD_NO_STATEMENT)
		memcpy(strstr(text.ptr, "Statement"), "Spatement", 9);
	return keep(in, &text);
}

static enum hm_sig sig_of(const struct instance *in, const struct recipe *r)
{
	if (r->has_sig)
		return r->sig;
	if (in->user.key.kind == HM_KEY_ED25519 && r->content == HM_CONTENT_MESSAGE)
		return HM_SIG_ED25519PH;
	return hm_key_sig(&in->user.key);
}

static void sign_content(struct instance *in, const struct recipe *r, struct hm_bundle *bundle)
{
	const struct hm_signer *signer = in->fault == SIG_OTHER_KEY ? &in->other_user : &in->user;
	const struct hm_part message = { ARTIFACT, strlen(ARTIFACT) };
	struct hm_buf signature = hm_buf_init(HM_MAX_SIGNATURE);
	enum hm_sig sig = sig_of(in, r);
	struct hm_err err = { 0 };
	enum hm_digest_alg alg;
	struct hm_pae pae;

	if (r->content == HM_CONTENT_DSSE) {
		bundle->dsse.payload_type = in->fault == PAYLOAD_TYPE ? HM_STR("application/json") : HM_DSSE_IN_TOTO;
		bundle->dsse.payload = make_statement(in);
		hm_pae_init(bundle->dsse.payload_type, bundle->dsse.payload, &pae);
		assert_ok(hm_signer_sign_parts(signer, sig, pae.parts, HM_PAE_PARTS, &signature, &err), &err);
	} else {
		assert_ok(hm_signer_sign_parts(signer, sig, &message, 1, &signature, &err), &err);
		assert_true(hm_sig_digest(sig, &alg));
		bundle->has_digest = in->fault != NO_DIGEST_HINT;
		if (in->fault == DIGEST_HINT_ALG)
			alg = HM_SHA384;
		assert_ok(hm_crypto_digest(alg, &message, 1, &bundle->digest, &err), &err);
		if (in->fault == DIGEST_HINT)
			bundle->digest.b[0] ^= 1;
	}
	if (in->fault == SIG_FLIPPED)
		signature.ptr[signature.len - 1] ^= 1;
	bundle->signature = keep(in, &signature);
	bundle->dsse.signature = bundle->signature;
}

static void add_entries(struct instance *in, const struct recipe *r, struct hm_bundle *bundle)
{
	struct hm_log_entry *entries = hm_arena_calloc(&in->arena, 2, sizeof(*entries));
	enum hm_sig sig = sig_of(in, r);

	assert_non_null(entries);
	bundle->entries = entries;
	if (in->fault == NO_ENTRY)
		return;
	entries[bundle->entries_count++] = r->log == V1 ? make_v1(in, bundle, sig) : make_v2(in, bundle, sig);
	if (in->fault == ENTRY_TWICE)
		entries[bundle->entries_count++] = entries[0];
	if (in->fault == ENTRY_TWO_LOGS)
		entries[bundle->entries_count++] = r->log == V1 ? make_v2(in, bundle, sig) : make_v1(in, bundle, sig);
}

struct hm_bundle make_bundle(struct instance *in, const struct recipe *r, enum fault fault)
{
	struct hm_bundle bundle = { .version = HM_BUNDLE_V03, .material = r->material, .content = r->content };
	struct hm_str *certs = hm_arena_calloc(&in->arena, 2, sizeof(*certs));

	assert_non_null(certs);
	in->fault = fault;
	if (r->material == HM_MATERIAL_CERT) {
		certs[0] = make_cert(in, &in->user.key);
		bundle.certs = (struct hm_cert_chain){ certs, 1 };
		if (fault == CERT_WITH_ROOT || fault == CERT_CHAIN) {
			certs[1] = fault == CERT_CHAIN ? in->ca.step_der : in->ca.root_der;
			bundle.certs.count = 2;
			bundle.version = HM_BUNDLE_V02;
		}
	} else {
		bundle.key_hint = HM_STR("the hint");
		bundle.dsse.keyid = fault == KEYID ? HM_STR("another hint") : bundle.key_hint;
	}
	sign_content(in, r, &bundle);
	if (r->log == V2)
		add_timestamps(in, &bundle);
	add_entries(in, r, &bundle);
	if (fault == SIG_EMPTY)
		bundle.signature = bundle.dsse.signature = (struct hm_str){ 0 };
	return bundle;
}
