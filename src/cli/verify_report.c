/* What was verified, for people and for programs. */
#include "cli/verify.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "data/json_write.h"

#include <inttypes.h>
#include <stdarg.h>

/* A line of its own, whatever the value has in it: control characters would forge other lines. */
static void add_line(struct hm_buf *buf, const char *label, struct hm_str value)
{
	hm_buf_addf(buf, "%-12s", label);
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		if (c < 0x20 || c == 0x7f)
			hm_buf_addf(buf, "\\x%02x", c);
		else
			hm_buf_add(buf, &c, 1);
	}
	hm_buf_add_cstr(buf, "\n");
}

static void add_linef(struct hm_buf *buf, const char *label, const char *fmt, ...) HM_PRINTF(3, 4);

static void add_linef(struct hm_buf *buf, const char *label, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n > 0)
		add_line(buf, label, hm_str_of(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1));
}

static void text_of_times(const struct hm_verified *verified, struct hm_buf *buf)
{
	static const char *const sources[] = {
		[HM_TIME_TIMESTAMP] = "time stamp of", [HM_TIME_LOG] = "logged by", [HM_TIME_NOW] = "now"
	};
	const struct hm_verified_time *times;
	size_t count = hm_verified_times(verified, &times);

	for (size_t i = 0; i < count; i++) {
		char time[HM_TIME_NS_TEXT_LEN];
		hm_time_ns_text(times[i].time_ns, time);
		add_linef(buf, "signed", "%s, %s%s%.*s", time, sources[times[i].source], times[i].by.len ? " " : "",
			  HM_STR_ARG(hm_str_head(times[i].by, 300)));
	}
}

static void text_of_entries(const struct hm_verified *verified, struct hm_buf *buf)
{
	const struct hm_verified_entry *entries;
	size_t count = hm_verified_entries(verified, &entries);

	for (size_t i = 0; i < count; i++)
		add_linef(buf, "logged", "index %" PRId64 " of %.*s, %s", entries[i].index,
			  HM_STR_ARG(hm_str_head(entries[i].log_url, 300)),
			  entries[i].proven_index >= 0 ? "inclusion proven" : "inclusion promised");
}

static void add_digest(struct hm_buf *buf, const struct hm_digest *digest)
{
	hm_buf_addf(buf, "%s:", hm_digest_name(digest->alg));
	hm_hex_encode(buf, digest->b, digest->len);
}

static void text_of(const struct hm_cli_verification *v, struct hm_buf *buf)
{
	HM_OWN(hm_buf_done) struct hm_buf digest = hm_buf_init(4 * HM_MAX_BUNDLE);
	const struct hm_identity *identity = hm_verified_identity(v->verified);

	if (identity) {
		add_line(buf, "signer", identity->subject);
		add_line(buf, "issuer", identity->issuer);
	} else {
		hm_hex_encode(&digest, hm_verified_key(v->verified)->id.b, sizeof(hm_verified_key(v->verified)->id.b));
		add_linef(buf, "signer", "%s key sha256:%s", hm_key_kind_name(hm_verified_key(v->verified)->kind),
			  digest.ptr);
		hm_buf_clear(&digest);
	}
	text_of_times(v->verified, buf);
	text_of_entries(v->verified, buf);
	if (hm_verified_predicate_type(v->verified).len > 0)
		add_line(buf, "statement", hm_verified_predicate_type(v->verified));
	if (hm_verified_digest(v->verified)->len > 0) {
		add_digest(&digest, hm_verified_digest(v->verified));
		add_line(buf, "artifact", hm_buf_str(&digest));
	}
	add_line(buf, "trust root", hm_str(v->root.name));
}

/* By the names that --certificate-extension takes; the issuer stands beside them. */
static void json_of_extensions(const struct hm_cert *cert, struct hm_json_writer *w)
{
	struct hm_str text;

	hm_json_key(w, "extensions");
	hm_json_object(w);
	for (int i = HM_CLAIM_WORKFLOW_TRIGGER; i <= HM_CLAIM_LAST; i++) {
		const enum hm_fulcio_claim claim = (enum hm_fulcio_claim)i;
		if (claim != HM_CLAIM_ISSUER && hm_fulcio_claim_name(claim) && hm_fulcio_claim(cert, claim, &text))
			hm_json_member_str(w, hm_fulcio_claim_name(claim), text);
	}
	hm_json_object_end(w);
}

static void json_of_signer(const struct hm_verified *verified, struct hm_json_writer *w)
{
	static const char *const kinds[] = {
		[HM_IDENTITY_EMAIL] = "email", [HM_IDENTITY_URI] = "uri", [HM_IDENTITY_USERNAME] = "username"
	};
	const struct hm_identity *identity = hm_verified_identity(verified);
	const struct hm_key *key = hm_verified_key(verified);

	hm_json_key(w, "signer");
	hm_json_object(w);
	if (identity) {
		hm_json_member_str(w, "identity", identity->subject);
		hm_json_member_cstr(w, "kind", kinds[identity->kind]);
		hm_json_member_str_if(w, "issuer", identity->issuer);
		hm_json_member_base64(w, "certificate", hm_verified_cert(verified)->der.ptr,
				      hm_verified_cert(verified)->der.len);
		json_of_extensions(hm_verified_cert(verified), w);
	}
	hm_json_member_cstr(w, "keyKind", hm_key_kind_name(key->kind));
	hm_json_member_base64(w, "keyId", key->id.b, sizeof(key->id.b));
	hm_json_object_end(w);
}

static void json_of_times(const struct hm_verified *verified, struct hm_json_writer *w)
{
	static const char *const sources[] = {
		[HM_TIME_TIMESTAMP] = "timestamp", [HM_TIME_LOG] = "log", [HM_TIME_NOW] = "now"
	};
	const struct hm_verified_time *times;
	size_t count = hm_verified_times(verified, &times);

	hm_json_key(w, "times");
	hm_json_array(w);
	for (size_t i = 0; i < count; i++) {
		char time[HM_TIME_NS_TEXT_LEN];
		hm_time_ns_text(times[i].time_ns, time);
		hm_json_object(w);
		hm_json_member_cstr(w, "time", time);
		hm_json_member_cstr(w, "source", sources[times[i].source]);
		hm_json_member_str_if(w, "by", times[i].by);
		hm_json_object_end(w);
	}
	hm_json_array_end(w);
}

static void json_of_entries(const struct hm_verified *verified, struct hm_json_writer *w)
{
	const struct hm_verified_entry *entries;
	size_t count = hm_verified_entries(verified, &entries);

	hm_json_key(w, "entries");
	hm_json_array(w);
	for (size_t i = 0; i < count; i++) {
		const struct hm_verified_entry *entry = &entries[i];
		hm_json_object(w);
		hm_json_member_i64(w, "index", entry->index);
		hm_json_member_str(w, "log", entry->log_url);
		hm_json_member_base64(w, "logId", entry->log_id.ptr, entry->log_id.len);
		hm_json_member_str(w, "kind", entry->kind);
		hm_json_member_str(w, "version", entry->version);
		if (entry->integrated_time_s != 0) {
			char time[HM_TIME_TEXT_LEN];
			hm_time_write(entry->integrated_time_s, time);
			hm_json_member_cstr(w, "integratedTime", time);
		}
		hm_json_member_bool(w, "inclusionProven", entry->proven_index >= 0);
		hm_json_object_end(w);
	}
	hm_json_array_end(w);
}

void hm_cli_verified_write(const struct hm_verified *verified, const char *artifact, struct hm_json_writer *w)
{
	HM_OWN(hm_buf_done) struct hm_buf digest = hm_buf_init(4 * HM_MAX_BUNDLE);

	hm_json_member_bool(w, "verified", true);
	if (hm_verified_digest(verified)->len > 0) {
		add_digest(&digest, hm_verified_digest(verified));
		hm_json_key(w, "artifact");
		hm_json_object(w);
		if (artifact)
			hm_json_member_cstr(w, "name", artifact);
		hm_json_member_str(w, "digest", hm_buf_str(&digest));
		hm_json_object_end(w);
	}
	json_of_signer(verified, w);
	json_of_times(verified, w);
	json_of_entries(verified, w);
}

static void json_of(const struct hm_cli_verification *v, struct hm_json_writer *w)
{
	hm_json_object(w);
	hm_cli_verified_write(v->verified, v->artifact, w);
	/* a statement was read as JSON to find its subjects */
	if (hm_verified_payload(v->verified).len > 0) {
		hm_json_key(w, "statement");
		hm_json_raw(w, hm_verified_payload(v->verified));
	}
	hm_json_member_cstr(w, "trustRoot", v->root.name);
	hm_json_object_end(w);
}

static enum hm_status make_text(const struct hm_cli *cli, const struct hm_cli_verification *v, struct hm_buf *buf,
				struct hm_err *err)
{
	if (!cli->json) {
		text_of(v, buf);
		return hm_buf_check(buf, "the result", err);
	}
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);
	json_of(v, &w);
	hm_buf_add_cstr(buf, "\n");
	return hm_json_writer_check(&w, "the result", err);
}

enum hm_status hm_cli_verify_report(struct hm_cli *cli, const struct hm_cli_verification *v, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(4 * HM_MAX_BUNDLE);

	enum hm_status st = make_text(cli, v, &buf, err);
	if (st == HM_OK)
		st = hm_cli_print(cli, &buf, err);
	if (st == HM_OK)
		fputs("Verified OK\n", cli->log);
	return st;
}
