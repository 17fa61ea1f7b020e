/* Signing configs: what is read is written and read as the same; what is chosen of them is what the rule wants. */
#include "base/own.h"
#include "sigstore/sign.h"
#include "sigstore/signing_config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_choice(const struct hm_signing_config *config)
{
	const struct hm_transport nobody = { 0 };
	struct hm_signing_services services;

	if (hm_signing_services_choose(config, true, INT64_C(1780000000000000000), &nobody, &services, NULL) != HM_OK)
		return;
	if (services.ca.url.len == 0 || services.tsas_count == 0 || services.tsas_count > HM_MAX_SIGNING_SERVICES ||
	    services.tlogs_count > HM_MAX_SIGNING_SERVICES)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_signing_config_done) struct hm_signing_config config = { 0 }, again = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf first = hm_buf_init(8 * HM_MIB), second = hm_buf_init(8 * HM_MIB);

	if (hm_signing_config_parse(hm_str_of(data, size), &config, NULL) != HM_OK)
		return 0;
	check_choice(&config);
	if (hm_signing_config_encode(&config, NULL, &first, NULL) != HM_OK)
		return 0;
	if (hm_signing_config_parse(hm_buf_str(&first), &again, NULL) != HM_OK ||
	    hm_signing_config_encode(&again, NULL, &second, NULL) != HM_OK ||
	    !hm_str_eq(hm_buf_str(&first), hm_buf_str(&second)))
		abort();
	return 0;
}
