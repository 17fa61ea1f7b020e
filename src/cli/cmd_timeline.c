/* timeline: what the local log says about an artifact. */
#include "cli/commands.h"

#include "base/encode.h"
#include "base/own.h"
#include "base/time.h"
#include "cli/timeline.h"
#include "data/json_write.h"

#include <inttypes.h>
#include <stdlib.h>

struct timeline_opts {
	const char *state;
	struct hm_strv bundles;
};

static const struct hm_opt table[] = {
	{ "bundle", 0, HM_OPT_LIST, offsetof(struct timeline_opts, bundles), "FILE",
	  "an attestation about it, to find its entry too; may be given more than once", NULL, NULL },
	{ "state", 0, HM_OPT_TEXT, offsetof(struct timeline_opts, state), "FOLDER",
	  "keys and log; $XDG_STATE_HOME/hallmark", NULL, NULL },
};

/* "sha256:…" */
static void write_digest(const struct hm_digest *digest, struct hm_buf *buf)
{
	hm_buf_addf(buf, "%s:", hm_digest_name(digest->alg));
	hm_hex_encode(buf, digest->b, digest->len);
}

/* Who signed; of a bare key its id, of which nobody says whose it is. */
static void write_identity(const struct hm_log_found *found, struct hm_buf *buf)
{
	if (found->identity.len) {
		hm_buf_add_str(buf, found->identity);
		return;
	}
	hm_buf_add_cstr(buf, "key ");
	hm_hex_encode(buf, found->key_id.b, 8);
}

static const char *time_text(int64_t time_s, char text[HM_TIME_TEXT_LEN])
{
	if (time_s == 0)
		return "not known";
	hm_time_write(time_s, text);
	return text;
}

/* "hashedrekord signature", "hashedrekord attestation https://slsa.dev/provenance/v1" */
static void write_kind(const struct hm_timeline_entry *e, struct hm_buf *buf)
{
	hm_buf_addf(buf, "%.*s %s%.*s", HM_STR_ARG(e->found.kind), e->is_attestation ? "attestation " : "signature",
		    HM_STR_ARG(e->predicate_type));
}

/* --- text --- */

static size_t wider(size_t width, size_t len)
{
	const size_t most = 64; /* what is longer pushes its own row aside only */

	return len > width && len <= most ? len : width;
}

static void write_row(const struct hm_timeline_entry *e, const size_t width[2], struct hm_buf *buf)
{
	HM_OWN(hm_buf_done) struct hm_buf who = hm_buf_init(HM_MAX_TIMELINE), kind = hm_buf_init(HM_MAX_TIMELINE);
	char time[HM_TIME_TEXT_LEN];

	write_identity(&e->found, &who);
	write_kind(e, &kind);
	hm_buf_addf(buf, "%-20s  %5" PRIu64 "  %-*.*s  %-*.*s  %s\n", time_text(e->found.time_s, time), e->found.index,
		    (int)width[0], HM_STR_ARG(hm_buf_str(&who)), (int)width[1], HM_STR_ARG(hm_buf_str(&kind)),
		    e->is_verified ? "yes" : "NO");
	if (!e->is_verified)
		hm_buf_addf(buf, "%29snot verified: %s: %s\n", "", hm_reason_code(e->why.reason), e->why.cause);
}

static void write_text(const struct hm_timeline *t, struct hm_buf *buf)
{
	size_t width[2] = { strlen("key 0123456789abcdef"), strlen("hashedrekord signature") };

	if (t->count == 0) {
		hm_buf_addf(buf, "the log %s has nothing about it\n", hm_log_origin(hm_instance_log(t->instance)));
		return;
	}
	for (size_t i = 0; i < t->count; i++) {
		HM_OWN(hm_buf_done) struct hm_buf kind = hm_buf_init(HM_MAX_TIMELINE);
		write_kind(&t->entries[i], &kind);
		width[0] = wider(width[0], t->entries[i].found.identity.len);
		width[1] = wider(width[1], kind.len);
	}
	hm_buf_addf(buf, "%-20s  %5s  %-*s  %-*s  VERIFIED\n", "TIME", "INDEX", (int)width[0], "IDENTITY",
		    (int)width[1], "KIND");
	for (size_t i = 0; i < t->count; i++)
		write_row(&t->entries[i], width, buf);
}

/* --- JSON --- */

static void write_entry(const struct hm_timeline_entry *e, struct hm_json_writer *w)
{
	HM_OWN(hm_buf_done) struct hm_buf digest = hm_buf_init(256);
	char time[HM_TIME_TEXT_LEN], key_id[2 * HM_HASH_LEN + 1];

	write_digest(&e->found.digest, &digest);
	hm_hex_write(key_id, e->found.key_id.b, HM_HASH_LEN);
	hm_json_object(w);
	if (e->found.time_s)
		hm_json_member_cstr(w, "time", time_text(e->found.time_s, time));
	hm_json_member_u64(w, "index", e->found.index);
	hm_json_member_str_if(w, "identity", e->found.identity);
	hm_json_member_str_if(w, "issuer", e->found.issuer);
	hm_json_member_cstr(w, "keyId", key_id);
	hm_json_member_str(w, "kind", e->found.kind);
	hm_json_member_str(w, "version", e->found.version);
	hm_json_member_cstr(w, "content", e->is_attestation ? "attestation" : "signature");
	hm_json_member_str_if(w, "predicateType", e->predicate_type);
	hm_json_member_str(w, "digest", hm_buf_str(&digest));
	hm_json_member_bool(w, "verified", e->is_verified);
	if (!e->is_verified) {
		hm_json_member_cstr(w, "reason", hm_reason_code(e->why.reason));
		hm_json_member_cstr(w, "cause", e->why.cause);
	}
	hm_json_object_end(w);
}

static enum hm_status write_json(const struct hm_timeline *t, const char *name, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	hm_json_object(&w);
	hm_json_key(&w, "artifact");
	hm_json_object(&w);
	hm_json_member_cstr(&w, "name", name);
	hm_json_key(&w, "digests");
	hm_json_array(&w);
	for (size_t i = 0; i < t->digests_count; i++) {
		HM_OWN(hm_buf_done) struct hm_buf digest = hm_buf_init(256);
		write_digest(&t->digests[i], &digest);
		hm_json_str(&w, hm_buf_str(&digest));
	}
	hm_json_array_end(&w);
	hm_json_object_end(&w);
	hm_json_member_cstr(&w, "log", hm_log_origin(hm_instance_log(t->instance)));
	hm_json_key(&w, "entries");
	hm_json_array(&w);
	for (size_t i = 0; i < t->count; i++)
		write_entry(&t->entries[i], &w);
	hm_json_array_end(&w);
	hm_json_member_u64(&w, "notVerified", t->unverified);
	hm_json_object_end(&w);
	hm_buf_add_char(buf, '\n');
	return hm_json_writer_check(&w, "the time line", err);
}

static enum hm_status print(struct hm_cli *cli, const struct hm_timeline *t, const char *name, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MAX_TIMELINE);
	enum hm_status st = HM_OK;

	if (cli->json)
		st = write_json(t, name, &buf, err);
	else
		write_text(t, &buf);
	if (st == HM_OK)
		st = hm_buf_check(&buf, "the time line", err);
	return st == HM_OK ? hm_cli_print(cli, &buf, err) : st;
}

static enum hm_status run(struct hm_cli *cli, const void *opts, char *const *args, size_t count, struct hm_err *err)
{
	const struct timeline_opts *o = opts;
	HM_OWN(hm_freep) char *state = NULL;
	HM_OWN(hm_timeline_done) struct hm_timeline t = { 0 };

	(void)count;
	enum hm_status st = hm_local_state_dir(o->state, getenv("XDG_STATE_HOME"), getenv("HOME"), &state, err);
	if (st != HM_OK)
		return st;
	const struct hm_timeline_query query = { .state = state,
						 .artifact = args[0],
						 .bundles = o->bundles.v,
						 .bundles_count = o->bundles.count,
						 .fx = cli->fx };
	st = hm_timeline_open(&query, &t, err);
	if (st == HM_OK)
		st = print(cli, &t, args[0], err);
	if (st == HM_OK && t.unverified > 0) {
		cli->has_answered = cli->json;
		st = hm_fail(err, HM_R_TIMELINE_UNVERIFIED, "%zu of %zu entries could not be verified", t.unverified,
			     t.count);
	}
	return hm_while(err, st, "time line of '%s'", args[0]);
}

const struct hm_cmd hm_cmd_timeline = {
	.name = "timeline",
	.summary = "what the local log says about an artifact, oldest first",
	.args = "FILE|sha256:DIGEST",
	.about = "Lists every entry of the local log that is about FILE: signatures over it, and attestations that "
		 "name it. For each:\n"
		 "when the log took it, its index, who signed, and whether it is verified: that the log's checkpoint, "
		 "signed by the\n"
		 "log's key, includes it; that the signature is by the key in it; and that the key's certificate was "
		 "issued by the\n"
		 "local instance and held at that time. The time is the log's own record: what proves a time is the "
		 "time stamp in a\n"
		 "bundle. A bare key is verified too, but nobody says whose it is.\n"
		 "\n"
		 "A log holds digests and no statements, so an attestation is found by its bundle: those that local "
		 "runs signed are\n"
		 "kept in the state; those in FILE's folder (*.sigstore.json) and those that --bundle names are looked "
		 "at too.\n"
		 "\n"
		 "An entry that is not verified makes the command end with 1; that there are none does not.",
	.example = "  hallmark timeline .hallmark/out/hello/hello-linux-amd64\n"
		   "  TIME                  INDEX  IDENTITY                      KIND                    VERIFIED\n"
		   "  2026-11-23T19:57:00Z      4  local-run@hallmark.localhost  hashedrekord signature  yes\n",
	HM_CMD_OPTS(table, struct timeline_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
