#include "sigstore/bundle.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "sigstore/json.h"

struct hint_doc {
	struct hm_str hint;
};

struct timestamps_doc {
	struct hm_str *v;
	size_t count;
};

struct digest_doc {
	struct hm_str algorithm, digest;
};

struct message_doc {
	struct digest_doc *digest;
	struct hm_str signature;
};

struct material_doc {
	struct hint_doc *key;
	struct hm_cert_chain *chain;
	struct hm_str *cert;
	struct hm_log_entry *entries;
	size_t entries_count;
	struct timestamps_doc timestamps;
};

struct bundle_doc {
	struct hm_str media_type;
	struct material_doc *material;
	struct message_doc *message;
	struct hm_dsse_doc *dsse;
};

static const struct hm_json_field hint_fields[] = {
	{ "hint", HM_JSON_STR, offsetof(struct hint_doc, hint) },
};
static const struct hm_json_table hint_table = HM_JSON_TABLE(struct hint_doc, hint_fields);

static const struct hm_json_field timestamp_fields[] = {
	{ "signedTimestamp", HM_JSON_BASE64_LINES, 0, HM_REQUIRED | HM_NOT_EMPTY },
};
static const struct hm_json_table timestamp_table = HM_JSON_TABLE(struct hm_str, timestamp_fields);

static const struct hm_json_field timestamps_fields[] = {
	{ "rfc3161Timestamps", HM_JSON_ARRAY, offsetof(struct timestamps_doc, v), .of = HM_JSON_OBJECT,
	  .table = &timestamp_table, .count = offsetof(struct timestamps_doc, count), .max = HM_MAX_BUNDLE_TIMESTAMPS },
};
static const struct hm_json_table timestamps_table = HM_JSON_TABLE(struct timestamps_doc, timestamps_fields);

static const struct hm_json_field digest_fields[] = {
	{ "algorithm", HM_JSON_STR, offsetof(struct digest_doc, algorithm) },
	{ "digest", HM_JSON_BASE64_LINES, offsetof(struct digest_doc, digest) },
};
static const struct hm_json_table digest_table = HM_JSON_TABLE(struct digest_doc, digest_fields);

static const struct hm_json_field message_fields[] = {
	{ "messageDigest", HM_JSON_OBJECT_PTR, offsetof(struct message_doc, digest), .table = &digest_table },
	{ "signature", HM_JSON_BASE64_LINES, offsetof(struct message_doc, signature), HM_REQUIRED },
};
static const struct hm_json_table message_table = HM_JSON_TABLE(struct message_doc, message_fields);

static const struct hm_json_field material_fields[] = {
	{ "publicKey", HM_JSON_OBJECT_PTR, offsetof(struct material_doc, key), .table = &hint_table },
	{ "x509CertificateChain", HM_JSON_OBJECT_PTR, offsetof(struct material_doc, chain),
	  .table = &hm_cert_chain_table },
	{ "certificate", HM_JSON_OBJECT_PTR, offsetof(struct material_doc, cert), .table = &hm_raw_bytes_table },
	{ "tlogEntries", HM_JSON_ARRAY, offsetof(struct material_doc, entries), .of = HM_JSON_OBJECT,
	  .table = &hm_log_entry_table, .count = offsetof(struct material_doc, entries_count),
	  .max = HM_MAX_BUNDLE_ENTRIES },
	{ "timestampVerificationData", HM_JSON_OBJECT, offsetof(struct material_doc, timestamps),
	  .table = &timestamps_table },
};
static const struct hm_json_table material_table = HM_JSON_TABLE(struct material_doc, material_fields);

static const struct hm_json_field bundle_fields[] = {
	{ "mediaType", HM_JSON_STR, offsetof(struct bundle_doc, media_type), HM_REQUIRED },
	{ "verificationMaterial", HM_JSON_OBJECT_PTR, offsetof(struct bundle_doc, material), .table = &material_table },
	{ "messageSignature", HM_JSON_OBJECT_PTR, offsetof(struct bundle_doc, message), .table = &message_table },
	{ "dsseEnvelope", HM_JSON_OBJECT_PTR, offsetof(struct bundle_doc, dsse), .table = &hm_dsse_table },
};
static const struct hm_json_table bundle_table = HM_JSON_TABLE(struct bundle_doc, bundle_fields);

/*
 * sigstore_bundle.proto: "MUST be application/vnd.dev.sigstore.bundle.v0.3+json"; "Clients must to be able to accept
 * media type using the previously defined formats"; the new spelling of the older versions occurs too
 */
static const struct {
	const char *media_type;
	enum hm_bundle_version version;
} versions[] = {
	{ "application/vnd.dev.sigstore.bundle.v0.3+json", HM_BUNDLE_V03 },
	{ "application/vnd.dev.sigstore.bundle+json;version=0.3", HM_BUNDLE_V03 },
	{ "application/vnd.dev.sigstore.bundle+json;version=0.2", HM_BUNDLE_V02 },
	{ "application/vnd.dev.sigstore.bundle+json;version=0.1", HM_BUNDLE_V01 },
	{ "application/vnd.dev.sigstore.bundle.v0.2+json", HM_BUNDLE_V02 },
	{ "application/vnd.dev.sigstore.bundle.v0.1+json", HM_BUNDLE_V01 },
};

static enum hm_status take_version(struct hm_str type, struct hm_bundle *bundle, struct hm_err *err)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (hm_str_is(type, versions[i].media_type)) {
			bundle->version = versions[i].version;
			return HM_OK;
		}
	}
	return hm_fail(err, HM_R_BUNDLE_VERSION, "'%.*s' is no bundle of a known version",
		       HM_STR_ARG(hm_str_head(type, 100)));
}

/* Exactly one of the three, as a protobuf oneof has it; the chain only where the version knows it. */
static enum hm_status take_material(const struct material_doc *doc, struct hm_bundle *bundle, struct hm_err *err)
{
	int given = doc ? !!doc->key + !!doc->chain + !!doc->cert : 0;

	if (given != 1)
		return hm_fail(err, HM_R_BUNDLE_MATERIAL,
			       "a bundle with %s of certificate, certificate chain and public key",
			       given == 0 ? "none" : "more than one");
	if (doc->key) {
		bundle->material = HM_MATERIAL_KEY;
		bundle->key_hint = doc->key->hint;
		return HM_OK;
	}
	bundle->material = HM_MATERIAL_CERT;
	if (doc->cert) {
		bundle->certs = (struct hm_cert_chain){ doc->cert, 1 };
		return HM_OK;
	}
	/* "When used in a `0.3` bundle with the PGI and "keyless" signing, form (3) MUST be used." */
	if (bundle->version >= HM_BUNDLE_V03)
		return hm_fail(err, HM_R_BUNDLE_MATERIAL, "a certificate chain in a bundle of version 0.3");
	if (doc->chain->count == 0)
		return hm_fail(err, HM_R_BUNDLE_MATERIAL, "an empty certificate chain");
	bundle->certs = *doc->chain;
	return HM_OK;
}

static enum hm_status take_message(const struct message_doc *doc, struct hm_bundle *bundle, struct hm_err *err)
{
	bundle->content = HM_CONTENT_MESSAGE;
	bundle->signature = doc->signature;
	/* cosign writes an empty one where it signed the message itself */
	if (!doc->digest || (doc->digest->algorithm.len == 0 && doc->digest->digest.len == 0))
		return HM_OK;
	if (!hm_hash_algorithm_from_name(doc->digest->algorithm, &bundle->digest.alg))
		return hm_fail(err, HM_R_BUNDLE_CONTENT, "a message digest by '%.*s'",
			       HM_STR_ARG(hm_str_head(doc->digest->algorithm, 40)));
	bundle->digest.len = hm_digest_len(bundle->digest.alg);
	if (doc->digest->digest.len != bundle->digest.len)
		return hm_fail(err, HM_R_BUNDLE_CONTENT, "a message digest of %zu bytes by '%.*s'",
			       doc->digest->digest.len, HM_STR_ARG(doc->digest->algorithm));
	memcpy(bundle->digest.b, doc->digest->digest.ptr, bundle->digest.len);
	bundle->has_digest = true;
	return HM_OK;
}

static enum hm_status take_content(const struct bundle_doc *doc, struct hm_bundle *bundle, struct hm_err *err)
{
	enum hm_status st;

	if (!doc->message == !doc->dsse)
		return hm_fail(err, HM_R_BUNDLE_CONTENT, "a bundle with %s message signature %s DSSE envelope",
			       doc->dsse ? "both" : "neither", doc->dsse ? "and" : "nor");
	if (doc->message) {
		st = take_message(doc->message, bundle, err);
	} else {
		bundle->content = HM_CONTENT_DSSE;
		st = hm_dsse_take(doc->dsse, &bundle->dsse, err);
		bundle->signature = bundle->dsse.signature;
	}
	if (st == HM_OK && bundle->signature.len == 0)
		return hm_fail(err, HM_R_BUNDLE_CONTENT, "a bundle with an empty signature");
	/* "the key hints MUST be exactly the same in the verification material and in the DSSE envelope"; cosign leaves
	 * the envelope's out, and takes one that is there for the name that DSSE's own library gives the key. */
	if (st == HM_OK && bundle->content == HM_CONTENT_DSSE && bundle->material == HM_MATERIAL_KEY &&
	    bundle->dsse.keyid.len > 0 && !hm_str_eq(bundle->dsse.keyid, bundle->key_hint))
		return hm_fail(err, HM_R_BUNDLE_KEYID, "the envelope's key id '%.*s' is not the bundle's hint '%.*s'",
			       HM_STR_ARG(hm_str_head(bundle->dsse.keyid, 80)),
			       HM_STR_ARG(hm_str_head(bundle->key_hint, 80)));
	return st;
}

/* What each version wants of a log entry. Whether a proof has its checkpoint is looked at with the proof. */
static enum hm_status check_entry(enum hm_bundle_version version, const struct hm_log_entry *entry, struct hm_err *err)
{
	enum hm_status st = hm_log_entry_check(entry, err);

	if (st != HM_OK)
		return st;
	/* "v0.1 bundles … may contain an inclusion promise and not an inclusion proof" */
	if (version == HM_BUNDLE_V01 && entry->promise.len == 0)
		return hm_fail(err, HM_R_BUNDLE_PROMISE, "a bundle of version 0.1 without a signed entry timestamp");
	if (version >= HM_BUNDLE_V02 && !entry->proof)
		return hm_fail(err, HM_R_BUNDLE_PROOF, "a log entry without inclusion proof");
	return HM_OK;
}

static enum hm_status take_entries(const struct material_doc *doc, struct hm_bundle *bundle, struct hm_err *err)
{
	for (size_t i = 0; i < doc->entries_count; i++) {
		enum hm_status st = check_entry(bundle->version, &doc->entries[i], err);
		if (st != HM_OK)
			return hm_while(err, st, "log entry %zu", i + 1);
		for (size_t j = 0; j < i; j++) {
			if (doc->entries[i].index == doc->entries[j].index &&
			    hm_str_eq(doc->entries[i].log_id, doc->entries[j].log_id))
				return hm_fail(err, HM_R_BUNDLE_DUPLICATE, "log entries %zu and %zu are the same",
					       j + 1, i + 1);
		}
	}
	bundle->entries = doc->entries;
	bundle->entries_count = doc->entries_count;
	return HM_OK;
}

static enum hm_status take_timestamps(const struct material_doc *doc, struct hm_bundle *bundle, struct hm_err *err)
{
	for (size_t i = 0; i < doc->timestamps.count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (hm_str_eq(doc->timestamps.v[i], doc->timestamps.v[j]))
				return hm_fail(err, HM_R_BUNDLE_DUPLICATE, "time stamps %zu and %zu are the same",
					       j + 1, i + 1);
		}
	}
	bundle->timestamps = doc->timestamps.v;
	bundle->timestamps_count = doc->timestamps.count;
	return HM_OK;
}

/* A later version may have fields that are unknown: that it is another version then says more. */
static bool is_other_version(struct hm_str text)
{
	static const struct hm_json_field fields[] = { { "mediaType", HM_JSON_STR, 0, HM_REQUIRED } };
	static const struct hm_json_table table = HM_JSON_TABLE(struct hm_str, fields);
	const struct hm_decode_opts opts = { .json = { .max_size = HM_MAX_BUNDLE }, .ignore_unknown = true };
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MAX_BUNDLE);
	struct hm_bundle unused = { 0 };
	struct hm_str type;

	return hm_json_decode(text, &table, &opts, &arena, &type, NULL) == HM_OK &&
	       take_version(type, &unused, NULL) != HM_OK;
}

static enum hm_status decode(struct hm_str text, struct hm_bundle *bundle, struct bundle_doc *doc, struct hm_err *err)
{
	const struct hm_decode_opts opts = { .json = { .max_size = HM_MAX_BUNDLE, .borrow = true },
					     .proto_json = true };

	enum hm_status st = hm_json_decode(text, &bundle_table, &opts, &bundle->arena, doc, err);
	if (st == HM_EPARSE && is_other_version(text))
		return hm_fail(err, HM_R_BUNDLE_VERSION, "a bundle of a version that is not known");
	return st == HM_OK ? take_version(doc->media_type, bundle, err) : st;
}

enum hm_status hm_bundle_parse(struct hm_str text, struct hm_bundle *ret_bundle, struct hm_err *err)
{
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { .arena = hm_arena_init(4 * HM_MAX_BUNDLE) };
	struct bundle_doc doc = { 0 };

	enum hm_status st = decode(text, &bundle, &doc, err);
	if (st == HM_OK)
		st = take_material(doc.material, &bundle, err);
	if (st == HM_OK)
		st = take_content(&doc, &bundle, err);
	if (st == HM_OK)
		st = take_entries(doc.material, &bundle, err);
	if (st == HM_OK)
		st = take_timestamps(doc.material, &bundle, err);
	if (st != HM_OK)
		return st;
	HM_PLANT(bundle.content == HM_CONTENT_MESSAGE && bundle.signature.len < 8 && bundle.signature.ptr[0] != 's');
	*ret_bundle = bundle;
	bundle = (struct hm_bundle){ 0 };
	return HM_OK;
}

void hm_bundle_done(struct hm_bundle *bundle)
{
	if (!bundle)
		return;
	hm_arena_done(&bundle->arena);
	*bundle = (struct hm_bundle){ 0 };
}

static void write_material(const struct hm_bundle *bundle, struct hm_json_writer *w)
{
	hm_json_key(w, "verificationMaterial");
	hm_json_object(w);
	if (bundle->material == HM_MATERIAL_CERT) {
		hm_raw_bytes_write(w, "certificate", bundle->certs.ders[0]);
	} else {
		hm_json_key(w, "publicKey");
		hm_json_object(w);
		hm_json_member_str(w, "hint", bundle->key_hint);
		hm_json_object_end(w);
	}
	hm_json_key(w, "tlogEntries");
	hm_json_array(w);
	for (size_t i = 0; i < bundle->entries_count; i++)
		hm_log_entry_write(&bundle->entries[i], w);
	hm_json_array_end(w);
	hm_json_key(w, "timestampVerificationData");
	hm_json_object(w);
	hm_json_key(w, "rfc3161Timestamps");
	hm_json_array(w);
	for (size_t i = 0; i < bundle->timestamps_count; i++) {
		hm_json_object(w);
		hm_json_member_base64(w, "signedTimestamp", bundle->timestamps[i].ptr, bundle->timestamps[i].len);
		hm_json_object_end(w);
	}
	hm_json_array_end(w);
	hm_json_object_end(w);
	hm_json_object_end(w);
}

static void write_message(const struct hm_bundle *bundle, struct hm_json_writer *w)
{
	hm_json_object(w);
	if (bundle->has_digest) {
		hm_json_key(w, "messageDigest");
		hm_json_object(w);
		hm_json_member_cstr(w, "algorithm", hm_hash_algorithm_name(bundle->digest.alg));
		hm_json_member_base64(w, "digest", bundle->digest.b, bundle->digest.len);
		hm_json_object_end(w);
	}
	hm_json_member_base64(w, "signature", bundle->signature.ptr, bundle->signature.len);
	hm_json_object_end(w);
}

enum hm_status hm_bundle_encode(const struct hm_bundle *bundle, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	if (bundle->material == HM_MATERIAL_CERT && bundle->certs.count != 1)
		return hm_fail(err, HM_R_USAGE, "a bundle of version 0.3 with %zu certificates", bundle->certs.count);
	hm_json_object(&w);
	hm_json_member_cstr(&w, "mediaType", versions[0].media_type);
	write_material(bundle, &w);
	if (bundle->content == HM_CONTENT_MESSAGE) {
		hm_json_key(&w, "messageSignature");
		write_message(bundle, &w);
	} else {
		hm_json_key(&w, "dsseEnvelope");
		hm_dsse_write(&bundle->dsse, &w);
	}
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "bundle", err);
}
