/* What clients are told of an instance: its trust root and its signing configuration. */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "crypto/oid.h"
#include "service/local/instance.h"
#include "sigstore/signing_config.h"

/* Whom clients count as one operator. */
#define OPERATOR HM_STR("hallmark.localhost")

#define TIMESTAMP_PATH "/api/v1/timestamp"

/* The parts of one document; what they say is borrowed from the instance and the arena. */
struct documents {
	const struct hm_instance *instance;
	struct hm_arena arena;
	struct hm_trusted_root root;
	struct hm_signing_config config;
};

static void documents_done(struct documents *d)
{
	hm_arena_done(&d->arena);
}

/* All of it holds from when the first of its parts was made: nothing was signed before, and it never changes. */
static struct hm_time_range since(const struct hm_instance *instance)
{
	int64_t start_s = hm_ca_since_s(instance->ca);
	size_t count;
	const struct hm_cert *tsa = hm_tsa_chain(instance->tsa, &count);

	for (size_t i = 0; i < count; i++) {
		if (tsa[i].not_before_s < start_s)
			start_s = tsa[i].not_before_s;
	}
	return (struct hm_time_range){ .start_ns = start_s * HM_NS_PER_S, .has_start = true };
}

static struct hm_str hash_str(const struct hm_hash *hash)
{
	return hm_str_of(hash->b, sizeof(hash->b));
}

static struct hm_trusted_log *one_log(struct hm_arena *arena, const struct hm_trusted_log *is)
{
	struct hm_trusted_log *log = hm_arena_alloc(arena, sizeof(*log));

	if (log)
		*log = *is;
	return log;
}

/*
 * An authority with its certificates.
 *
 * Shape   ders: count of them, the root last, which the authority is named after.
 */
static struct hm_trusted_authority *one_authority(struct documents *d, const struct hm_str *ders, size_t count,
						  struct hm_str uri)
{
	struct hm_trusted_authority *authority = hm_arena_calloc(&d->arena, 1, sizeof(*authority));
	struct hm_str *chain = hm_arena_calloc(&d->arena, count, sizeof(*chain));
	struct hm_cert root;

	if (!authority || !chain || hm_cert_parse(ders[count - 1], &root, NULL) != HM_OK)
		return NULL;
	memcpy(chain, ders, count * sizeof(*chain));
	*authority = (struct hm_trusted_authority){
		.uri = uri, .chain = { chain, count }, .valid_for = since(d->instance), .operator_name = OPERATOR
	};
	/* a name that lacks one of them is written without it */
	(void)!hm_name_find(root.subject, HM_OID_ORGANIZATION, &authority->organization);
	(void)!hm_name_find(root.subject, HM_OID_COMMON_NAME, &authority->common_name);
	return authority;
}

static void take_logs(struct documents *d)
{
	const struct hm_instance *in = d->instance;
	const struct hm_key *log_key = hm_log_key(in->log), *ct_key = hm_ca_ct_key(in->ca);
	const struct hm_trusted_log log = { .base_url = hm_str(in->origin),
					    .hash_algorithm = HM_STR("SHA2_256"),
					    .key_der = log_key->spki,
					    .key_details = HM_STR("PKIX_ED25519"),
					    .valid_for = since(in),
					    .id = hash_str(hm_log_id(in->log)),
					    .operator_name = OPERATOR };
	const struct hm_trusted_log ct = {
		.base_url = hm_arena_printf(&d->arena, "https://%s", hm_ca_ct_name(in->ca)),
		.hash_algorithm = HM_STR("SHA2_256"),
		.key_der = ct_key->spki,
		.key_details = HM_STR("PKIX_ECDSA_P256_SHA_256"),
		.valid_for = since(in),
		.id = hash_str(&ct_key->id),
		.operator_name = OPERATOR,
	};

	d->root.tlogs = one_log(&d->arena, &log);
	d->root.ctlogs = one_log(&d->arena, &ct);
	d->root.tlogs_count = d->root.ctlogs_count = 1;
}

static enum hm_status take_root(struct documents *d, struct hm_err *err)
{
	const struct hm_instance *in = d->instance;
	const struct hm_str ca[] = { hm_ca_intermediate(in->ca), hm_ca_root(in->ca) };
	struct hm_str tsa[HM_MAX_CERT_PATH];
	size_t count;
	const struct hm_cert *chain = hm_tsa_chain(in->tsa, &count);

	if (count == 0 || count > HM_MAX_CERT_PATH)
		return hm_fail(err, HM_R_BUG, "a time-stamp authority with %zu certificates", count);
	for (size_t i = 0; i < count; i++)
		tsa[i] = chain[i].der;
	d->root.media = HM_TRUSTED_ROOT_OLD;
	take_logs(d);
	d->root.cas = one_authority(d, ca, 2, hm_str(in->origin));
	d->root.tsas = one_authority(d, tsa, count, hm_arena_printf(&d->arena, "%s" TIMESTAMP_PATH, in->origin));
	d->root.cas_count = d->root.tsas_count = 1;
	enum hm_status st = hm_arena_check(&d->arena, "a trust root", err);
	if (st == HM_OK && (!d->root.cas || !d->root.tsas))
		return hm_fail(err, HM_R_BUG, "a root certificate that cannot be read");
	return st;
}

static struct hm_service_list one_service(struct documents *d, struct hm_str url, uint64_t version)
{
	struct hm_signing_service *service = hm_arena_calloc(&d->arena, 1, sizeof(*service));

	if (service)
		*service = (struct hm_signing_service){ url, version, since(d->instance), OPERATOR };
	return (struct hm_service_list){ service, 1 };
}

static enum hm_status take_config(struct documents *d, const char *origin, struct hm_err *err)
{
	static const struct hm_service_rule any = { HM_SELECTOR_ANY, 0 };
	struct hm_str base = hm_str(origin ? origin : d->instance->origin);

	d->config.cas = one_service(d, base, 1);
	d->config.oidcs = one_service(d, hm_str(d->instance->issuer), 1);
	d->config.tlogs = one_service(d, base, 2);
	d->config.tsas = one_service(d, hm_arena_printf(&d->arena, "%.*s" TIMESTAMP_PATH, HM_STR_ARG(base)), 1);
	d->config.tlog_rule = d->config.tsa_rule = any;
	return hm_arena_check(&d->arena, "a signing config", err);
}

static struct documents begin(const struct hm_instance *instance)
{
	return (struct documents){ .instance = instance, .arena = hm_arena_init(HM_MAX_TRUSTED_ROOT) };
}

static enum hm_status end_line(struct hm_buf *buf, const char *what, enum hm_status st, struct hm_err *err)
{
	hm_buf_add_char(buf, '\n');
	return st == HM_OK ? hm_buf_check(buf, what, err) : st;
}

enum hm_status hm_instance_write_root(const struct hm_instance *instance, struct hm_buf *buf, struct hm_err *err)
{
	HM_OWN(documents_done) struct documents d = begin(instance);

	enum hm_status st = take_root(&d, err);
	if (st == HM_OK)
		st = hm_trusted_root_encode(&d.root, &hm_json_pretty, buf, err);
	return end_line(buf, "a trust root", st, err);
}

enum hm_status hm_instance_signing_config(const struct hm_instance *instance, const char *origin, struct hm_buf *buf,
					  struct hm_err *err)
{
	HM_OWN(documents_done) struct documents d = begin(instance);

	enum hm_status st = take_config(&d, origin, err);
	if (st == HM_OK)
		st = hm_signing_config_encode(&d.config, &hm_json_pretty, buf, err);
	return end_line(buf, "a signing config", st, err);
}

enum hm_status hm_instance_trust_config(const struct hm_instance *instance, const char *origin, struct hm_buf *buf,
					struct hm_err *err)
{
	HM_OWN(documents_done) struct documents d = begin(instance);

	enum hm_status st = take_root(&d, err);
	if (st == HM_OK)
		st = take_config(&d, origin, err);
	if (st == HM_OK)
		st = hm_trust_config_encode(&d.root, &d.config, &hm_json_pretty, buf, err);
	return end_line(buf, "a trust config", st, err);
}

static enum hm_status save(const char *folder, const char *name, struct hm_str text, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", folder, name);
	HM_OWN(hm_buf_done) struct hm_buf there = { 0 };

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "save '%s'", name);
	/* nearly always it has been said before */
	if (hm_file_read(path, text.len, &there, NULL) == HM_OK && hm_str_eq(hm_buf_str(&there), text))
		return HM_OK;
	return hm_file_save(path, text, 0644, err);
}

enum hm_status hm_instance_save(const struct hm_instance *instance, const char *origin, const char *folder,
				struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf config = hm_buf_init(HM_MAX_TRUSTED_ROOT);
	HM_OWN(hm_buf_done) struct hm_buf both = hm_buf_init(2 * HM_MAX_TRUSTED_ROOT);

	enum hm_status st = hm_instance_signing_config(instance, origin, &config, err);
	if (st == HM_OK)
		st = hm_instance_trust_config(instance, origin, &both, err);
	hm_file_sweep(folder);
	if (st == HM_OK)
		st = save(folder, "trusted_root.json", hm_buf_str(&instance->trusted_root), err);
	if (st == HM_OK)
		st = save(folder, "signing_config.json", hm_buf_str(&config), err);
	return st == HM_OK ? save(folder, "trust_config.json", hm_buf_str(&both), err) : st;
}
