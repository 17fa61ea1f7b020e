/*
 * Serves until its standard input ends: prints its origin on the first line, then a line for each answer.
 *
 * http_server ADDRESS [--cert FILE --key FILE] [--timeout MS] [--max-body N] [--max-connections N] [--each N]
 *
 * Any path is answered with what was asked; /status/NNN with that status; /bytes/N with N bytes; /fail with a failure.
 */
#include "base/own.h"
#include "net/server.h"

#include <stdio.h>
#include <string.h>

static enum hm_status answer_bytes(const struct hm_http_request *req, struct hm_http_response *res)
{
	uint64_t n = 0;

	if (hm_str_to_u64(hm_http_param(req, "n"), &n)) {
		char *space = hm_buf_add_space(&res->body, (size_t)n);
		if (space)
			memset(space, 'x', (size_t)n);
	}
	return HM_OK;
}

static enum hm_status bytes(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			    struct hm_err *err)
{
	(void)service;
	(void)err;
	return answer_bytes(req, res);
}

static enum hm_status status(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			     struct hm_err *err)
{
	uint64_t n = 0;

	(void)service;
	if (!hm_str_to_u64(hm_http_param(req, "n"), &n) || n > 999)
		return hm_fail(err, HM_R_USAGE, "no status");
	res->status = (int)n;
	return HM_OK;
}

static enum hm_status fails(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			    struct hm_err *err)
{
	(void)service;
	(void)req;
	(void)res;
	return hm_fail(err, HM_R_TLOG_INDEX, "leaf 5 of a log of 3");
}

static enum hm_status echo(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			   struct hm_err *err)
{
	(void)service;
	(void)err;
	hm_buf_addf(&res->body, "%.*s %.*s://%.*s%.*s%s%.*s\n", HM_STR_ARG(req->method), HM_STR_ARG(req->scheme),
		    HM_STR_ARG(req->host), HM_STR_ARG(req->path), req->query.ptr ? "?" : "", HM_STR_ARG(req->query));
	for (size_t i = 0; i < req->head.count; i++)
		hm_buf_addf(&res->body, "%.*s: %.*s\n", HM_STR_ARG(req->head.v[i].name),
			    HM_STR_ARG(req->head.v[i].value));
	hm_buf_add_char(&res->body, '\n');
	hm_buf_add_str(&res->body, hm_buf_str(&req->body));
	hm_http_set(&res->head, "Content-Type", HM_STR("text/plain"));
	return HM_OK;
}

static enum hm_status serve(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			    struct hm_err *err)
{
	static const struct hm_http_route routes[] = {
		{ "GET", "/bytes/{n}", bytes, NULL }, { "GET", "/status/{n}", status, NULL },
		{ "GET", "/fail", fails, NULL },      { "GET", "/{any...}", echo, NULL },
		{ "POST", "/{any...}", echo, NULL },  { "PUT", "/{any...}", echo, NULL },
	};
	static const struct hm_http_router router = { routes, sizeof(routes) / sizeof(routes[0]), NULL };

	return hm_http_route(&router, service, req, res, err);
}

static void log_answer(void *ctx, const struct hm_http_request *req, const struct hm_http_response *res,
		       enum hm_status st, const struct hm_err *err, int64_t duration_ns)
{
	(void)ctx;
	(void)duration_ns;
	printf("%d %.*s %.*s %s\n", res->status, HM_STR_ARG(req->method), HM_STR_ARG(req->path),
	       st == HM_OK ? "ok" : hm_reason_code(err->reason));
}

static bool take_option(struct hm_server_opts *opts, const char *name, const char *value)
{
	const long number = strtol(value, NULL, 10);

	if (strcmp(name, "--cert") == 0)
		opts->tls_cert_file = value;
	else if (strcmp(name, "--key") == 0)
		opts->tls_key_file = value;
	else if (strcmp(name, "--timeout") == 0)
		opts->head_timeout_ms = opts->body_timeout_ms = opts->answer_timeout_ms = number;
	else if (strcmp(name, "--max-body") == 0)
		opts->max_body = (size_t)number;
	else if (strcmp(name, "--max-connections") == 0)
		opts->max_connections = opts->threads = (unsigned)number;
	else if (strcmp(name, "--each") == 0)
		opts->max_connections_each = (unsigned)number;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct hm_server_opts opts = { .endpoint = { serve, NULL }, .observer = { log_answer, NULL } };
	HM_OWN(hm_server_stopp) struct hm_server *server = NULL;
	struct hm_err err = { 0 };

	if (argc < 2 || argc % 2 != 0)
		return 2;
	opts.address = argv[1];
	for (int i = 2; i < argc; i += 2) {
		if (!take_option(&opts, argv[i], argv[i + 1]))
			return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (hm_server_start(&opts, &server, &err) != HM_OK) {
		printf("failed %s: %s\n", hm_reason_code(err.reason), err.cause);
		return 1;
	}
	printf("%s\n", hm_server_origin(server));
	while (getchar() != EOF)
		;
	return 0;
}
