#include "sigstore/verify_steps.h"

#include "base/time.h"
#include "crypto/sct.h"
#include "sigstore/leave_out.h"

/* How much a refusal by one authority says about a certificate. */
static int weight(const struct hm_err *err)
{
	switch ((int)err->reason) {
	case HM_R_CERT_VALIDITY:
		return 4;
	case HM_R_X509_EXPIRED:
	case HM_R_X509_NOT_YET:
		return 3;
	case HM_R_X509_NO_PATH:
		return 0;
	case HM_R_X509_SIGNATURE:
		return 1;
	default:
		return 2;
	}
}

/* Seconds, each once: a path need not be checked twice for one time. */
static size_t to_seconds(const int64_t *times_ns, size_t count, int64_t ret_times_s[HM_MAX_TIMES])
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t time_s = hm_time_floor_s(times_ns[i]), known = 0;
		for (size_t j = 0; j < n; j++)
			known |= ret_times_s[j] == time_s;
		if (!known)
			ret_times_s[n++] = time_s;
	}
	return n;
}

static enum hm_status by_authority(const struct hm_trust_authority *authority, const struct hm_cert_query *query,
				   const struct hm_x509_query *path_query, struct hm_x509_path *ret_path,
				   struct hm_err *err)
{
	char time[HM_TIME_NS_TEXT_LEN], range[HM_TIME_RANGE_TEXT_LEN];

	if (authority->unusable)
		return hm_fail(err, HM_R_X509_NO_PATH, "the authority cannot be asked: %s", authority->unusable);
	enum hm_status st = hm_x509_check_path(authority->pool, path_query, ret_path, err);
	/* sigstore_trustroot.proto: "Clients MUST check timestamps against *both* the `valid_for` time range *and* the
	 * entire certificate chain." */
	for (size_t i = 0; st == HM_OK && i < query->times_len; i++) {
		if (hm_time_range_has(&authority->valid_for, query->times_ns[i]))
			continue;
		hm_time_ns_text(query->times_ns[i], time);
		hm_time_range_text(&authority->valid_for, range);
		return hm_fail(err, HM_R_CERT_VALIDITY,
			       "the signature is of %s, and the authority '%.*s' is trusted %s", time,
			       HM_STR_ARG(hm_str_head(authority->uri, 100)), range);
	}
	return st;
}

static enum hm_status refuse(const struct hm_trust *trust, enum hm_status st, const struct hm_err *best,
			     struct hm_err *err)
{
	if (st == HM_OK)
		return hm_fail(err, HM_R_CERT_AUTHORITY, "the trust root has no certificate authorities");
	*err = *best;
	if (best->reason == HM_R_X509_NO_PATH)
		return hm_while(err, hm_fail_as(err, HM_R_CERT_AUTHORITY), "none of %zu certificate authorities",
				trust->cas_count);
	if (best->reason == HM_R_X509_EXPIRED || best->reason == HM_R_X509_NOT_YET)
		return hm_fail_as(err, HM_R_CERT_TIME);
	return st;
}

/*
 * 4.3: "The Verifier MUST perform certification path validation (RFC 5280 §6) of the certificate chain with the
 * pre-distributed Fulcio root certificate(s) as a trust anchor, but with a fake “current time.”"; "If both are
 * available, the Verifier performs path validation twice. If either fails, verification fails."
 */
static enum hm_status check_path(const struct hm_trust *trust, const struct hm_cert_query *query,
				 struct hm_x509_path *ret_path, struct hm_err *err)
{
	int64_t times_s[HM_MAX_TIMES];
	const struct hm_x509_query path_query = {
		.leaf = &query->chain[0],
		.untrusted = query->chain_len > 1 ? &query->chain[1] : NULL,
		.untrusted_len = query->chain_len - 1,
		.use = HM_X509_CODE_SIGNING,
		.times_s = times_s,
		.times_len = to_seconds(query->times_ns, query->times_len, times_s),
	};
	struct hm_err best = { 0 }, one;
	enum hm_status worst = HM_OK;

	for (size_t i = 0; i < trust->cas_count; i++) {
		enum hm_status st = by_authority(&trust->cas[i], query, &path_query, ret_path, &one);
		if (st == HM_OK)
			return HM_OK;
		if (st == HM_ENOMEM) {
			*err = one;
			return st;
		}
		if (worst == HM_OK || weight(&one) > weight(&best)) {
			best = one;
			worst = st;
		}
	}
	return refuse(trust, worst, &best, err);
}

/* An SCT of a log that is known, with a key that was trusted when it was made. */
static enum hm_status check_sct(const struct hm_trust *trust, const struct hm_sct *sct, const struct hm_cert *leaf,
				struct hm_str issuer_spki, bool *ret_known, struct hm_err *err)
{
	char time[HM_TIME_NS_TEXT_LEN], range[HM_TIME_RANGE_TEXT_LEN];
	const struct hm_trust_log *untimely = NULL;

	*ret_known = false;
	if (sct->time_ms > INT64_MAX / HM_NS_PER_MS)
		return hm_fail(err, HM_R_SCT_TIME, "an SCT of a year that is none of ours");
	int64_t time_ns = (int64_t)sct->time_ms * HM_NS_PER_MS;
	for (size_t i = 0; i < trust->ctlogs_count; i++) {
		const struct hm_trust_log *log = &trust->ctlogs[i];
		if (log->unusable || memcmp(log->key.id.b, sct->log_id.b, HM_HASH_LEN) != 0)
			continue;
		*ret_known = true;
		enum hm_status st = hm_sct_verify(sct, leaf, issuer_spki, &log->key, err);
		if (st != HM_OK || hm_time_range_has(&log->valid_for, time_ns))
			return st;
		untimely = log;
	}
	if (!untimely)
		return HM_OK;
	hm_time_ns_text(time_ns, time);
	hm_time_range_text(&untimely->valid_for, range);
	return hm_fail(err, HM_R_SCT_TIME, "an SCT is of %s, and the key of '%.*s' is trusted %s", time,
		       HM_STR_ARG(hm_str_head(untimely->url, 100)), range);
}

/*
 * 4.3: "the Verifier MUST extract the `SignedCertificateTimestamp` embedded in the leaf certificate, and verify it as
 * in RFC 6962 §3.2, using the verification key from the Certificate Transparency Log."
 */
static enum hm_status check_scts(const struct hm_trust *trust, const struct hm_x509_path *path, struct hm_err *err)
{
	const struct hm_cert *leaf = path->certs[0], *issuer = path->certs[path->len > 1 ? 1 : 0];
	struct hm_sct scts[HM_MAX_SCTS];
	size_t count, known = 0;

	enum hm_status st = hm_sct_list(leaf, scts, &count, err);
	if (st != HM_OK)
		return st;
	if (count == 0)
		return hm_fail(err, HM_R_SCT_MISSING, "the certificate has no SCT");
	for (size_t i = 0; i < count; i++) {
		bool is_known;
		for (size_t j = 0; j < i; j++) {
			if (memcmp(scts[i].log_id.b, scts[j].log_id.b, HM_HASH_LEN) == 0)
				return hm_fail(err, HM_R_SCT_DUPLICATE, "SCTs %zu and %zu are of one log", j + 1,
					       i + 1);
		}
		st = check_sct(trust, &scts[i], leaf, issuer->spki, &is_known, err);
		if (st != HM_OK)
			return st;
		known += is_known;
	}
	if (known == 0)
		return hm_fail(err, HM_R_SCT_LOG, "none of the certificate's %zu SCTs is of a log of the trust root",
			       count);
	return HM_OK;
}

enum hm_status hm_check_issued(const struct hm_trust *trust, const struct hm_cert_query *query, struct hm_err *err)
{
	struct hm_x509_path path;

	enum hm_status st = check_path(trust, query, &path, err);
	return st == HM_OK && !query->without_sct ? HM_STEP("sct", check_scts(trust, &path, err)) : st;
}

/*
 * 4.3: "The Verifier MUST then check the certificate against the verification policy."; it "SHOULD check the `Issuer`
 * X.509 extension … at a minimum, and will in most cases check the `SubjectAlternativeName` as well"
 */
static enum hm_status check_identity(struct hm_check *c, struct hm_err *err)
{
	struct hm_identity *identity = &c->out->identity;

	enum hm_status st = hm_identity_read(&c->out->chain[0], identity, err);
	if (st != HM_OK)
		return st;
	if (!hm_str_eq(identity->subject, c->policy->identity))
		return hm_fail(err, HM_R_IDENTITY_SUBJECT, "signed by '%.*s' and not by '%.*s'",
			       HM_STR_ARG(hm_str_head(identity->subject, 200)),
			       HM_STR_ARG(hm_str_head(c->policy->identity, 200)));
	if (!hm_str_eq(identity->issuer, c->policy->issuer))
		return hm_fail(err, HM_R_IDENTITY_ISSUER, "the identity is vouched for by '%.*s' and not by '%.*s'",
			       HM_STR_ARG(hm_str_head(identity->issuer, 200)),
			       HM_STR_ARG(hm_str_head(c->policy->issuer, 200)));
	return HM_OK;
}

enum hm_status hm_check_cert(struct hm_check *c, struct hm_err *err)
{
	int64_t times_ns[HM_MAX_TIMES];

	if (c->out->chain_len == 0)
		return HM_OK;
	for (size_t i = 0; i < c->out->times_count; i++)
		times_ns[i] = c->out->times[i].time_ns;
	const struct hm_cert_query query = {
		.chain = c->out->chain,
		.chain_len = c->out->chain_len,
		.times_ns = times_ns,
		.times_len = c->out->times_count,
		.without_sct = c->opts.without_sct,
	};
	enum hm_status st =
	    hm_while(err, HM_STEP("certificate", hm_check_issued(c->trust, &query, err)), "certificate");
	return st == HM_OK ? HM_STEP("identity", check_identity(c, err)) : st;
}
