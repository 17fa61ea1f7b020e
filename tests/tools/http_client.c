/*
 * Asks once, prints status, headers, an empty line and the body, or "failed REASON: CAUSE".
 *
 * http_client METHOD URL [--body TEXT] [--ca FILE] [--timeout MS] [--attempts N] [--redirects same|never|any]
 *             [--header NAME=VALUE] [--times N]
 */
#include "base/own.h"
#include "net/client.h"

#include <stdio.h>
#include <string.h>

struct options {
	struct hm_client_opts client;
	struct hm_ask_opts ask;
	const char *body;
	long times;
};

static bool take_option(struct options *o, struct hm_http_request *req, const char *name, const char *value)
{
	struct hm_str left, right;

	if (strcmp(name, "--body") == 0)
		o->body = value;
	else if (strcmp(name, "--ca") == 0)
		o->client.ca_file = value;
	else if (strcmp(name, "--timeout") == 0)
		o->ask.timeout_ms = strtol(value, NULL, 10);
	else if (strcmp(name, "--attempts") == 0)
		o->client.attempts = (unsigned)strtol(value, NULL, 10);
	else if (strcmp(name, "--redirects") == 0)
		o->ask.redirects = strcmp(value, "any") == 0     ? HM_REDIRECT_ANYWHERE
				   : strcmp(value, "never") == 0 ? HM_REDIRECT_NEVER
								 : HM_REDIRECT_SAME_ORIGIN;
	else if (strcmp(name, "--times") == 0)
		o->times = strtol(value, NULL, 10);
	else if (strcmp(name, "--header") == 0 && hm_str_cut(hm_str(value), '=', &left, &right))
		hm_http_add_str(&req->head, left, right);
	else
		return false;
	return true;
}

static int report(const struct hm_err *err)
{
	printf("failed %s: %s\n", hm_reason_code(err->reason), err->cause);
	return 1;
}

static void print(const struct hm_http_response *res)
{
	printf("%d\n", res->status);
	for (size_t i = 0; i < res->head.count; i++)
		printf("%.*s: %.*s\n", HM_STR_ARG(res->head.v[i].name), HM_STR_ARG(res->head.v[i].value));
	printf("\n%.*s", HM_STR_ARG(hm_buf_str(&res->body)));
}

int main(int argc, char **argv)
{
	HM_OWN(hm_http_request_done) struct hm_http_request req = { 0 };
	HM_OWN(hm_client_freep) struct hm_client *client = NULL;
	struct options o = { .times = 1 };
	struct hm_err err = { 0 };

	if (argc < 3 || argc % 2 != 1)
		return 2;
	hm_http_request_init(&req, argv[1], hm_str(argv[2]));
	for (int i = 3; i < argc; i += 2) {
		if (!take_option(&o, &req, argv[i], argv[i + 1]))
			return 2;
	}
	if (o.body)
		hm_http_request_set_body(&req, "text/plain", hm_str(o.body));
	if (hm_client_new(&o.client, &client, &err) != HM_OK)
		return report(&err);
	const struct hm_transport transport = hm_client_transport(client);
	for (long i = 0; i < o.times; i++) {
		HM_OWN(hm_http_response_done) struct hm_http_response res = { 0 };
		if (hm_transport_ask(&transport, &req, &o.ask, &res, &err) != HM_OK)
			return report(&err);
		if (i == o.times - 1)
			print(&res);
	}
	return 0;
}
