/*
 * A mistake shows where it is met first, which is often not where it was made: a changed artifact is met as a log entry
 * that does not fit. What is refused already is looked at once more here, to name the mistake.
 */
#include "sigstore/verify_steps.h"

#include "base/own.h"
#include "base/plant.h"
#include "base/time.h"

/* In what the first log entry that does not fit differs from the bundle; 0 where all fit or cannot be read. */
static unsigned differences(struct hm_check *c, size_t *ret_entry)
{
	for (size_t i = 0; i < c->bundle->entries_count; i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(4 * HM_MAX_LOG_BODY);
		const struct hm_log_entry *entry = &c->bundle->entries[i];
		struct hm_log_body body;
		enum hm_log_kind kind;
		unsigned differs = 0;
		if (hm_log_kind_of(entry, &kind, NULL) == HM_OK && entry->body.len > 0 &&
		    hm_log_body_parse(entry->body, kind, &arena, &body, NULL) == HM_OK &&
		    hm_log_body_compare(&body, kind, &c->claim, &differs, NULL) == HM_OK && differs != 0) {
			*ret_entry = i;
			return differs;
		}
	}
	return 0;
}

static bool is_refusal(enum hm_status st)
{
	return st == HM_EVERIFY || st == HM_EPARSE || st == HM_EPOLICY;
}

/* An entry that does not fit: the artifact, the signer's key, the signature, or indeed the entry. */
static enum hm_status explain_entry(struct hm_check *c, enum hm_status st, struct hm_err *err)
{
	struct hm_err deep;
	enum hm_status found;
	size_t entry = 0;

	if (hm_check_claim(c, &deep) != HM_OK)
		return st;
	unsigned differs = differences(c, &entry);
	if (differs == 0)
		return st;
	HM_PLANT(differs == HM_DIFFERS_SIGNATURE);
	if ((differs & HM_DIFFERS_DIGEST) && is_refusal(found = hm_check_artifact(c, &deep))) {
		*err = deep;
		return found;
	}
	found = hm_check_signature(c, &deep);
	if (is_refusal(found) && (differs & HM_DIFFERS_SIGNER) && c->policy->key)
		return hm_fail(err, HM_R_IDENTITY_KEY, "the bundle was signed with another key than the wanted one");
	if (is_refusal(found) && (differs & (HM_DIFFERS_SIGNATURE | HM_DIFFERS_DIGEST))) {
		*err = deep;
		return found;
	}
	return hm_while(err, hm_refuse_entry(differs, err), "log entry %zu", entry + 1);
}

/* A proof without a checkpoint may be wrong by itself. */
static enum hm_status explain_checkpoint(struct hm_check *c, enum hm_status st, struct hm_err *err)
{
	struct hm_err deep;

	for (size_t i = 0; i < c->bundle->entries_count; i++) {
		const struct hm_log_entry *entry = &c->bundle->entries[i];
		if (!entry->proof || entry->proof->checkpoint.len > 0)
			continue;
		enum hm_status found = hm_check_own_root(entry, entry->body, false, &deep);
		if (is_refusal(found)) {
			*err = deep;
			return hm_while(err, found, "log entry %zu", i + 1);
		}
	}
	return st;
}

/* A certificate that is not valid may be one that should never have been issued. */
static enum hm_status explain_cert_time(struct hm_check *c, enum hm_status st, struct hm_err *err)
{
	const struct hm_cert *leaf = &c->out->chain[0];
	char issued[HM_TIME_TEXT_LEN];

	for (size_t i = 0; i < c->trust->cas_count; i++) {
		const struct hm_trust_authority *ca = &c->trust->cas[i];
		for (size_t j = 0; ca->pool && j < hm_x509_pool_count(ca->pool); j++) {
			const struct hm_cert *issuer = hm_x509_pool_cert_at(ca->pool, j);
			if (!hm_str_eq(issuer->subject, leaf->issuer))
				continue;
			if (leaf->not_before_s >= issuer->not_before_s && leaf->not_before_s <= issuer->not_after_s &&
			    hm_time_range_has(&ca->valid_for, leaf->not_before_s * HM_NS_PER_S))
				return st;
			hm_time_write(leaf->not_before_s, issued);
			st = hm_fail(err, HM_R_CERT_ISSUED,
				     "the certificate is valid from %s, when its authority was not", issued);
		}
	}
	return st;
}

enum hm_status hm_check_explain(struct hm_check *c, enum hm_status st, struct hm_err *err)
{
	struct hm_err deep;

	switch ((int)err->reason) {
	case HM_R_TLOG_SET:
	case HM_R_TLOG_INCLUSION:
	case HM_R_TLOG_ENTRY:
	case HM_R_TLOG_ENTRY_DIGEST:
	case HM_R_TLOG_ENTRY_KEY:
	case HM_R_TLOG_ENTRY_SIG:
		return explain_entry(c, st, err);
	case HM_R_BUNDLE_CHECKPOINT:
		return explain_checkpoint(c, st, err);
	case HM_R_CERT_TIME:
		return explain_cert_time(c, st, err);
	case HM_R_SIG_INVALID:
		if (is_refusal(hm_check_artifact(c, &deep))) {
			*err = deep;
			return hm_reason_status(deep.reason);
		}
		return st;
	default:
		return st;
	}
}
