/*
 * Signing configs: where an instance's services are; and client trust configs, which are one together with a trust
 * root.
 *
 * Layer 7. Pure; any thread.
 * Source  sigstore/protobuf-specs, sigstore_trustroot.proto, SigningConfig and ClientTrustConfig
 */
#ifndef HM_SIGSTORE_SIGNING_CONFIG_H
#define HM_SIGSTORE_SIGNING_CONFIG_H

#include "base/limits.h"
#include "sigstore/trusted_root.h"

#define HM_SIGNING_CONFIG_MEDIA_TYPE "application/vnd.dev.sigstore.signingconfig.v0.2+json"
#define HM_TRUST_CONFIG_MEDIA_TYPE   "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"

/* One service. */
struct hm_signing_service {
	struct hm_str url;
	uint64_t api_version; /* major */
	struct hm_time_range valid_for;
	struct hm_str operator_name; /* {0}: not said */
};

enum hm_selector {
	HM_SELECTOR_UNDEFINED, /* says nothing, which is an error where something is to be chosen */
	HM_SELECTOR_ALL,
	HM_SELECTOR_ANY,
	HM_SELECTOR_EXACT,
};

/* How many of a kind are to be used. */
struct hm_service_rule {
	int selector;   /* enum hm_selector; as int because tables decode it */
	uint64_t count; /* of HM_SELECTOR_EXACT */
};

struct hm_service_list {
	struct hm_signing_service *v;
	size_t count;
};

struct hm_signing_config {
	struct hm_service_list cas, oidcs, tlogs, tsas;
	struct hm_service_rule tlog_rule, tsa_rule;
	struct hm_arena arena; /* what was read lies in it */
};

/*
 * Read a signing config.
 *
 * Owns    ret_config is the caller's, for hm_signing_config_done(); keeps nothing of text
 * Errors  HM_EPARSE json.…, data.…: also an unknown field; trust.media-type; trust.validity-start, trust.validity
 *         HM_EPARSE signing-config.url: not an http or https URL
 *         HM_ELIMIT json.limit: over HM_MAX_TRUSTED_ROOT bytes, HM_MAX_TRUSTED of a kind; HM_ENOMEM
 */
enum hm_status hm_signing_config_parse(struct hm_str text, struct hm_signing_config *ret_config,
				       struct hm_err *err) HM_MUST;

void hm_signing_config_done(struct hm_signing_config *config);

/* Write it. Shape: style: NULL for compact. Errors: HM_EPARSE json.encoding; HM_ELIMIT; HM_ENOMEM. */
enum hm_status hm_signing_config_encode(const struct hm_signing_config *config, const struct hm_json_style *style,
					struct hm_buf *buf, struct hm_err *err) HM_MUST;

/* What is looked for in a list. */
struct hm_service_choice {
	const char *what;             /* for texts: "certificate authority" */
	const uint64_t *api_versions; /* those that are spoken */
	size_t api_versions_count;
	const struct hm_service_rule *rule; /* NULL: one */
	int64_t now_ns;
};

/*
 * Choose: those valid now, of the highest version that is spoken, the newest of each operator, as many as the rule
 * wants. Versions are never mixed.
 *
 * Shape   ret_services: room for HM_MAX_SIGNING_SERVICES.
 * Owns    ret_services are borrowed from the list
 * Errors  HM_EINVAL signing-config.none: there is none, none is valid now, or none speaks a known version, which are
 *         named; fewer than EXACT wants
 *         HM_EINVAL signing-config.selector: undefined; HM_ELIMIT limit: more than HM_MAX_SIGNING_SERVICES
 * Source  sigstore_trustroot.proto, SigningConfig: "Clients MUST select …"
 */
enum hm_status hm_service_choose(const struct hm_service_list *list, const struct hm_service_choice *choice,
				 const struct hm_signing_service **ret_services, size_t *ret_count,
				 struct hm_err *err) HM_MUST;

/*
 * Read a client trust config.
 *
 * Owns    both are the caller's
 * Errors  as hm_trusted_root_parse() and hm_signing_config_parse()
 */
enum hm_status hm_trust_config_parse(struct hm_str text, struct hm_trusted_root *ret_root,
				     struct hm_signing_config *ret_config, struct hm_err *err) HM_MUST;

/* Write one. */
enum hm_status hm_trust_config_encode(const struct hm_trusted_root *root, const struct hm_signing_config *config,
				      const struct hm_json_style *style, struct hm_buf *buf,
				      struct hm_err *err) HM_MUST;

#endif
