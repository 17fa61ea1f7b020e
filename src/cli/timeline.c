#include "cli/timeline.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define BUNDLE_SUFFIX ".sigstore.json"

void hm_timeline_done(struct hm_timeline *t)
{
	free(t->entries);
	free(t->attestations);
	hm_trust_free(t->trust);
	hm_instance_free(t->instance);
	hm_arena_done(&t->arena);
	*t = (struct hm_timeline){ 0 };
}

/* --- what to look for --- */

static enum hm_status take_digests(struct hm_timeline *t, const struct hm_artifact *artifact, struct hm_err *err)
{
	for (size_t i = 0; i < HM_DIGEST_ALGS; i++) {
		struct hm_err one = { 0 };
		enum hm_status st =
		    artifact->digest(artifact->ctx, (enum hm_digest_alg)i, &t->digests[t->digests_count], &one);
		if (st == HM_OK) {
			t->digests_count++;
		} else if (one.reason != HM_R_ARTIFACT_ALGORITHM) {
			/* a digest alone is known by one algorithm; a file by all */
			*err = one;
			return st;
		}
	}
	return HM_OK;
}

static enum hm_status take_bundle(struct hm_timeline *t, const char *path, const struct hm_artifact *artifact,
				  struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };

	if (!hm_grow(&t->attestations, &t->attestations_cap, t->attestations_count + 1, sizeof(*t->attestations)))
		return hm_fail(err, HM_R_NO_MEMORY, "read '%s'", path);
	enum hm_status st = hm_file_read(path, HM_MAX_BUNDLE, &text, err);
	if (st == HM_OK)
		st = hm_at(err, hm_bundle_parse(hm_buf_str(&text), &bundle, err), path, 0, 0);
	if (st == HM_OK && bundle.content == HM_CONTENT_DSSE)
		st = hm_while(
		    err, hm_attestation_of(&bundle, artifact, &t->arena, &t->attestations[t->attestations_count], err),
		    "attestation '%s'", path);
	if (st == HM_OK && bundle.content == HM_CONTENT_DSSE)
		t->attestations_count++;
	return st;
}

/* Attestations beside the artifact. What is no bundle, or is about something else, is somebody else's. */
static enum hm_status take_neighbours(struct hm_timeline *t, const char *path, const struct hm_artifact *artifact,
				      struct hm_err *err)
{
	const char *slash = strrchr(path, '/');
	HM_OWN(hm_freep) char *folder = slash ? hm_asprintf("%.*s", (int)(slash - path + 1), path) : hm_asprintf("./");
	DIR *dir = folder ? opendir(folder) : NULL;
	enum hm_status st = HM_OK;
	size_t seen = 0;

	if (!folder)
		return hm_fail(err, HM_R_NO_MEMORY, "look beside '%s'", path);
	if (!dir)
		return hm_fail_errno(err, errno, "open '%s'", folder);
	for (struct dirent *entry = readdir(dir); entry && st != HM_ENOMEM; entry = readdir(dir)) {
		if (!hm_str_has_suffix(hm_str(entry->d_name), HM_STR(BUNDLE_SUFFIX)) ||
		    ++seen > HM_MAX_TIMELINE_BUNDLES)
			continue;
		HM_OWN(hm_freep) char *name = hm_asprintf("%s%s", folder, entry->d_name);
		st = name ? take_bundle(t, name, artifact, NULL) : HM_ENOMEM;
	}
	closedir(dir);
	return st == HM_ENOMEM ? hm_fail(err, HM_R_NO_MEMORY, "look beside '%s'", path) : HM_OK;
}

/* What the instance kept of its own; one that is damaged is one that is not there. */
static enum hm_status take_kept(struct hm_timeline *t, const struct hm_artifact *artifact, struct hm_err *err)
{
	HM_OWN(hm_strv_done) struct hm_strv paths = { 0 };
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < t->digests_count && st == HM_OK; i++)
		st = hm_instance_kept(t->instance, &t->digests[i], &paths, err);
	for (size_t i = 0; i < paths.count && st == HM_OK; i++) {
		if (take_bundle(t, paths.v[i], artifact, NULL) == HM_ENOMEM)
			st = hm_fail(err, HM_R_NO_MEMORY, "read '%s'", paths.v[i]);
	}
	return st;
}

static enum hm_status take_artifact(struct hm_timeline *t, const struct hm_timeline_query *query,
				    const struct hm_artifact *artifact, bool is_file, struct hm_err *err)
{
	enum hm_status st = take_digests(t, artifact, err);

	for (size_t i = 0; i < query->bundles_count && st == HM_OK; i++)
		st = take_bundle(t, query->bundles[i], artifact, err);
	if (st == HM_OK)
		st = take_kept(t, artifact, err);
	return st == HM_OK && is_file ? take_neighbours(t, query->artifact, artifact, err) : st;
}

/* A file of the name goes before a digest, as in verify-blob. */
static enum hm_status open_artifact(struct hm_timeline *t, const struct hm_timeline_query *query, struct hm_err *err)
{
	HM_OWN(hm_artifact_file_done) struct hm_artifact_file file = { .fd = -1 };
	struct hm_digest digest;

	if (!hm_path_is_there(query->artifact) &&
	    hm_artifact_digest_parse(hm_str(query->artifact), &digest, NULL) == HM_OK) {
		const struct hm_artifact artifact = hm_artifact_of_digest(&digest);
		return take_artifact(t, query, &artifact, false, err);
	}
	enum hm_status st = hm_artifact_file_open(query->artifact, &file, err);
	if (st != HM_OK)
		return st;
	const struct hm_artifact artifact = hm_artifact_of_file(&file);
	return take_artifact(t, query, &artifact, true, err);
}

/* --- what the log has --- */

static bool has_digest(const struct hm_digest *digests, size_t count, const struct hm_digest *digest)
{
	for (size_t i = 0; i < count; i++) {
		if (hm_digest_eq(&digests[i], digest))
			return true;
	}
	return false;
}

/* That it is in the log, and that what it says is so. */
static enum hm_status verify(struct hm_timeline *t, const struct hm_log_found *found, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MAX_LOG_BODY);
	const int64_t time_ns = found->time_s * HM_NS_PER_S;
	struct hm_entry_facts facts;
	struct hm_log_proof proof;

	enum hm_status st = hm_log_prove(hm_instance_log(t->instance), found->index, &arena, &proof, err);
	if (st == HM_OK)
		st = hm_entry_verify(t->trust, proof.body, time_ns, &arena, &facts, err);
	/* the index is only a way to find it: the entry itself must say the same */
	if (st == HM_OK && !hm_digest_eq(&facts.digest, &found->digest))
		return hm_fail(err, HM_R_LOG_DAMAGED, "the log's index names another digest than entry %llu",
			       (unsigned long long)found->index);
	if (st == HM_OK && !hm_str_eq(facts.identity.subject, found->identity))
		return hm_fail(err, HM_R_LOG_DAMAGED, "the log's index names another signer than entry %llu",
			       (unsigned long long)found->index);
	return st;
}

static enum hm_status add_entry(struct hm_timeline *t, const struct hm_log_found *found, struct hm_err *err)
{
	if (!hm_grow(&t->entries, &t->cap, t->count + 1, sizeof(*t->entries)))
		return hm_fail(err, HM_R_NO_MEMORY, "a time line");
	struct hm_timeline_entry *entry = &t->entries[t->count];
	*entry = (struct hm_timeline_entry){ .found = *found };
	for (size_t i = 0; i < t->attestations_count && !entry->is_attestation; i++) {
		if (!has_digest(t->attestations[i].digests, HM_DIGEST_ALGS, &found->digest))
			continue;
		entry->is_attestation = true;
		entry->predicate_type = t->attestations[i].predicate_type;
	}
	enum hm_status st = verify(t, found, &entry->why);
	if (st == HM_ENOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "verify an entry");
	entry->is_verified = st == HM_OK;
	t->unverified += !entry->is_verified;
	t->count++;
	return HM_OK;
}

static enum hm_status search(struct hm_timeline *t, const struct hm_digest *digests, size_t count, struct hm_err *err)
{
	struct hm_log_query query = { .digests = digests, .digests_len = count };
	struct hm_log_found *found;
	enum hm_status st, found_all;
	size_t n;

	do {
		struct hm_err inner = { 0 };
		found = NULL;
		n = 0;
		st = found_all = hm_log_search(hm_instance_log(t->instance), &query, &t->arena, &found, &n, &inner);
		/* more than one answer holds: the rest comes with the next question */
		if (st == HM_ELIMIT && n > 0)
			st = HM_OK;
		if (st != HM_OK) {
			*err = inner;
			return st;
		}
		for (size_t i = 0; i < n && st == HM_OK; i++)
			st = add_entry(t, &found[i], err);
		if (n > 0)
			query.from = found[n - 1].index + 1;
	} while (st == HM_OK && found_all == HM_ELIMIT);
	return st;
}

static enum hm_status search_all(struct hm_timeline *t, struct hm_err *err)
{
	const size_t count = t->digests_count + t->attestations_count * HM_DIGEST_ALGS;
	HM_OWN(hm_freep) struct hm_digest *digests = hm_calloc(count, sizeof(*digests));

	if (!digests)
		return hm_fail(err, HM_R_NO_MEMORY, "search the log");
	memcpy(digests, t->digests, t->digests_count * sizeof(*digests));
	for (size_t i = 0; i < t->attestations_count; i++)
		memcpy(&digests[t->digests_count + i * HM_DIGEST_ALGS], t->attestations[i].digests,
		       sizeof(t->attestations[i].digests));
	return search(t, digests, count, err);
}

enum hm_status hm_timeline_open(const struct hm_timeline_query *query, struct hm_timeline *ret_timeline,
				struct hm_err *err)
{
	const struct hm_instance_opts opts = { .state = query->state, .must_exist = true, .fx = query->fx };
	HM_OWN(hm_timeline_done) struct hm_timeline t = { .arena = hm_arena_init(HM_MAX_TIMELINE) };

	if (!hm_path_is_there(query->state))
		return hm_fail(err, HM_R_FILE_NOT_FOUND, "there is no '%s': nothing was signed locally yet",
			       query->state);
	enum hm_status st = hm_instance_open(&opts, &t.instance, err);
	if (st == HM_OK)
		st = open_artifact(&t, query, err);
	if (st == HM_OK)
		st = hm_trust_parse(hm_instance_trusted_root(t.instance), &t.trust, err);
	if (st == HM_OK)
		st = search_all(&t, err);
	if (st != HM_OK)
		return st;
	*ret_timeline = t;
	t = (struct hm_timeline){ 0 };
	return HM_OK;
}
