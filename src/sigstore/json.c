#include "sigstore/json.h"

#include "base/limits.h"

static const struct hm_json_field key_id_fields[] = {
	{ "keyId", HM_JSON_BASE64_LINES, 0 },
};
const struct hm_json_table hm_key_id_table = HM_JSON_TABLE(struct hm_str, key_id_fields);

static const struct hm_json_field raw_bytes_fields[] = {
	{ "rawBytes", HM_JSON_BASE64_LINES, 0, HM_REQUIRED | HM_NOT_EMPTY },
};
const struct hm_json_table hm_raw_bytes_table = HM_JSON_TABLE(struct hm_str, raw_bytes_fields);

static const struct hm_json_field chain_fields[] = {
	{ "certificates", HM_JSON_ARRAY, offsetof(struct hm_cert_chain, ders), .of = HM_JSON_OBJECT,
	  .table = &hm_raw_bytes_table, .count = offsetof(struct hm_cert_chain, count), .max = HM_MAX_CERT_PATH },
};
const struct hm_json_table hm_cert_chain_table = HM_JSON_TABLE(struct hm_cert_chain, chain_fields);

void hm_key_id_write(struct hm_json_writer *w, const char *name, struct hm_str id)
{
	hm_json_key(w, name);
	hm_json_object(w);
	hm_json_member_base64(w, "keyId", id.ptr, id.len);
	hm_json_object_end(w);
}

static void write_raw_bytes(struct hm_json_writer *w, struct hm_str bytes)
{
	hm_json_object(w);
	hm_json_member_base64(w, "rawBytes", bytes.ptr, bytes.len);
	hm_json_object_end(w);
}

void hm_raw_bytes_write(struct hm_json_writer *w, const char *name, struct hm_str bytes)
{
	hm_json_key(w, name);
	write_raw_bytes(w, bytes);
}

void hm_cert_chain_write(struct hm_json_writer *w, const char *name, const struct hm_cert_chain *chain)
{
	hm_json_key(w, name);
	hm_json_object(w);
	hm_json_key(w, "certificates");
	hm_json_array(w);
	for (size_t i = 0; i < chain->count; i++)
		write_raw_bytes(w, chain->ders[i]);
	hm_json_array_end(w);
	hm_json_object_end(w);
}

static const char *const algorithms[] = {
	[HM_SHA256] = "SHA2_256",
	[HM_SHA384] = "SHA2_384",
	[HM_SHA512] = "SHA2_512",
};

const char *hm_hash_algorithm_name(enum hm_digest_alg alg)
{
	return algorithms[alg];
}

bool hm_hash_algorithm_from_name(struct hm_str name, enum hm_digest_alg *ret_alg)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (hm_str_is(name, algorithms[i])) {
			*ret_alg = (enum hm_digest_alg)i;
			return true;
		}
	}
	return false;
}
