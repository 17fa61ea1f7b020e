/*
 * Serves the local instance on the loopback until its standard input ends, so that the peers' clients reach the same
 * handlers as a local run.
 *
 * local_server ADDRESS STATE FOLDER [ISSUER]
 *
 * Prints its origin on the first line. Before that it has written to FOLDER trusted_root.json, signing_config.json and
 * trust_config.json, which name that origin, and `token`, an identity token. "token" on a line of its standard input
 * prints another one; each answer prints a line.
 */
#include "report.h"

#include "base/file.h"
#include "base/own.h"
#include "net/server.h"
#include "service/local/local.h"

#include <stdio.h>
#include <string.h>

static void log_answer(void *ctx, const struct hm_http_request *req, const struct hm_http_response *res,
		       enum hm_status st, const struct hm_err *err, int64_t duration_ns)
{
	(void)ctx;
	(void)duration_ns;
	printf("%d %.*s %.*s %s%s%s\n", res->status, HM_STR_ARG(req->method), HM_STR_ARG(req->path),
	       st == HM_OK ? "ok" : hm_reason_code(err->reason), st == HM_OK ? "" : ": ",
	       st == HM_OK ? "" : err->cause);
}

static enum hm_status write_token(const struct hm_instance *instance, const char *folder, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/token", folder);
	HM_OWN(hm_secret_done) struct hm_secret token = { 0 };

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "write a token");
	enum hm_status st = hm_instance_token(instance, &token, err);
	return st == HM_OK ? hm_file_save(path, hm_secret_str(&token), 0600, err) : st;
}

static void answer_lines(const struct hm_instance *instance)
{
	char line[16];

	while (fgets(line, sizeof(line), stdin)) {
		HM_OWN(hm_secret_done) struct hm_secret token = { 0 };
		if (strcmp(line, "token\n") == 0 && hm_instance_token(instance, &token, NULL) == HM_OK)
			printf("%s\n", token.ptr);
	}
}

static enum hm_status serve(char **argv, struct hm_err *err)
{
	const struct hm_instance_opts instance_opts = { .state = argv[2], .issuer = argv[4] };
	HM_OWN(hm_instance_freep) struct hm_instance *instance = NULL;
	HM_OWN(hm_server_stopp) struct hm_server *server = NULL;
	struct hm_server_opts opts = { .address = argv[1], .observer = { log_answer, NULL } };

	enum hm_status st = hm_instance_open(&instance_opts, &instance, err);
	if (st != HM_OK)
		return st;
	opts.endpoint = hm_instance_endpoint(instance);
	st = hm_server_start(&opts, &server, err);
	if (st == HM_OK)
		st = hm_instance_save(instance, hm_server_origin(server), argv[3], err);
	if (st == HM_OK)
		st = write_token(instance, argv[3], err);
	if (st != HM_OK)
		return st;
	printf("%s\n", hm_server_origin(server));
	answer_lines(instance);
	return HM_OK;
}

int main(int argc, char **argv)
{
	struct hm_err err = { 0 };

	if (argc != 4 && argc != 5)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	return serve(argv, &err) == HM_OK ? 0 : report(&err);
}
