#include "sigstore/trusted_root.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "sigstore/json.h"

#include <stdio.h>

/* Of a log: its key. */
struct key_doc {
	struct hm_str der, details;
	struct hm_time_range valid_for;
};

struct log_doc {
	struct hm_str base_url, hash_algorithm, id, checkpoint_id, operator_name;
	struct key_doc key;
};

struct name_doc {
	struct hm_str organization, common_name;
};

struct authority_doc {
	struct name_doc subject;
	struct hm_str uri, operator_name;
	struct hm_cert_chain chain;
	struct hm_time_range valid_for;
};

struct root_doc {
	struct hm_str media_type;
	struct log_doc *tlogs, *ctlogs;
	size_t tlogs_count, ctlogs_count;
	struct authority_doc *cas, *tsas;
	size_t cas_count, tsas_count;
};

static const struct hm_json_field key_fields[] = {
	{ "rawBytes", HM_JSON_BASE64, offsetof(struct key_doc, der), HM_REQUIRED | HM_NOT_EMPTY },
	{ "keyDetails", HM_JSON_STR, offsetof(struct key_doc, details) },
	{ "validFor", HM_JSON_OBJECT, offsetof(struct key_doc, valid_for), .table = &hm_time_range_table },
};
static const struct hm_json_table key_table = HM_JSON_TABLE(struct key_doc, key_fields);

static const struct hm_json_field log_fields[] = {
	{ "baseUrl", HM_JSON_STR, offsetof(struct log_doc, base_url) },
	{ "hashAlgorithm", HM_JSON_STR, offsetof(struct log_doc, hash_algorithm) },
	{ "publicKey", HM_JSON_OBJECT, offsetof(struct log_doc, key), HM_REQUIRED, .table = &key_table },
	{ "logId", HM_JSON_OBJECT, offsetof(struct log_doc, id), .table = &hm_key_id_table },
	{ "checkpointKeyId", HM_JSON_OBJECT, offsetof(struct log_doc, checkpoint_id), .table = &hm_key_id_table },
	{ "operator", HM_JSON_STR, offsetof(struct log_doc, operator_name) },
};
static const struct hm_json_table log_table = HM_JSON_TABLE(struct log_doc, log_fields);

static const struct hm_json_field name_fields[] = {
	{ "organization", HM_JSON_STR, offsetof(struct name_doc, organization) },
	{ "commonName", HM_JSON_STR, offsetof(struct name_doc, common_name) },
};
static const struct hm_json_table name_table = HM_JSON_TABLE(struct name_doc, name_fields);

static const struct hm_json_field authority_fields[] = {
	{ "subject", HM_JSON_OBJECT, offsetof(struct authority_doc, subject), .table = &name_table },
	{ "uri", HM_JSON_STR, offsetof(struct authority_doc, uri) },
	{ "certChain", HM_JSON_OBJECT, offsetof(struct authority_doc, chain), .table = &hm_cert_chain_table },
	{ "validFor", HM_JSON_OBJECT, offsetof(struct authority_doc, valid_for), .table = &hm_time_range_table },
	{ "operator", HM_JSON_STR, offsetof(struct authority_doc, operator_name) },
};
static const struct hm_json_table authority_table = HM_JSON_TABLE(struct authority_doc, authority_fields);

#define LIST(name, member, what)                                                                                       \
	{                                                                                                              \
		name, HM_JSON_ARRAY, offsetof(struct root_doc, member),                                                \
		    .of = HM_JSON_OBJECT, .table = &what##_table, .count = offsetof(struct root_doc, member##_count),  \
		    .max = HM_MAX_TRUSTED                                                                              \
	}

static const struct hm_json_field root_fields[] = {
	{ "mediaType", HM_JSON_STR, offsetof(struct root_doc, media_type), HM_REQUIRED },
	LIST("tlogs", tlogs, log),
	LIST("certificateAuthorities", cas, authority),
	LIST("ctlogs", ctlogs, log),
	LIST("timestampAuthorities", tsas, authority),
};
static const struct hm_json_table root_table = HM_JSON_TABLE(struct root_doc, root_fields);

static const char *const media_types[] = {
	[HM_TRUSTED_ROOT_OLD] = "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
	[HM_TRUSTED_ROOT_V01] = "application/vnd.dev.sigstore.trustedroot.v0.1+json",
	[HM_TRUSTED_ROOT_V02] = "application/vnd.dev.sigstore.trustedroot.v0.2+json",
};

static bool find_media(struct hm_str type, enum hm_trusted_root_media *ret_media)
{
	for (size_t i = 0; i < sizeof(media_types) / sizeof(media_types[0]); i++) {
		if (hm_str_is(type, media_types[i])) {
			*ret_media = (enum hm_trusted_root_media)i;
			return true;
		}
	}
	return false;
}

static enum hm_status take_logs(const char *kind, const struct log_doc *docs, size_t count,
				struct hm_trusted_log **ret_logs, struct hm_arena *arena, struct hm_err *err)
{
	struct hm_trusted_log *logs = hm_arena_calloc(arena, count, sizeof(*logs));
	char what[48];

	for (size_t i = 0; logs && i < count; i++) {
		const struct log_doc *d = &docs[i];
		snprintf(what, sizeof(what), "%s[%zu]", kind, i);
		enum hm_status st = hm_time_range_check(&d->key.valid_for, what, err);
		if (st != HM_OK)
			return st;
		logs[i] = (struct hm_trusted_log){
			.base_url = d->base_url,
			.hash_algorithm = d->hash_algorithm,
			.key_der = d->key.der,
			.key_details = d->key.details,
			.valid_for = d->key.valid_for,
			.id = d->id,
			.checkpoint_id = d->checkpoint_id,
			.operator_name = d->operator_name,
		};
		HM_PLANT(logs[i].id.len > 0 && logs[i].base_url.len % 4 == 3);
	}
	*ret_logs = logs;
	return hm_arena_check(arena, "trust root", err);
}

static enum hm_status take_authorities(const char *kind, const struct authority_doc *docs, size_t count,
				       struct hm_trusted_authority **ret_authorities, struct hm_arena *arena,
				       struct hm_err *err)
{
	struct hm_trusted_authority *authorities = hm_arena_calloc(arena, count, sizeof(*authorities));
	char what[48];

	for (size_t i = 0; authorities && i < count; i++) {
		const struct authority_doc *d = &docs[i];
		snprintf(what, sizeof(what), "%s[%zu]", kind, i);
		if (d->chain.count == 0)
			return hm_fail(err, HM_R_TRUST_CHAIN, "%s has no certificates", what);
		enum hm_status st = hm_time_range_check(&d->valid_for, what, err);
		if (st != HM_OK)
			return st;
		authorities[i] = (struct hm_trusted_authority){
			.organization = d->subject.organization,
			.common_name = d->subject.common_name,
			.uri = d->uri,
			.chain = d->chain,
			.valid_for = d->valid_for,
			.operator_name = d->operator_name,
		};
	}
	*ret_authorities = authorities;
	return hm_arena_check(arena, "trust root", err);
}

static enum hm_status take(const struct root_doc *doc, struct hm_trusted_root *root, struct hm_err *err)
{
	struct hm_arena *arena = &root->arena;

	if (!find_media(doc->media_type, &root->media))
		return hm_fail(err, HM_R_TRUST_MEDIA_TYPE, "'%.*s' is no trust root that is known",
			       HM_STR_ARG(hm_str_head(doc->media_type, 100)));
	root->tlogs_count = doc->tlogs_count;
	root->ctlogs_count = doc->ctlogs_count;
	root->cas_count = doc->cas_count;
	root->tsas_count = doc->tsas_count;
	enum hm_status st = take_logs("tlogs", doc->tlogs, doc->tlogs_count, &root->tlogs, arena, err);
	if (st == HM_OK)
		st = take_authorities("certificateAuthorities", doc->cas, doc->cas_count, &root->cas, arena, err);
	if (st == HM_OK)
		st = take_logs("ctlogs", doc->ctlogs, doc->ctlogs_count, &root->ctlogs, arena, err);
	if (st == HM_OK)
		st = take_authorities("timestampAuthorities", doc->tsas, doc->tsas_count, &root->tsas, arena, err);
	return st;
}

enum hm_status hm_trusted_root_parse(struct hm_str text, struct hm_trusted_root *ret_root, struct hm_err *err)
{
	HM_OWN(hm_trusted_root_done) struct hm_trusted_root root = { .arena = hm_arena_init(8 * HM_MAX_TRUSTED_ROOT) };
	const struct hm_decode_opts opts = { .json = { .max_size = HM_MAX_TRUSTED_ROOT }, .proto_json = true };
	struct root_doc doc = { 0 };

	enum hm_status st = hm_json_decode(text, &root_table, &opts, &root.arena, &doc, err);
	if (st == HM_OK)
		st = take(&doc, &root, err);
	if (st != HM_OK)
		return st;
	*ret_root = root;
	root = (struct hm_trusted_root){ 0 };
	return HM_OK;
}

void hm_trusted_root_done(struct hm_trusted_root *root)
{
	if (!root)
		return;
	hm_arena_done(&root->arena);
	*root = (struct hm_trusted_root){ 0 };
}

static void write_logs(const char *name, const struct hm_trusted_root *root, const struct hm_trusted_log *logs,
		       size_t count, struct hm_json_writer *w)
{
	bool is_v02 = root->media == HM_TRUSTED_ROOT_V02;

	hm_json_key(w, name);
	hm_json_array(w);
	for (size_t i = 0; i < count; i++) {
		hm_json_object(w);
		hm_json_member_str_if(w, "baseUrl", logs[i].base_url);
		hm_json_member_str_if(w, "hashAlgorithm", logs[i].hash_algorithm);
		hm_json_key(w, "publicKey");
		hm_json_object(w);
		hm_json_member_base64(w, "rawBytes", logs[i].key_der.ptr, logs[i].key_der.len);
		hm_json_member_str_if(w, "keyDetails", logs[i].key_details);
		hm_json_key(w, "validFor");
		hm_time_range_encode(&logs[i].valid_for, w);
		hm_json_object_end(w);
		hm_key_id_write(w, "logId", logs[i].id);
		if (is_v02 && logs[i].checkpoint_id.len > 0)
			hm_key_id_write(w, "checkpointKeyId", logs[i].checkpoint_id);
		if (is_v02)
			hm_json_member_str_if(w, "operator", logs[i].operator_name);
		hm_json_object_end(w);
	}
	hm_json_array_end(w);
}

static void write_authorities(const char *name, const struct hm_trusted_root *root,
			      const struct hm_trusted_authority *authorities, size_t count, struct hm_json_writer *w)
{
	hm_json_key(w, name);
	hm_json_array(w);
	for (size_t i = 0; i < count; i++) {
		const struct hm_trusted_authority *a = &authorities[i];
		hm_json_object(w);
		hm_json_key(w, "subject");
		hm_json_object(w);
		hm_json_member_str_if(w, "organization", a->organization);
		hm_json_member_str_if(w, "commonName", a->common_name);
		hm_json_object_end(w);
		hm_json_member_str_if(w, "uri", a->uri);
		hm_cert_chain_write(w, "certChain", &a->chain);
		hm_json_key(w, "validFor");
		hm_time_range_encode(&a->valid_for, w);
		if (root->media == HM_TRUSTED_ROOT_V02)
			hm_json_member_str_if(w, "operator", a->operator_name);
		hm_json_object_end(w);
	}
	hm_json_array_end(w);
}

void hm_trusted_root_write(const struct hm_trusted_root *root, struct hm_json_writer *w)
{
	hm_json_object(w);
	hm_json_member_cstr(w, "mediaType", media_types[root->media]);
	write_logs("tlogs", root, root->tlogs, root->tlogs_count, w);
	write_authorities("certificateAuthorities", root, root->cas, root->cas_count, w);
	write_logs("ctlogs", root, root->ctlogs, root->ctlogs_count, w);
	write_authorities("timestampAuthorities", root, root->tsas, root->tsas_count, w);
	hm_json_object_end(w);
}

enum hm_status hm_trusted_root_encode(const struct hm_trusted_root *root, const struct hm_json_style *style,
				      struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, style);

	hm_trusted_root_write(root, &w);
	return hm_json_writer_check(&w, "trust root", err);
}
