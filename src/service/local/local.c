#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "service/local/instance.h"

enum hm_status hm_local_state_dir(const char *given, const char *xdg, const char *home, char **ret_path,
				  struct hm_err *err)
{
	char *path;

	if (given && given[0])
		path = hm_asprintf("%s", given);
	/* the specification: a path that is not absolute is to be ignored */
	else if (xdg && xdg[0] == '/')
		path = hm_asprintf("%s/hallmark", xdg);
	else if (home && home[0] == '/')
		path = hm_asprintf("%s/.local/state/hallmark", home);
	else
		return hm_fail(err, HM_R_USAGE,
			       "there is no place for the state: neither --state, nor "
			       "XDG_STATE_HOME, nor HOME says where");
	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "find the state directory");
	*ret_path = path;
	return HM_OK;
}

struct hm_instance *hm_instance_free(struct hm_instance *instance)
{
	if (!instance)
		return NULL;
	hm_ca_free(instance->ca);
	hm_tsa_free(instance->tsa);
	hm_log_free(instance->log);
	hm_oidc_free(instance->oidc);
	hm_buf_done(&instance->trusted_root);
	free(instance->issuer);
	free(instance->attestations);
	free(instance->origin);
	free(instance);
	return NULL;
}

void hm_instance_freep(struct hm_instance **instance)
{
	*instance = hm_instance_free(*instance);
}

struct hm_transport hm_instance_transport(const struct hm_instance *instance)
{
	return instance->transport;
}

struct hm_http_endpoint hm_instance_endpoint(const struct hm_instance *instance)
{
	/* a handler's service is not const; the table of services is never written */
	return instance->origins[0].endpoint;
}

const char *hm_instance_origin(const struct hm_instance *instance)
{
	return instance->origin;
}

struct hm_log *hm_instance_log(const struct hm_instance *instance)
{
	return instance->log;
}

struct hm_str hm_instance_trusted_root(const struct hm_instance *instance)
{
	return hm_buf_str(&instance->trusted_root);
}

enum hm_status hm_instance_token(const struct hm_instance *instance, struct hm_secret *ret_token, struct hm_err *err)
{
	const struct hm_oidc_claims claims = { .subject = HM_STR("local-run"),
					       .audience = HM_STR(HM_LOCAL_AUDIENCE),
					       .email = HM_STR(HM_LOCAL_IDENTITY),
					       .lifetime_s = 300 };

	return hm_oidc_issue(instance->oidc, &claims, ret_token, err);
}

/* --- opening --- */

static enum hm_status open_log(struct hm_instance *instance, const char *dir, const struct hm_instance_opts *opts,
			       struct hm_err *err)
{
	const struct hm_log_opts log = { .dir = dir, .must_exist = opts->must_exist, .fx = opts->fx };

	enum hm_status st = hm_log_open(&log, &instance->log, err);
	if (st != HM_OK)
		return st;
	instance->origin = hm_asprintf("https://%s", hm_log_origin(instance->log));
	return instance->origin ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "open the log");
}

static enum hm_status open_tsa(struct hm_instance *instance, const char *dir, const struct hm_instance_opts *opts,
			       struct hm_err *err)
{
	const struct hm_tsa_opts tsa = { .dir = dir, .must_exist = opts->must_exist, .fx = opts->fx };

	return hm_tsa_open(&tsa, &instance->tsa, err);
}

static enum hm_status open_oidc(struct hm_instance *instance, const char *dir, const struct hm_instance_opts *opts,
				struct hm_err *err)
{
	const struct hm_oidc_opts oidc = { .dir = dir, .issuer = instance->issuer, .fx = opts->fx };

	return hm_oidc_open(&oidc, &instance->oidc, err);
}

static enum hm_status open_ca(struct hm_instance *instance, const char *dir, const struct hm_instance_opts *opts,
			      struct hm_err *err)
{
	const struct hm_ca_issuer issuer = { instance->issuer, HM_LOCAL_AUDIENCE, false };
	const struct hm_ca_opts ca = {
		.dir = dir, .issuers = &issuer, .issuers_count = 1, .transport = &instance->transport, .fx = opts->fx
	};

	return hm_ca_open(&ca, &instance->ca, err);
}

/* In the order in which they are asked for: who looks only finds out by the first that there is nothing. */
static enum hm_status open_services(struct hm_instance *instance, const struct hm_instance_opts *opts,
				    struct hm_err *err)
{
	static const struct {
		const char *folder;
		enum hm_status (*open)(struct hm_instance *instance, const char *dir,
				       const struct hm_instance_opts *opts, struct hm_err *err);
	} services[] = { { "log", open_log }, { "tsa", open_tsa }, { "oidc", open_oidc }, { "ca", open_ca } };
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]) && st == HM_OK; i++) {
		HM_OWN(hm_freep) char *dir = hm_asprintf("%s/%s", opts->state, services[i].folder);
		if (!dir)
			return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", opts->state);
		st = services[i].open(instance, dir, opts, err);
	}
	return st;
}

/* All services on one origin, which has a second name: the issuer's, that tokens say. */
static void connect_services(struct hm_instance *instance, const struct hm_instance_opts *opts)
{
	const struct hm_http_endpoint endpoint = { hm_http_mux_handle, &instance->mux };
	const struct hm_http_endpoint services[HM_INSTANCE_SERVICES] = {
		{ hm_log_handle, instance->log },
		{ hm_ca_handle, instance->ca },
		{ hm_tsa_handle, instance->tsa },
		{ hm_oidc_handle, instance->oidc },
	};

	memcpy(instance->endpoints, services, sizeof(services));
	instance->mux = (struct hm_http_mux){ instance->endpoints, HM_INSTANCE_SERVICES };
	instance->origins[0] = (struct hm_local_origin){ instance->origin, endpoint };
	instance->origins[1] = (struct hm_local_origin){ instance->issuer, endpoint };
	instance->local = (struct hm_local){ .origins = instance->origins,
					     .count = 2,
					     .observer = opts->observer,
					     .next = opts->next ? &instance->next : NULL };
}

enum hm_status hm_instance_open(const struct hm_instance_opts *opts, struct hm_instance **ret_instance,
				struct hm_err *err)
{
	HM_OWN(hm_instance_freep) struct hm_instance *instance = hm_calloc(1, sizeof(*instance));
	enum hm_status st = HM_OK;

	if (!instance)
		return hm_fail(err, HM_R_NO_MEMORY, "open the local instance");
	instance->trusted_root = hm_buf_init(HM_MAX_TRUSTED_ROOT);
	instance->issuer = hm_asprintf("%s", opts->issuer ? opts->issuer : HM_LOCAL_ISSUER);
	instance->attestations = hm_asprintf("%s/attestations", opts->state);
	if (!instance->issuer || !instance->attestations)
		return hm_fail(err, HM_R_NO_MEMORY, "open the local instance");
	if (opts->next)
		instance->next = *opts->next;
	/* the CA keeps the transport; it is asked through it only once everything is connected */
	instance->transport = hm_transport_local(&instance->local);
	if (!opts->must_exist)
		st = hm_dir_make(opts->state, 0700, err);
	if (st == HM_OK)
		st = open_services(instance, opts, err);
	if (st == HM_OK) {
		connect_services(instance, opts);
		st = hm_instance_write_root(instance, &instance->trusted_root, err);
	}
	if (st != HM_OK)
		return hm_while(err, st, "open the local instance in '%s'", opts->state);
	*ret_instance = HM_STEAL(instance);
	return HM_OK;
}
