#include "sigstore/trust.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "http/url.h"
#include "sigstore/json.h"
#include "sigstore/trust_parts.h"

#include <stdio.h>

static void trust_freep(struct hm_trust **trust)
{
	*trust = hm_trust_free(*trust);
}

struct hm_trust *hm_trust_free(struct hm_trust *trust)
{
	if (!trust)
		return NULL;
	for (size_t i = 0; i < trust->tlogs_count + trust->ctlogs_count; i++) {
		struct hm_trust_log *log =
		    i < trust->tlogs_count ? &trust->tlogs[i] : &trust->ctlogs[i - trust->tlogs_count];
		for (size_t n = 0; n < log->names_count; n++)
			hm_tlog_verifier_done(&log->names[n]);
		hm_key_done(&log->key);
	}
	for (size_t i = 0; i < trust->cas_count; i++)
		hm_x509_pool_free(trust->cas[i].pool);
	for (size_t i = 0; i < trust->tsas_count; i++)
		hm_x509_pool_free(trust->tsas[i].pool);
	hm_arena_done(&trust->arena);
	free(trust);
	return NULL;
}

/* What a key or a certificate was refused for: not known here, which is no mistake, or malformed, which is one. */
static bool is_unsupported(const struct hm_err *err)
{
	return err->reason == HM_R_KEY_UNSUPPORTED || err->reason == HM_R_KEY_WEAK;
}

static enum hm_status add_name(struct hm_trust_log *log, struct hm_str name, struct hm_err *err)
{
	for (size_t i = 0; i < log->names_count; i++) {
		if (hm_str_is(name, log->names[i].name))
			return HM_OK;
	}
	enum hm_status st =
	    hm_tlog_verifier_init(name, hm_tlog_sig_type_of(&log->key), &log->key, &log->names[log->names_count], err);
	if (st == HM_OK)
		log->names_count++;
	/* A host that no signature line can hold signs nothing. */
	return st == HM_EPARSE ? HM_OK : st;
}

/*
 * sigstore_trustroot.proto: "use the key name (i.e. log origin, base_url from TrustedRoot)"; "MAY be a scheme-less
 * URL". Clients take the host for the name; logs on a port of their own sign as HOST:PORT, some with a path behind it.
 */
static enum hm_status add_names(struct hm_trust_log *log, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_URL), name = hm_buf_init(HM_MAX_URL);
	char authority[HM_ORIGIN_LEN];
	struct hm_url url;

	if (hm_str_find(log->url, HM_STR("://")) < 0)
		hm_buf_add_cstr(&text, "https://");
	hm_buf_add_str(&text, log->url);
	if (text.status == HM_ENOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "the names of a log");
	/* A log without a name can still be found by its id; only its checkpoints cannot be verified. */
	if (text.status != HM_OK || hm_url_parse(hm_buf_str(&text), &url, NULL) != HM_OK)
		return HM_OK;
	hm_url_authority(&url, authority);
	hm_buf_add_cstr(&name, authority);
	hm_buf_add_str(&name, url.path);
	enum hm_status st = name.status == HM_ENOMEM ? hm_fail(err, HM_R_NO_MEMORY, "the names of a log") : HM_OK;
	if (st != HM_OK)
		return st;
	st = add_name(log, hm_str(url.host), err);
	if (st == HM_OK)
		st = add_name(log, hm_str(authority), err);
	if (st == HM_OK && url.path.len > 1 && name.status == HM_OK)
		st = add_name(log, hm_buf_str(&name), err);
	return st;
}

/* checkpointKeyId "SHOULD be 4 bytes long": where it is given, only names whose key id begins so count. */
static void drop_other_names(struct hm_trust_log *log, struct hm_str checkpoint_id)
{
	size_t kept = 0;

	if (checkpoint_id.len < 4)
		return;
	const uint8_t *b = (const uint8_t *)checkpoint_id.ptr;
	uint32_t wanted = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	for (size_t i = 0; i < log->names_count; i++) {
		if (log->names[i].id == wanted)
			log->names[kept++] = log->names[i];
		else
			hm_tlog_verifier_done(&log->names[i]);
	}
	log->names_count = kept;
}

static enum hm_status take_key(const struct hm_trusted_log *from, struct hm_trust_log *log, struct hm_err *err)
{
	enum hm_key_details details = HM_DETAILS_NONE;
	enum hm_digest_alg alg;
	struct hm_err own;

	if (from->hash_algorithm.len > 0 &&
	    (!hm_hash_algorithm_from_name(from->hash_algorithm, &alg) || alg != HM_SHA256))
		log->unusable = "its tree is hashed by another algorithm than SHA-256";
	if (from->key_details.len > 0 && !hm_key_details_from_name(from->key_details, &details)) {
		log->unusable = "its key is of a kind that is not supported";
		return HM_OK;
	}
	enum hm_status st = hm_key_parse_as(from->key_der, details, &log->key, &own);
	if (st != HM_OK && st != HM_ENOMEM && is_unsupported(&own)) {
		log->unusable = "its key is of a kind that is not supported";
		return HM_OK;
	}
	if (st == HM_OK) {
		log->sig = details == HM_DETAILS_NONE ? hm_key_sig(&log->key) : hm_key_details_sig(details);
		return HM_OK;
	}
	if (err)
		*err = own;
	return st == HM_ENOMEM ? st : hm_fail_as(err, HM_R_TRUST_KEY);
}

static enum hm_status take_log(const struct hm_trusted_log *from, bool is_ct, struct hm_trust_log *log,
			       struct hm_arena *arena, struct hm_err *err)
{
	log->url = hm_arena_dup(arena, from->base_url);
	log->id = hm_arena_dup(arena, from->id);
	log->operator_name = hm_arena_dup(arena, from->operator_name);
	log->valid_for = from->valid_for;
	enum hm_status st = hm_arena_check(arena, "trust root", err);
	if (st == HM_OK)
		st = take_key(from, log, err);
	if (st != HM_OK || log->unusable || is_ct)
		return st;
	st = add_names(log, err);
	drop_other_names(log, from->checkpoint_id);
	return st;
}

static enum hm_status take_logs(const char *kind, const struct hm_trusted_log *from, size_t count, bool is_ct,
				struct hm_trust_log **ret_logs, size_t *ret_count, struct hm_arena *arena,
				struct hm_err *err)
{
	struct hm_trust_log *logs = hm_arena_calloc(arena, count, sizeof(*logs));
	char what[48];

	enum hm_status st = hm_arena_check(arena, "trust root", err);
	if (st != HM_OK)
		return st;
	*ret_logs = logs;
	for (size_t i = 0; i < count; i++) {
		snprintf(what, sizeof(what), "%s[%zu]", kind, i);
		*ret_count = i + 1;
		st = hm_time_range_check(&from[i].valid_for, what, err);
		if (st == HM_OK)
			st = take_log(&from[i], is_ct, &logs[i], arena, err);
		if (st != HM_OK)
			return hm_while(err, st, "%s of a trust root", what);
	}
	return HM_OK;
}

static enum hm_status take_chain(const struct hm_cert_chain *chain, struct hm_trust_authority *authority,
				 struct hm_err *err)
{
	struct hm_err own;
	enum hm_status st = hm_x509_pool_new(&authority->pool, err);

	if (st != HM_OK)
		return st;
	/* "The last certificate in the chain MUST be the trust anchor." */
	for (size_t i = 0; i < chain->count && !authority->unusable; i++) {
		st = hm_x509_pool_add(authority->pool, chain->ders[i], i + 1 == chain->count, &own);
		if (st == HM_OK)
			continue;
		if (st != HM_ENOMEM && is_unsupported(&own)) {
			authority->unusable = "a key of its certificates is of a kind that is not supported";
			return HM_OK;
		}
		if (err)
			*err = own;
		return st == HM_ENOMEM ? st : hm_fail_as(err, HM_R_TRUST_CHAIN);
	}
	return HM_OK;
}

static enum hm_status take_authorities(const char *kind, const struct hm_trusted_authority *from, size_t count,
				       struct hm_trust_authority **ret_authorities, size_t *ret_count,
				       struct hm_arena *arena, struct hm_err *err)
{
	struct hm_trust_authority *authorities = hm_arena_calloc(arena, count, sizeof(*authorities));
	char what[48];

	enum hm_status st = hm_arena_check(arena, "trust root", err);
	if (st != HM_OK)
		return st;
	*ret_authorities = authorities;
	for (size_t i = 0; i < count; i++) {
		struct hm_trust_authority *a = &authorities[i];
		snprintf(what, sizeof(what), "%s[%zu]", kind, i);
		*ret_count = i + 1;
		a->uri = hm_arena_dup(arena, from[i].uri);
		a->operator_name = hm_arena_dup(arena, from[i].operator_name);
		a->valid_for = from[i].valid_for;
		st = hm_arena_check(arena, "trust root", err);
		if (st == HM_OK)
			st = hm_time_range_check(&a->valid_for, what, err);
		if (st == HM_OK && from[i].chain.count == 0)
			st = hm_fail(err, HM_R_TRUST_CHAIN, "no certificates");
		if (st == HM_OK)
			st = take_chain(&from[i].chain, a, err);
		if (st != HM_OK)
			return hm_while(err, st, "%s of a trust root", what);
	}
	return HM_OK;
}

enum hm_status hm_trust_new(const struct hm_trusted_root *root, struct hm_trust **ret_trust, struct hm_err *err)
{
	HM_OWN(trust_freep) struct hm_trust *trust = hm_calloc(1, sizeof(*trust));

	if (!trust)
		return hm_fail(err, HM_R_NO_MEMORY, "a trust root");
	trust->arena = hm_arena_init(8 * HM_MAX_TRUSTED_ROOT);
	enum hm_status st = take_logs("tlogs", root->tlogs, root->tlogs_count, false, &trust->tlogs,
				      &trust->tlogs_count, &trust->arena, err);
	if (st == HM_OK)
		st = take_logs("ctlogs", root->ctlogs, root->ctlogs_count, true, &trust->ctlogs, &trust->ctlogs_count,
			       &trust->arena, err);
	if (st == HM_OK)
		st = take_authorities("certificateAuthorities", root->cas, root->cas_count, &trust->cas,
				      &trust->cas_count, &trust->arena, err);
	if (st == HM_OK)
		st = take_authorities("timestampAuthorities", root->tsas, root->tsas_count, &trust->tsas,
				      &trust->tsas_count, &trust->arena, err);
	if (st != HM_OK)
		return st;
	*ret_trust = HM_STEAL(trust);
	return HM_OK;
}

enum hm_status hm_trust_parse(struct hm_str text, struct hm_trust **ret_trust, struct hm_err *err)
{
	HM_OWN(hm_trusted_root_done) struct hm_trusted_root root = { 0 };

	enum hm_status st = hm_trusted_root_parse(text, &root, err);
	return st == HM_OK ? hm_trust_new(&root, ret_trust, err) : st;
}

enum hm_status hm_trust_read_key(struct hm_str text, struct hm_key *ret_key, struct hm_err *err)
{
	enum hm_status st = hm_key_parse_text(text, ret_key, err);

	return hm_while(err, st == HM_EPARSE ? hm_fail_as(err, HM_R_TRUST_KEY) : st, "key to verify with");
}
