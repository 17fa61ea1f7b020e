#include "sigstore/verify_steps.h"

#include "base/encode.h"
#include "base/own.h"
#include "base/time.h"
#include "crypto/tsp.h"
#include "sigstore/leave_out.h"

#include <inttypes.h>

/* How much a refusal by one authority says: its own stamps' faults more than that a stamp is not by it. */
static int weight(const struct hm_err *err)
{
	switch ((int)err->reason) {
	case HM_R_TIMESTAMP_VALIDITY:
		return 3;
	case HM_R_TSP_SIGNER:
	case HM_R_X509_NO_PATH:
		return 1;
	default:
		return 2;
	}
}

/* One authority: its signature and its certificates at the time that it states, and whether it was trusted then. */
static enum hm_status by_authority(const struct hm_trust_authority *authority, const struct hm_tsp_token *token,
				   const struct hm_tsp_query *query, struct hm_err *err)
{
	char time[HM_TIME_NS_TEXT_LEN], range[HM_TIME_RANGE_TEXT_LEN];
	int64_t time_ns = token->time_s * HM_NS_PER_S + token->time_ns;

	if (authority->unusable)
		return hm_fail(err, HM_R_TSP_SIGNER, "the authority cannot be asked: %s", authority->unusable);
	enum hm_status st = HM_STEP("timestamp", hm_tsp_verify(token, query, NULL, err));
	if (st == HM_EVERIFY && err && (err->reason == HM_R_X509_EXPIRED || err->reason == HM_R_X509_NOT_YET))
		return hm_fail_as(err, HM_R_TIMESTAMP_EXPIRED);
	if (st != HM_OK || hm_time_range_has(&authority->valid_for, time_ns))
		return st;
	hm_time_ns_text(time_ns, time);
	hm_time_range_text(&authority->valid_for, range);
	return hm_fail(err, HM_R_TIMESTAMP_VALIDITY, "the time stamp is of %s, and '%.*s' is trusted %s", time,
		       HM_STR_ARG(hm_str_head(authority->uri, 100)), range);
}

/* A time that nanoseconds since 1970 can hold in 64 bits. */
static bool is_in_reach(int64_t time_s)
{
	return time_s > INT64_MIN / HM_NS_PER_S && time_s < INT64_MAX / HM_NS_PER_S - 1;
}

static enum hm_status by_any(const struct hm_trust *trust, const struct hm_tsp_token *token,
			     const struct hm_tsp_query *query, size_t *ret_authority, struct hm_err *err)
{
	struct hm_err best = { 0 }, one;
	enum hm_status worst = HM_OK;

	/* Validity counts for the authority that made the stamp, and for no other. */
	for (size_t i = 0; i < trust->tsas_count; i++) {
		struct hm_tsp_query asked = *query;
		asked.pool = trust->tsas[i].pool;
		enum hm_status st = by_authority(&trust->tsas[i], token, &asked, &one);
		if (st == HM_OK) {
			*ret_authority = i;
			return HM_OK;
		}
		if (st == HM_ENOMEM) {
			*err = one;
			return st;
		}
		if (worst == HM_OK || weight(&one) > weight(&best)) {
			best = one;
			worst = st;
		}
	}
	if (worst == HM_OK || weight(&best) == 1)
		return hm_fail(err, HM_R_TIMESTAMP_UNTRUSTED,
			       "none of the trust root's %zu time-stamp authorities made it", trust->tsas_count);
	*err = best;
	return worst;
}

enum hm_status hm_check_timestamp(const struct hm_trust *trust, struct hm_str reply, struct hm_str signature,
				  struct hm_str nonce, struct hm_verified_time *ret_time, size_t *ret_authority,
				  struct hm_err *err)
{
	const struct hm_part part = { signature.ptr, signature.len };
	struct hm_tsp_token token;
	struct hm_digest digest;

	enum hm_status st = hm_tsp_parse(reply, &token, err);
	/* 4.2.1: "with the raw bytes of the signature as the timestamped data" */
	if (st == HM_OK)
		st = hm_crypto_digest(token.imprint.alg, &part, 1, &digest, err);
	if (st == HM_OK && !is_in_reach(token.time_s))
		return hm_fail(err, HM_R_TSP_FORMAT, "a time stamp of a year that is none of ours");
	const struct hm_tsp_query query = { .digest = &digest, .nonce = nonce };
	if (st == HM_OK)
		st = by_any(trust, &token, &query, ret_authority, err);
	if (st != HM_OK)
		return st;
	*ret_time = (struct hm_verified_time){
		.source = HM_TIME_TIMESTAMP,
		.time_ns = token.time_s * HM_NS_PER_S + token.time_ns,
		.by = trust->tsas[*ret_authority].uri,
	};
	return HM_OK;
}

static void add_time(struct hm_check *c, const struct hm_verified_time *time)
{
	c->out->times[c->out->times_count++] = *time;
}

/* Authorities of one operator count once, as do two time stamps of one authority. */
static bool is_same_operator(const struct hm_trust *trust, size_t a, size_t b)
{
	const struct hm_trust_authority *x = &trust->tsas[a], *y = &trust->tsas[b];

	return a == b || (x->operator_name.len > 0 && hm_str_eq(x->operator_name, y->operator_name));
}

static enum hm_status check_timestamps(struct hm_check *c, struct hm_err *err)
{
	const struct hm_bundle *bundle = c->bundle;
	size_t authorities[HM_MAX_BUNDLE_TIMESTAMPS];
	unsigned operators = 0;

	if (c->opts.without_timestamps)
		return HM_OK;
	for (size_t i = 0; i < bundle->timestamps_count; i++) {
		struct hm_verified_time time;
		enum hm_status st = hm_check_timestamp(c->trust, bundle->timestamps[i], bundle->signature,
						       (struct hm_str){ 0 }, &time, &authorities[i], err);
		/* 4.2.1: "If verification or timestamp parsing fails, the Verifier MUST abort." */
		if (st != HM_OK)
			return hm_while(err, st, "time stamp %zu", i + 1);
		add_time(c, &time);
		bool is_new = true;
		for (size_t j = 0; j < i && is_new; j++)
			is_new = !is_same_operator(c->trust, authorities[i], authorities[j]);
		operators += is_new;
	}
	if (operators < c->opts.timestamps)
		return hm_fail(err, HM_R_TIMESTAMP_MISSING, "time stamps of %u authorities, and %u are wanted",
			       operators, c->opts.timestamps);
	return HM_OK;
}

const struct hm_trust_log *hm_find_log(const struct hm_trust *trust, struct hm_str id, size_t i)
{
	for (size_t n = 0; n < trust->tlogs_count; n++) {
		if (hm_str_eq(trust->tlogs[n].id, id) && i-- == 0)
			return &trust->tlogs[n];
	}
	return NULL;
}

/* sigstore/rekor, signEntry: RFC 8785 of body, integratedTime, logID and logIndex */
static enum hm_status promised(const struct hm_log_entry *entry, struct hm_buf *buf, struct hm_err *err)
{
	hm_buf_add_cstr(buf, "{\"body\":\"");
	hm_base64_encode(buf, HM_BASE64_STD, entry->body.ptr, entry->body.len);
	hm_buf_addf(buf, "\",\"integratedTime\":%" PRId64 ",\"logID\":\"", entry->integrated_time_s);
	hm_hex_encode(buf, entry->log_id.ptr, entry->log_id.len);
	hm_buf_addf(buf, "\",\"logIndex\":%" PRId64 "}", entry->index);
	return hm_buf_check(buf, "a signed entry timestamp", err);
}

static enum hm_status promised_by(const struct hm_trust_log *log, const struct hm_log_entry *entry, struct hm_str text,
				  struct hm_err *err)
{
	char time[HM_TIME_NS_TEXT_LEN], range[HM_TIME_RANGE_TEXT_LEN];
	int64_t time_ns = entry->integrated_time_s * HM_NS_PER_S;

	if (log->unusable)
		return hm_fail(err, HM_R_TLOG_UNKNOWN, "the log '%.*s' cannot be used: %s",
			       HM_STR_ARG(hm_str_head(log->url, 100)), log->unusable);
	enum hm_status st = HM_STEP("promise", hm_key_verify(&log->key, log->sig, text, entry->promise, err));
	if (st == HM_EVERIFY)
		return hm_fail(err, HM_R_TLOG_SET, "the signed entry timestamp is not of '%.*s' over this entry",
			       HM_STR_ARG(hm_str_head(log->url, 100)));
	if (st != HM_OK || hm_time_range_has(&log->valid_for, time_ns))
		return st;
	hm_time_ns_text(time_ns, time);
	hm_time_range_text(&log->valid_for, range);
	return hm_fail(err, HM_R_TLOG_VALIDITY, "the entry is of %s, and the key of '%.*s' is trusted %s", time,
		       HM_STR_ARG(hm_str_head(log->url, 100)), range);
}

/*
 * 4.2.2: "the Verifier MUST verify the signature on the Transparency Service `LogEntry` … against the pre-distributed
 * root key material"; "The Verifier MUST then parse the `integratedTime`"
 */
static enum hm_status check_promise(struct hm_check *c, const struct hm_log_entry *entry, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(2 * HM_MAX_LOG_BODY);
	const struct hm_trust_log *log;

	enum hm_status st = promised(entry, &text, err);
	if (st != HM_OK)
		return st;
	st = hm_fail(err, HM_R_TLOG_UNKNOWN, "no log of the trust root has its log id");
	/* A key may stand there twice, for different spans of time. */
	for (size_t i = 0; st != HM_OK && st != HM_ENOMEM && (log = hm_find_log(c->trust, entry->log_id, i)); i++) {
		st = promised_by(log, entry, hm_buf_str(&text), err);
		if (st == HM_OK)
			add_time(c, &(struct hm_verified_time){
					.source = HM_TIME_LOG,
					.time_ns = entry->integrated_time_s * HM_NS_PER_S,
					.by = log->url,
				    });
	}
	return st;
}

enum hm_status hm_check_times(struct hm_check *c, struct hm_err *err)
{
	enum hm_status st = check_timestamps(c, err);

	for (size_t i = 0; st == HM_OK && !c->opts.without_tlog && i < c->bundle->entries_count; i++) {
		/* An inclusion proof says that an entry is there, not since when: it gives no time. */
		if (c->bundle->entries[i].promise.len > 0)
			st = hm_while(err, check_promise(c, &c->bundle->entries[i], err), "log entry %zu", i + 1);
	}
	if (st == HM_OK && c->out->chain_len > 0 && c->out->times_count == 0 && c->opts.now_ns != 0)
		add_time(c, &(struct hm_verified_time){ .source = HM_TIME_NOW, .time_ns = c->opts.now_ns });
	if (st == HM_OK && c->out->chain_len > 0 && c->out->times_count == 0)
		return hm_fail(
		    err, HM_R_TIMESTAMP_MISSING,
		    "a certificate is good for some minutes only, and no time stamp that is trusted says when "
		    "it was used");
	return st;
}
