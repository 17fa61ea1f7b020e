#include "cli/local_signing.h"

#include "base/mem.h"
#include "base/own.h"

void hm_local_signing_done(struct hm_local_signing *signing)
{
	hm_signing_free(signing->session);
	hm_trust_free(signing->trust);
	hm_instance_free(signing->instance);
	free(signing->tsa_url);
	*signing = (struct hm_local_signing){ 0 };
}

static enum hm_status open_session(struct hm_local_signing *s, const struct hm_sign_opts *opts, struct hm_err *err)
{
	HM_OWN(hm_secret_done) struct hm_secret token = { 0 };
	enum hm_status st = hm_instance_token(s->instance, &token, err);

	return st == HM_OK ? hm_signing_new(&s->services, hm_secret_str(&token), opts, &s->session, err) : st;
}

enum hm_status hm_local_signing_open(const char *state, const struct hm_effects *fx, struct hm_tracer *tracer,
				     const struct hm_trace_context *parent, struct hm_local_signing *ret_signing,
				     struct hm_err *err)
{
	struct hm_instance_opts instance = { .state = state, .fx = fx };
	struct hm_sign_opts opts = {
		.fx = fx,
		.tracer = tracer,
		.parent = parent,
		.identity = HM_STR(HM_LOCAL_IDENTITY),
		.issuer = HM_STR(HM_LOCAL_ISSUER),
	};
	struct hm_local_signing *s = ret_signing;

	*s = (struct hm_local_signing){ 0 };
	enum hm_status st = hm_instance_open(&instance, &s->instance, err);
	if (st == HM_OK)
		st = hm_trust_parse(hm_instance_trusted_root(s->instance), &s->trust, err);
	if (st == HM_OK) {
		const char *origin = hm_instance_origin(s->instance);
		s->transport = hm_instance_transport(s->instance);
		s->tsa_url = hm_asprintf("%s/api/v1/timestamp", origin);
		if (!s->tsa_url)
			st = hm_fail(err, HM_R_NO_MEMORY, "local instance");
		s->services.ca = s->services.tlogs[0] = (struct hm_service){ &s->transport, hm_str(origin) };
		s->services.tsas[0] = (struct hm_service){ &s->transport, hm_str(s->tsa_url) };
		s->services.tlogs_count = s->services.tsas_count = 1;
		s->services.trust = s->trust;
	}
	if (st == HM_OK)
		st = open_session(s, &opts, err);
	if (st != HM_OK)
		hm_local_signing_done(s);
	return hm_while(err, st, "local instance in '%s'", state);
}
