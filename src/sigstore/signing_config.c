#include "sigstore/signing_config.h"

#include "base/own.h"
#include "base/plant.h"
#include "http/url.h"

#include <inttypes.h>
#include <stdio.h>

struct config_doc {
	struct hm_str media_type;
	struct hm_service_list cas, oidcs, tlogs, tsas;
	struct hm_service_rule tlog_rule, tsa_rule;
};

static const struct hm_json_field service_fields[] = {
	{ "url", HM_JSON_STR, offsetof(struct hm_signing_service, url), HM_REQUIRED | HM_NOT_EMPTY },
	{ "majorApiVersion", HM_JSON_U64_STRING, offsetof(struct hm_signing_service, api_version) },
	{ "validFor", HM_JSON_OBJECT, offsetof(struct hm_signing_service, valid_for), .table = &hm_time_range_table },
	{ "operator", HM_JSON_STR, offsetof(struct hm_signing_service, operator_name) },
};
static const struct hm_json_table service_table = HM_JSON_TABLE(struct hm_signing_service, service_fields);

static const struct hm_json_name selectors[] = {
	{ "SERVICE_SELECTOR_UNDEFINED", HM_SELECTOR_UNDEFINED },
	{ "ALL", HM_SELECTOR_ALL },
	{ "ANY", HM_SELECTOR_ANY },
	{ "EXACT", HM_SELECTOR_EXACT },
	{ NULL, 0 },
};

static const struct hm_json_field rule_fields[] = {
	{ "selector", HM_JSON_ENUM, offsetof(struct hm_service_rule, selector), .names = selectors },
	{ "count", HM_JSON_U64_STRING, offsetof(struct hm_service_rule, count) },
};
static const struct hm_json_table rule_table = HM_JSON_TABLE(struct hm_service_rule, rule_fields);

#define LIST(name, member)                                                                                             \
	{                                                                                                              \
		name, HM_JSON_ARRAY, offsetof(struct config_doc, member.v),                                            \
		    .of = HM_JSON_OBJECT, .table = &service_table, .count = offsetof(struct config_doc, member.count), \
		    .max = HM_MAX_TRUSTED                                                                              \
	}

static const struct hm_json_field config_fields[] = {
	{ "mediaType", HM_JSON_STR, offsetof(struct config_doc, media_type), HM_REQUIRED },
	LIST("caUrls", cas),
	LIST("oidcUrls", oidcs),
	LIST("rekorTlogUrls", tlogs),
	{ "rekorTlogConfig", HM_JSON_OBJECT, offsetof(struct config_doc, tlog_rule), .table = &rule_table },
	LIST("tsaUrls", tsas),
	{ "tsaConfig", HM_JSON_OBJECT, offsetof(struct config_doc, tsa_rule), .table = &rule_table },
};
static const struct hm_json_table config_table = HM_JSON_TABLE(struct config_doc, config_fields);

/* "URL of the service. MUST include scheme and authority." */
static enum hm_status check_list(const char *kind, const struct hm_service_list *list, struct hm_err *err)
{
	struct hm_url url;
	char what[48];

	for (size_t i = 0; i < list->count; i++) {
		const struct hm_signing_service *s = &list->v[i];
		snprintf(what, sizeof(what), "%s[%zu]", kind, i);
		enum hm_status st = hm_time_range_check(&s->valid_for, what, err);
		if (st != HM_OK)
			return st;
		if (hm_url_parse(s->url, &url, err) != HM_OK)
			return hm_while(err, hm_fail_as(err, HM_R_SIGNING_URL), "%s", what);
		HM_PLANT(s->api_version > 2 && s->valid_for.has_end);
	}
	return HM_OK;
}

static enum hm_status take(const struct config_doc *doc, struct hm_signing_config *config, struct hm_err *err)
{
	if (!hm_str_is(doc->media_type, HM_SIGNING_CONFIG_MEDIA_TYPE))
		return hm_fail(err, HM_R_TRUST_MEDIA_TYPE, "'%.*s' is no signing config that is known",
			       HM_STR_ARG(hm_str_head(doc->media_type, 100)));
	config->cas = doc->cas;
	config->oidcs = doc->oidcs;
	config->tlogs = doc->tlogs;
	config->tsas = doc->tsas;
	config->tlog_rule = doc->tlog_rule;
	config->tsa_rule = doc->tsa_rule;
	enum hm_status st = check_list("caUrls", &config->cas, err);
	if (st == HM_OK)
		st = check_list("oidcUrls", &config->oidcs, err);
	if (st == HM_OK)
		st = check_list("rekorTlogUrls", &config->tlogs, err);
	return st == HM_OK ? check_list("tsaUrls", &config->tsas, err) : st;
}

enum hm_status hm_signing_config_parse(struct hm_str text, struct hm_signing_config *ret_config, struct hm_err *err)
{
	HM_OWN(hm_signing_config_done)
	struct hm_signing_config config = { .arena = hm_arena_init(8 * HM_MAX_TRUSTED_ROOT) };
	const struct hm_decode_opts opts = { .json = { .max_size = HM_MAX_TRUSTED_ROOT }, .proto_json = true };
	struct config_doc doc = { 0 };

	enum hm_status st = hm_json_decode(text, &config_table, &opts, &config.arena, &doc, err);
	if (st == HM_OK)
		st = take(&doc, &config, err);
	if (st != HM_OK)
		return st;
	*ret_config = config;
	config = (struct hm_signing_config){ 0 };
	return HM_OK;
}

void hm_signing_config_done(struct hm_signing_config *config)
{
	if (!config)
		return;
	hm_arena_done(&config->arena);
	*config = (struct hm_signing_config){ 0 };
}

static void write_list(const char *name, const struct hm_service_list *list, struct hm_json_writer *w)
{
	hm_json_key(w, name);
	hm_json_array(w);
	for (size_t i = 0; i < list->count; i++) {
		const struct hm_signing_service *s = &list->v[i];
		hm_json_object(w);
		hm_json_member_str(w, "url", s->url);
		hm_json_member_u64(w, "majorApiVersion", s->api_version);
		hm_json_key(w, "validFor");
		hm_time_range_encode(&s->valid_for, w);
		hm_json_member_str_if(w, "operator", s->operator_name);
		hm_json_object_end(w);
	}
	hm_json_array_end(w);
}

static void write_rule(const char *name, const struct hm_service_rule *rule, struct hm_json_writer *w)
{
	if (rule->selector == HM_SELECTOR_UNDEFINED)
		return;
	hm_json_key(w, name);
	hm_json_object(w);
	hm_json_member_cstr(w, "selector", selectors[rule->selector].name);
	if (rule->selector == HM_SELECTOR_EXACT)
		hm_json_member_u64(w, "count", rule->count);
	hm_json_object_end(w);
}

static void write_config(const struct hm_signing_config *config, struct hm_json_writer *w)
{
	hm_json_object(w);
	hm_json_member_cstr(w, "mediaType", HM_SIGNING_CONFIG_MEDIA_TYPE);
	write_list("caUrls", &config->cas, w);
	write_list("oidcUrls", &config->oidcs, w);
	write_list("rekorTlogUrls", &config->tlogs, w);
	write_rule("rekorTlogConfig", &config->tlog_rule, w);
	write_list("tsaUrls", &config->tsas, w);
	write_rule("tsaConfig", &config->tsa_rule, w);
	hm_json_object_end(w);
}

enum hm_status hm_signing_config_encode(const struct hm_signing_config *config, const struct hm_json_style *style,
					struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, style);

	write_config(config, &w);
	return hm_json_writer_check(&w, "signing config", err);
}

/* --- choosing --- */

static bool is_spoken(const struct hm_service_choice *choice, uint64_t version)
{
	for (size_t i = 0; i < choice->api_versions_count; i++) {
		if (choice->api_versions[i] == version)
			return true;
	}
	return false;
}

/* Why nothing was found: what is there and valid, by its versions. */
static enum hm_status refuse_none(const struct hm_service_list *list, const struct hm_service_choice *choice,
				  struct hm_err *err)
{
	const struct hm_signing_service *valid = NULL;

	for (size_t i = 0; i < list->count && !valid; i++) {
		if (hm_time_range_has(&list->v[i].valid_for, choice->now_ns))
			valid = &list->v[i];
	}
	if (list->count == 0)
		return hm_fail(err, HM_R_SIGNING_NONE, "the signing config names no %s", choice->what);
	if (!valid)
		return hm_fail(err, HM_R_SIGNING_NONE, "the signing config names no %s that is valid now",
			       choice->what);
	return hm_fail(err, HM_R_SIGNING_NONE,
		       "the %s '%.*s' speaks version %" PRIu64 " of its API, which is not "
		       "supported",
		       choice->what, HM_STR_ARG(hm_str_head(valid->url, 100)), valid->api_version);
}

static bool has_operator(const struct hm_signing_service *const *services, size_t count, struct hm_str operator_name)
{
	for (size_t i = 0; i < count; i++) {
		if (hm_str_eq(services[i]->operator_name, operator_name))
			return true;
	}
	return false;
}

/*
 * "highest API version that the client is compatible with, that are within its validity period, and have the newest
 * validity start dates"; of those that begin together the first. NULL: there are no more.
 */
static const struct hm_signing_service *next_best(const struct hm_service_list *list,
						  const struct hm_service_choice *choice,
						  const struct hm_signing_service *const *taken, size_t taken_count)
{
	const struct hm_signing_service *best = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct hm_signing_service *s = &list->v[i];
		if (!is_spoken(choice, s->api_version) || !hm_time_range_has(&s->valid_for, choice->now_ns))
			continue;
		/* "select at most one Service from each operator"; "from only the highest supported API version" */
		if (has_operator(taken, taken_count, s->operator_name) ||
		    (taken_count > 0 && s->api_version != taken[0]->api_version))
			continue;
		if (!best || s->api_version > best->api_version ||
		    (s->api_version == best->api_version && s->valid_for.start_ns > best->valid_for.start_ns))
			best = s;
	}
	return best;
}

/* How many the rule wants; 0: all that there are. */
static enum hm_status wanted_count(const struct hm_service_choice *choice, size_t *ret_count, struct hm_err *err)
{
	const struct hm_service_rule *rule = choice->rule;
	int selector = rule ? rule->selector : HM_SELECTOR_ANY;

	if (selector == HM_SELECTOR_UNDEFINED)
		return hm_fail(err, HM_R_SIGNING_SELECTOR,
			       "the signing config does not say how many of kind '%s' to "
			       "use",
			       choice->what);
	if (selector != HM_SELECTOR_EXACT) {
		*ret_count = selector == HM_SELECTOR_ANY ? 1 : 0;
		return HM_OK;
	}
	if (rule->count == 0)
		return hm_fail(err, HM_R_SIGNING_SELECTOR, "the signing config wants exactly 0 of kind '%s'",
			       choice->what);
	if (rule->count > HM_MAX_SIGNING_SERVICES)
		return hm_fail(err, HM_R_LIMIT,
			       "the signing config wants %" PRIu64 " of kind '%s', over the limit of "
			       "%d",
			       rule->count, choice->what, HM_MAX_SIGNING_SERVICES);
	*ret_count = (size_t)rule->count;
	return HM_OK;
}

enum hm_status hm_service_choose(const struct hm_service_list *list, const struct hm_service_choice *choice,
				 const struct hm_signing_service **ret_services, size_t *ret_count, struct hm_err *err)
{
	const struct hm_signing_service *best;
	size_t count = 0, wanted = 0;

	enum hm_status st = wanted_count(choice, &wanted, err);
	if (st != HM_OK)
		return st;
	while ((wanted == 0 || count < wanted) && (best = next_best(list, choice, ret_services, count))) {
		if (count == HM_MAX_SIGNING_SERVICES)
			return hm_fail(err, HM_R_LIMIT, "the signing config names over %d of kind '%s'",
				       HM_MAX_SIGNING_SERVICES, choice->what);
		ret_services[count++] = best;
	}
	if (count == 0)
		return refuse_none(list, choice, err);
	if (count < wanted)
		return hm_fail(err, HM_R_SIGNING_NONE,
			       "the signing config wants %zu of kind '%s' and names %zu that can be "
			       "used, by different operators",
			       wanted, choice->what, count);
	*ret_count = count;
	return HM_OK;
}

/* --- client trust configs --- */

struct trust_config_doc {
	struct hm_str media_type, root, config;
};

static const struct hm_json_field trust_config_fields[] = {
	{ "mediaType", HM_JSON_STR, offsetof(struct trust_config_doc, media_type), HM_REQUIRED },
	{ "trustedRoot", HM_JSON_TEXT, offsetof(struct trust_config_doc, root), HM_REQUIRED },
	{ "signingConfig", HM_JSON_TEXT, offsetof(struct trust_config_doc, config), HM_REQUIRED },
};
static const struct hm_json_table trust_config_table = HM_JSON_TABLE(struct trust_config_doc, trust_config_fields);

enum hm_status hm_trust_config_parse(struct hm_str text, struct hm_trusted_root *ret_root,
				     struct hm_signing_config *ret_config, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(8 * HM_MAX_TRUSTED_ROOT);
	const struct hm_decode_opts opts = { .json = { .max_size = 2 * HM_MAX_TRUSTED_ROOT }, .proto_json = true };
	HM_OWN(hm_trusted_root_done) struct hm_trusted_root root = { 0 };
	struct trust_config_doc doc = { 0 };

	enum hm_status st = hm_json_decode(text, &trust_config_table, &opts, &arena, &doc, err);
	if (st != HM_OK)
		return st;
	if (!hm_str_is(doc.media_type, HM_TRUST_CONFIG_MEDIA_TYPE))
		return hm_fail(err, HM_R_TRUST_MEDIA_TYPE, "'%.*s' is no client trust config that is known",
			       HM_STR_ARG(hm_str_head(doc.media_type, 100)));
	st = hm_while(err, hm_trusted_root_parse(doc.root, &root, err), "trustedRoot");
	if (st == HM_OK)
		st = hm_while(err, hm_signing_config_parse(doc.config, ret_config, err), "signingConfig");
	if (st != HM_OK)
		return st;
	*ret_root = root;
	root = (struct hm_trusted_root){ 0 };
	return HM_OK;
}

enum hm_status hm_trust_config_encode(const struct hm_trusted_root *root, const struct hm_signing_config *config,
				      const struct hm_json_style *style, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, style);

	hm_json_object(&w);
	hm_json_member_cstr(&w, "mediaType", HM_TRUST_CONFIG_MEDIA_TYPE);
	hm_json_key(&w, "trustedRoot");
	hm_trusted_root_write(root, &w);
	hm_json_key(&w, "signingConfig");
	write_config(config, &w);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "client trust config", err);
}
