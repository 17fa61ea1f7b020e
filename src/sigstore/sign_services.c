/* From a signing config to the services of a session. */
#include "sigstore/sign.h"

#include "sigstore/signing_config.h"

/* The versions of their APIs that are spoken here: Fulcio's v2 is version 1 of a CA, RFC 3161 version 1 of a TSA. */
static const uint64_t ca_versions[] = { 1 }, tlog_versions[] = { 2 }, tsa_versions[] = { 1 };

static enum hm_status choose(const struct hm_service_list *list, const struct hm_service_choice *choice,
			     const struct hm_transport *transport, struct hm_service *ret_services, size_t *ret_count,
			     struct hm_err *err)
{
	const struct hm_signing_service *chosen[HM_MAX_SIGNING_SERVICES];
	size_t count;

	enum hm_status st = hm_service_choose(list, choice, chosen, &count, err);
	if (st != HM_OK)
		return st;
	for (size_t i = 0; i < count; i++)
		ret_services[i] = (struct hm_service){ transport, chosen[i]->url };
	*ret_count = count;
	return HM_OK;
}

enum hm_status hm_signing_services_choose(const struct hm_signing_config *config, bool with_ca, int64_t now_ns,
					  const struct hm_transport *transport,
					  struct hm_signing_services *ret_services, struct hm_err *err)
{
	const struct hm_service_choice ca = { "certificate authority", ca_versions, 1, NULL, now_ns };
	const struct hm_service_choice tsa = { "time-stamp authority", tsa_versions, 1, &config->tsa_rule, now_ns };
	const struct hm_service_choice tlog = { "transparency log", tlog_versions, 1, &config->tlog_rule, now_ns };
	struct hm_signing_services services = { 0 };
	enum hm_status st = HM_OK;
	size_t count;

	if (with_ca)
		st = choose(&config->cas, &ca, transport, &services.ca, &count, err);
	/* Rekor v2 signs no times: without a stamp a certificate is worth nothing. */
	if (st == HM_OK && (config->tsas.count > 0 || with_ca))
		st = choose(&config->tsas, &tsa, transport, services.tsas, &services.tsas_count, err);
	if (st == HM_OK && config->tlogs.count > 0)
		st = choose(&config->tlogs, &tlog, transport, services.tlogs, &services.tlogs_count, err);
	if (st == HM_OK)
		*ret_services = services;
	return st;
}
