/* The part of `hallmark doctor` that is about Go. */
#include "cli/doctor.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/proc.h"
#include "cli/go.h"
#include "golang/version.h"
#include "http/url.h"
#include "net/client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The oldest toolchain that hallmark is tested with; scripts/paths has the same. */
#define GO_WANTED "1.24"

#define GO_TODO                                                                                                        \
	"put a Go " GO_WANTED " or newer on the path: 'apt-get install -t bookworm-backports golang-go', or unpack a " \
	"release of go.dev/dl to /usr/local and add /usr/local/go/bin to PATH"

static const int64_t network_timeout_ms = 10000;

void hm_doctor_hide_users(const char *urls, char *ret_text, size_t size)
{
	struct hm_str rest = hm_str(urls);
	size_t used = 0;

	ret_text[0] = '\0';
	while (rest.len > 0 && used + 1 < size) {
		size_t n = 0;
		while (n < rest.len && rest.ptr[n] != ',' && rest.ptr[n] != '|' && rest.ptr[n] != ' ')
			n++;
		struct hm_str one = hm_str_head(rest, n), user = hm_url_user(one);
		if (user.ptr) {
			size_t before = (size_t)(user.ptr - one.ptr);
			used += (size_t)snprintf(ret_text + used, size - used, "%.*s(hidden)", (int)before, one.ptr);
			one = hm_str_skip(one, before + user.len);
		}
		if (used < size)
			used += (size_t)snprintf(ret_text + used, size - used, "%.*s%.*s", HM_STR_ARG(one),
						 n < rest.len ? 1 : 0, rest.ptr + (n < rest.len ? n : 0));
		rest = hm_str_skip(rest, n < rest.len ? n + 1 : n);
	}
}

static void check_toolchain(struct hm_doctor_report *report, const char *go, const struct hm_golang_env *facts)
{
	struct hm_str version = hm_golang_toolchain_version(hm_str(facts->version));
	bool is_new = hm_golang_compare_go(version, HM_STR(GO_WANTED)) >= 0;
	struct hm_doctor_check *c =
	    hm_doctor_add(report, "go", "toolchain", is_new ? HM_DOCTOR_OK : HM_DOCTOR_MISSING, "%s, %s for %s/%s%s",
			  go, facts->version, facts->gohostos, facts->gohostarch, is_new ? "" : ": too old");
	if (!is_new)
		snprintf(c->todo, sizeof(c->todo), "%s", GO_TODO);
}

static void check_race(struct hm_doctor_report *report, const struct hm_golang_env *facts)
{
	HM_OWN(hm_freep) char *cc = NULL;
	struct hm_str name, flags;
	char program[256];

	if (!hm_str_cut(hm_str(facts->cc), ' ', &name, &flags))
		name = hm_str(facts->cc[0] ? facts->cc : "gcc");
	snprintf(program, sizeof(program), "%.*s", HM_STR_ARG(name));
	if (hm_proc_find(program, NULL, &cc, NULL) == HM_OK && access(cc, X_OK) == 0 &&
	    hm_path_is_file("/usr/include/stdlib.h")) {
		hm_doctor_add(report, "go", "race-detector", HM_DOCTOR_OK, "%s, for tests with -race", cc);
		return;
	}
	struct hm_doctor_check *c =
	    hm_doctor_add(report, "go", "race-detector", HM_DOCTOR_WARNING,
			  "no C compiler with its headers: tests run without -race, with -covermode=count");
	snprintf(c->todo, sizeof(c->todo), "apt-get install gcc libc6-dev");
}

static void check_settings(struct hm_doctor_report *report, const struct hm_golang_env *facts)
{
	const struct {
		const char *name, *value;
	} rows[] = {
		{ "GOPROXY", facts->goproxy },     { "GOSUMDB", facts->gosumdb },
		{ "GOPRIVATE", facts->goprivate }, { "GONOPROXY", facts->gonoproxy },
		{ "GONOSUMDB", facts->gonosumdb }, { "GOINSECURE", facts->goinsecure },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[400];
		hm_doctor_hide_users(rows[i].value ? rows[i].value : "", text, sizeof(text));
		if (i < 2 || text[0])
			hm_doctor_add(report, "modules", rows[i].name, HM_DOCTOR_OK, "%s", text[0] ? text : "(empty)");
	}
	if (strcmp(facts->goproxy, "off") == 0) {
		struct hm_doctor_check *c = &report->checks[report->count - 1];
		for (size_t i = 0; i < report->count; i++)
			c = strcmp(report->checks[i].name, "GOPROXY") == 0 ? &report->checks[i] : c;
		c->state = HM_DOCTOR_WARNING;
		snprintf(c->todo, sizeof(c->todo),
			 "only modules that are in the cache can be built from; 'go env -u GOPROXY' lifts this");
	}
}

/* A folder that is written to, or will be made: the nearest one that is there must be writable. */
static void check_folder(struct hm_doctor_report *report, const char *name, const char *path)
{
	char at[4096];

	snprintf(at, sizeof(at), "%s", path);
	hm_path_cut_to_there(at);
	bool is_writable = hm_path_is_dir(at) && access(at, W_OK | X_OK) == 0;
	struct hm_doctor_check *c =
	    hm_doctor_add(report, "modules", name, is_writable ? HM_DOCTOR_OK : HM_DOCTOR_MISSING, "%s%s%s%s", path,
			  strcmp(at, path) == 0 ? "" : ", which will be made",
			  is_writable ? "" : ": may not be written to in ", is_writable ? "" : at);
	if (!is_writable)
		snprintf(c->todo, sizeof(c->todo), "own the folder, or name another: go env -w %s=FOLDER", name);
}

/* Whether somebody answers there with HTTP; what the answer is does not matter. */
static void check_answer(struct hm_doctor_report *report, const struct hm_transport *transport, const char *name,
			 struct hm_str url)
{
	const struct hm_ask_opts opts = { .timeout_ms = network_timeout_ms, .redirects = HM_REDIRECT_NEVER };
	HM_OWN(hm_http_request_done) struct hm_http_request request = { 0 };
	HM_OWN(hm_http_response_done) struct hm_http_response response = { 0 };
	struct hm_err err = { 0 };

	hm_http_request_init(&request, "GET", url);
	if (hm_transport_ask(transport, &request, &opts, &response, &err) == HM_OK) {
		hm_doctor_add(report, "network", name, HM_DOCTOR_OK, "%.*s answers, with status %d", HM_STR_ARG(url),
			      response.status);
		return;
	}
	struct hm_doctor_check *c = hm_doctor_add(report, "network", name, HM_DOCTOR_WARNING, "%s", err.cause);
	snprintf(c->todo, sizeof(c->todo), "%s; what is cached can be built without a network",
		 hm_reason_hint(err.reason) ? hm_reason_hint(err.reason) : "look at https_proxy and at the CA bundle");
}

/* The first proxy of the list, without the user in it: one that wants a password still answers. */
static void check_network(struct hm_doctor_report *report, const struct hm_golang_env *facts)
{
	HM_OWN(hm_client_freep) struct hm_client *client = NULL;
	const struct hm_client_opts opts = { .attempts = 1 };
	struct hm_err err = { 0 };
	struct hm_str proxy = hm_str(facts->goproxy);

	for (size_t i = 0; i < proxy.len; i++) {
		if (proxy.ptr[i] == ',' || proxy.ptr[i] == '|')
			proxy = hm_str_head(proxy, i);
	}
	ptrdiff_t scheme = hm_str_find(proxy, HM_STR("://"));
	if (scheme < 0) {
		hm_doctor_add(report, "network", "proxy", HM_DOCTOR_OK, "GOPROXY begins with '%.*s': nothing to ask",
			      HM_STR_ARG(proxy));
		return;
	}
	if (hm_client_new(&opts, &client, &err) != HM_OK) {
		hm_doctor_add(report, "network", "proxy", HM_DOCTOR_WARNING, "%s", err.cause);
		return;
	}
	struct hm_transport transport = hm_client_transport(client);
	struct hm_str user = hm_url_user(proxy), host = hm_str_skip(proxy, (size_t)scheme + 3);
	host = user.ptr ? hm_str_skip(host, user.len + 1) : host;
	ptrdiff_t slash = hm_str_find_char(host, '/');
	host = slash < 0 ? host : hm_str_head(host, (size_t)slash);
	HM_OWN(hm_freep) char *url = hm_asprintf("%.*s://%.*s/", (int)scheme, proxy.ptr, HM_STR_ARG(host));
	if (url)
		check_answer(report, &transport, "proxy", hm_str(url));
}

void hm_doctor_go(struct hm_doctor_report *report, bool with_network)
{
	HM_OWN(hm_golang_env_done) struct hm_golang_env facts = { 0 };
	HM_OWN(hm_freep) char *go = NULL;
	struct hm_err err = { 0 };

	if (hm_cli_go_facts(&go, &facts, &err) != HM_OK) {
		struct hm_doctor_check *c =
		    hm_doctor_add(report, "go", "toolchain", HM_DOCTOR_MISSING, "%s", err.cause);
		snprintf(c->todo, sizeof(c->todo), "%s", GO_TODO);
		return;
	}
	check_toolchain(report, go, &facts);
	check_race(report, &facts);
	check_settings(report, &facts);
	check_folder(report, "GOMODCACHE", facts.gomodcache);
	if (with_network)
		check_network(report, &facts);
}
