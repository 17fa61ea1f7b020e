#include "sigstore/dsse.h"

#include "base/limits.h"
#include "base/plant.h"

#include <stdio.h>

struct hm_dsse_sig {
	struct hm_str sig, keyid;
};

static const struct hm_json_field sig_fields[] = {
	{ "sig", HM_JSON_BASE64_LINES, offsetof(struct hm_dsse_sig, sig), HM_REQUIRED },
	{ "keyid", HM_JSON_STR, offsetof(struct hm_dsse_sig, keyid) },
};
static const struct hm_json_table sig_table = HM_JSON_TABLE(struct hm_dsse_sig, sig_fields);

/* Bundles have one signature; a few more are read so that the refusal can say how many there were. */
#define SIGS_READ 64

static const struct hm_json_field dsse_fields[] = {
	{ "payload", HM_JSON_BASE64_LINES, offsetof(struct hm_dsse_doc, payload), HM_REQUIRED },
	{ "payloadType", HM_JSON_STR, offsetof(struct hm_dsse_doc, payload_type), HM_REQUIRED },
	{ "signatures", HM_JSON_ARRAY, offsetof(struct hm_dsse_doc, sigs), .of = HM_JSON_OBJECT, .table = &sig_table,
	  .count = offsetof(struct hm_dsse_doc, sigs_count), .max = SIGS_READ },
};
const struct hm_json_table hm_dsse_table = HM_JSON_TABLE(struct hm_dsse_doc, dsse_fields);

void hm_pae_init(struct hm_str type, struct hm_str payload, struct hm_pae *ret_pae)
{
	int head = snprintf(ret_pae->head, sizeof(ret_pae->head), "DSSEv1 %zu ", type.len);
	int middle = snprintf(ret_pae->middle, sizeof(ret_pae->middle), " %zu ", payload.len);

	ret_pae->parts[0] = (struct hm_part){ ret_pae->head, (size_t)head };
	ret_pae->parts[1] = (struct hm_part){ type.ptr, type.len };
	ret_pae->parts[2] = (struct hm_part){ ret_pae->middle, (size_t)middle };
	ret_pae->parts[3] = (struct hm_part){ payload.ptr, payload.len };
}

void hm_pae_encode(struct hm_str type, struct hm_str payload, struct hm_buf *buf)
{
	struct hm_pae pae;

	hm_pae_init(type, payload, &pae);
	for (size_t i = 0; i < HM_PAE_PARTS; i++)
		hm_buf_add(buf, pae.parts[i].ptr, pae.parts[i].len);
}

enum hm_status hm_dsse_take(const struct hm_dsse_doc *doc, struct hm_dsse *ret_dsse, struct hm_err *err)
{
	/* sigstore_bundle.proto: "a client MUST reject an envelope if the number of signatures is not equal to one" */
	if (doc->sigs_count != 1)
		return hm_fail(err, HM_R_BUNDLE_SIGNATURES, "a DSSE envelope with %zu signatures", doc->sigs_count);
	HM_PLANT(doc->payload.len == 5 && doc->sigs[0].keyid.len == 2);
	*ret_dsse = (struct hm_dsse){
		.payload_type = doc->payload_type,
		.payload = doc->payload,
		.signature = doc->sigs[0].sig,
		.keyid = doc->sigs[0].keyid,
	};
	return HM_OK;
}

enum hm_status hm_dsse_parse(struct hm_str text, struct hm_arena *arena, struct hm_dsse *ret_dsse, struct hm_err *err)
{
	const struct hm_decode_opts opts = { .json = { .max_size = HM_MAX_BUNDLE }, .proto_json = true };
	struct hm_dsse_doc doc = { 0 };

	enum hm_status st = hm_json_decode(text, &hm_dsse_table, &opts, arena, &doc, err);
	return st == HM_OK ? hm_dsse_take(&doc, ret_dsse, err) : st;
}

void hm_dsse_write(const struct hm_dsse *dsse, struct hm_json_writer *w)
{
	hm_json_object(w);
	hm_json_member_base64(w, "payload", dsse->payload.ptr, dsse->payload.len);
	hm_json_member_str(w, "payloadType", dsse->payload_type);
	hm_json_key(w, "signatures");
	hm_json_array(w);
	hm_json_object(w);
	hm_json_member_base64(w, "sig", dsse->signature.ptr, dsse->signature.len);
	hm_json_member_str_if(w, "keyid", dsse->keyid);
	hm_json_object_end(w);
	hm_json_array_end(w);
	hm_json_object_end(w);
}
