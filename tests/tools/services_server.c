/*
 * Serves our services on one origin until its standard input ends, so that the peers' own clients reach the handlers.
 *
 * services_server ADDRESS STATE [--log-origin NAME]
 *
 * The state of each lies in a folder of STATE: log, tsa. Prints its origin on the first line and the log's name on the
 * second, then a line for each answer.
 */
#include "report.h"

#include "base/own.h"
#include "net/server.h"
#include "service/log/log.h"
#include "service/tsa/tsa.h"

#include <stdio.h>
#include <string.h>

struct services {
	struct hm_log *log;
	struct hm_tsa *tsa;
};

static void services_done(struct services *s)
{
	hm_log_free(s->log);
	hm_tsa_free(s->tsa);
}

static enum hm_status open_services(struct services *s, const char *state, const char *log_origin, struct hm_err *err)
{
	HM_OWN(hm_freep) char *log_dir = hm_asprintf("%s/log", state), *tsa_dir = hm_asprintf("%s/tsa", state);
	const struct hm_log_opts log_opts = { .dir = log_dir, .origin = log_origin };
	const struct hm_tsa_opts tsa_opts = { .dir = tsa_dir };

	if (!log_dir || !tsa_dir)
		return hm_fail(err, HM_R_NO_MEMORY, "open '%s'", state);
	enum hm_status st = hm_log_open(&log_opts, &s->log, err);
	return st == HM_OK ? hm_tsa_open(&tsa_opts, &s->tsa, err) : st;
}

static void log_answer(void *ctx, const struct hm_http_request *req, const struct hm_http_response *res,
		       enum hm_status st, const struct hm_err *err, int64_t duration_ns)
{
	char text[1024] = "";

	(void)ctx;
	if (st != HM_OK)
		hm_err_text(err, text, sizeof(text));
	printf("%d %.*s %.*s %lld ms %s %s\n", res->status, HM_STR_ARG(req->method), HM_STR_ARG(req->path),
	       (long long)(duration_ns / 1000000), st == HM_OK ? "ok" : hm_reason_code(err->reason), text);
}

int main(int argc, char **argv)
{
	HM_OWN(services_done) struct services services = { 0 };
	HM_OWN(hm_server_stopp) struct hm_server *server = NULL;
	struct hm_err err = { 0 };
	const char *log_origin = NULL;

	if (argc < 3 || argc % 2 == 0)
		return 2;
	for (int i = 3; i < argc; i += 2) {
		if (strcmp(argv[i], "--log-origin") != 0)
			return 2;
		log_origin = argv[i + 1];
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (open_services(&services, argv[2], log_origin, &err) != HM_OK)
		return report(&err);
	const struct hm_http_endpoint endpoints[] = { hm_log_endpoint(services.log), hm_tsa_endpoint(services.tsa) };
	struct hm_http_mux mux = { endpoints, sizeof(endpoints) / sizeof(endpoints[0]) };
	const struct hm_server_opts opts = { .address = argv[1],
					     .endpoint = { hm_http_mux_handle, &mux },
					     .observer = { log_answer, NULL } };
	if (hm_server_start(&opts, &server, &err) != HM_OK)
		return report(&err);
	printf("%s\n%s\n", hm_server_origin(server), hm_log_origin(services.log));
	while (getchar() != EOF)
		;
	return 0;
}
