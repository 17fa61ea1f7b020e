#include "base/own.h"
#include "http/route.h"
#include "service/log/parts.h"

#include <inttypes.h>

/* Where Rekor's tiles lie. */
enum { api_prefix_len = sizeof("/api/v2/") - 1 };

/* How often a tile may vanish because another process grew the log meanwhile. */
enum { max_attempts = 4 };

/* --- failures, as grpc-gateway writes them --- */

/* google.rpc.Code */
enum {
	code_unknown = 2,
	code_invalid_argument = 3,
	code_not_found = 5,
	code_already_exists = 6,
	code_unimplemented = 12,
	code_unavailable = 14,
};

static int code_of(int http_status)
{
	static const struct {
		int status, code;
	} codes[] = {
		{ 404, code_not_found },   { 405, code_unimplemented },    { 409, code_already_exists },
		{ 503, code_unavailable }, { 400, code_invalid_argument }, { 413, code_invalid_argument },
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].status == http_status)
			return codes[i].code;
	}
	return code_unknown;
}

/* What is wrong on our side is for our own log; who asks gets a sentence. */
static void write_error(const struct hm_http_request *request, const struct hm_err *err, struct hm_str text,
			struct hm_http_response *response)
{
	const bool is_ours = response->status >= 500 && response->status != 503;

	(void)request;
	hm_buf_clear(&response->body);
	struct hm_json_writer w = hm_http_answer_json(response, response->status);
	hm_json_object(&w);
	hm_json_member_i64(&w, "code", code_of(response->status));
	if (is_ours)
		hm_json_member_cstr(&w, "message", hm_reason_text(err->reason));
	else if (hm_str_is_utf8(text))
		hm_json_member_str(&w, "message", text);
	else
		hm_json_member_cstr(&w, "message", hm_reason_text(err->reason));
	hm_json_key(&w, "details");
	hm_json_array(&w);
	hm_json_array_end(&w);
	hm_json_object_end(&w);
}

/* A failure of what was asked keeps its own status; one of our files is not the fault of who asks. */
static enum hm_status our_fault(struct hm_http_response *res, enum hm_status st)
{
	if (st != HM_OK && st != HM_ENOMEM && res->status == 0)
		res->status = 500;
	return st;
}

/* --- writing --- */

static void write_proof(struct hm_json_writer *w, const struct hm_log_waiting *entry)
{
	hm_json_key(w, "inclusionProof");
	hm_json_object(w);
	hm_json_member_u64_string(w, "logIndex", entry->index);
	hm_json_member_base64(w, "rootHash", entry->head.tree.root.b, HM_HASH_LEN);
	hm_json_member_u64_string(w, "treeSize", entry->head.tree.size);
	hm_json_key(w, "hashes");
	hm_json_array(w);
	for (size_t i = 0; i < entry->path.count; i++)
		hm_json_base64(w, entry->path.hash[i].b, HM_HASH_LEN);
	hm_json_array_end(w);
	hm_json_key(w, "checkpoint");
	hm_json_object(w);
	hm_json_member_str(w, "envelope", hm_str_of(entry->head.note, entry->head.note_len));
	hm_json_object_end(w);
	hm_json_object_end(w);
}

/* A TransparencyLogEntry with all of its members, as rekor-tiles' gateway writes it. */
static enum hm_status write_entry(const struct hm_log *log, const struct hm_log_waiting *entry,
				  struct hm_http_response *res, struct hm_err *err)
{
	struct hm_json_writer w = hm_http_answer_json(res, 201);

	hm_json_object(&w);
	hm_json_member_u64_string(&w, "logIndex", entry->index);
	hm_json_key(&w, "logId");
	hm_json_object(&w);
	hm_json_member_base64(&w, "keyId", log->id.b, sizeof(log->id.b));
	hm_json_object_end(&w);
	hm_json_key(&w, "kindVersion");
	hm_json_object(&w);
	hm_json_member_cstr(&w, "kind", "hashedrekord");
	hm_json_member_cstr(&w, "version", "0.0.2");
	hm_json_object_end(&w);
	hm_json_member_cstr(&w, "integratedTime", "0");
	hm_json_key(&w, "inclusionPromise");
	hm_json_null(&w);
	write_proof(&w, entry);
	hm_json_member_base64(&w, "canonicalizedBody", entry->body.ptr, entry->body.len);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "a log entry", err);
}

static enum hm_status create_entry(void *service, const struct hm_http_request *req, struct hm_http_response *res,
				   struct hm_err *err)
{
	struct hm_log *log = service;
	struct hm_log_waiting entry = { 0 };

	enum hm_status st = hm_log_entry_make(hm_buf_str(&req->body), hm_http_scratch(res), &entry.body, err);
	if (st != HM_OK)
		return err->reason == HM_R_LOG_TYPE ? st : hm_while(err, st, "invalid hashedrekord request");
	st = hm_log_add(log, &entry, err);
	if (st == HM_ECONFLICT && err->reason == HM_R_LOG_DUPLICATE) {
		hm_http_addf(&res->head, "x-log-index", "%" PRIu64, entry.index);
		return st;
	}
	if (st != HM_OK)
		return err->reason == HM_R_HTTP_BUSY ? st : our_fault(res, st);
	return write_entry(log, &entry, res, err);
}

/* --- reading --- */

static enum hm_status get_checkpoint(void *service, const struct hm_http_request *req, struct hm_http_response *res,
				     struct hm_err *err)
{
	struct hm_log_head head;

	(void)req;
	enum hm_status st = hm_log_load_head(service, &head, err);
	if (st != HM_OK)
		return our_fault(res, st);
	hm_http_set(&res->head, "Cache-Control", HM_STR("no-cache"));
	hm_http_response_set_body(res, "text/plain; charset=utf-8", hm_str_of(head.note, head.note_len));
	return HM_OK;
}

static enum hm_status read_once(struct hm_log *log, const struct hm_tlog_tile *tile, struct hm_buf *ret_data,
				bool *ret_is_in, struct hm_err *err)
{
	HM_OWN(hm_buf_done)
	struct hm_buf data = hm_buf_init(tile->is_entries ? HM_TLOG_MAX_BUNDLE : (size_t)HM_TLOG_TILE_LEN);
	struct hm_log_head head;

	enum hm_status st = hm_log_load_head(log, &head, err);
	if (st != HM_OK)
		return st;
	*ret_is_in = hm_tlog_tile_is_in(tile, head.tree.size);
	if (!*ret_is_in)
		return HM_OK;
	struct hm_log_disk disk = { log->dir, head.tree.size };
	const struct hm_tlog_source source = hm_log_source(&disk);
	st = source.read(source.ctx, tile, &data, err);
	if (st == HM_OK)
		*ret_data = hm_buf_take(&data);
	return st;
}

/* Only what a checkpoint covers is given out, whatever else lies on disk. */
static enum hm_status get_tile(void *service, const struct hm_http_request *req, struct hm_http_response *res,
			       struct hm_err *err)
{
	const struct hm_str path = hm_str_skip(req->path, api_prefix_len);
	HM_OWN(hm_buf_done) struct hm_buf data = { 0 };
	struct hm_tlog_tile tile;
	bool is_in = false;

	enum hm_status st = hm_tlog_tile_parse(path, &tile, err);
	if (st != HM_OK)
		return st;
	st = HM_ENOTFOUND;
	for (int i = 0; i < max_attempts && st == HM_ENOTFOUND; i++)
		st = read_once(service, &tile, &data, &is_in, err);
	if (st != HM_OK)
		return our_fault(res, st);
	if (!is_in)
		return hm_fail(err, HM_R_HTTP_NOT_FOUND, "the log does not have '%.*s' yet", HM_STR_ARG(path));
	hm_http_set(&res->head, "Cache-Control", HM_STR("public, max-age=31536000, immutable"));
	hm_http_response_set_body(res, "application/octet-stream", hm_buf_str(&data));
	return HM_OK;
}

static enum hm_status get_health(void *service, const struct hm_http_request *req, struct hm_http_response *res,
				 struct hm_err *err)
{
	(void)service;
	(void)req;
	(void)err;
	hm_http_response_set_body(res, "application/json", HM_STR("{\"status\":\"SERVING\"}"));
	return HM_OK;
}

enum hm_status hm_log_handle(void *service, const struct hm_http_request *request, struct hm_http_response *response,
			     struct hm_err *err)
{
	static const struct hm_http_route routes[] = {
		{ "POST", "/api/v2/log/entries", create_entry, NULL },
		{ "GET", "/api/v2/checkpoint", get_checkpoint, NULL },
		{ "GET", "/api/v2/tile/entries/{n...}", get_tile, NULL },
		{ "GET", "/api/v2/tile/{level}/{n...}", get_tile, NULL },
		{ "GET", "/healthz", get_health, NULL },
	};
	static const struct hm_http_router router = { routes, sizeof(routes) / sizeof(routes[0]), write_error };
	struct hm_err own = { 0 };

	return hm_http_route(&router, service, request, response, err ? err : &own);
}
