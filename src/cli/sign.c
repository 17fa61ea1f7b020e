#include "cli/sign.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "cli/sign_key.h"
#include "cli/verify.h"
#include "crypto/jwt.h"
#include "data/json_write.h"

#include <inttypes.h>

static enum hm_status check_usage(const struct hm_cli_sign_opts *o, struct hm_err *err)
{
	if (o->without_signing_config && o->signing_config)
		return hm_fail(err, HM_R_USAGE, "give --signing-config or --use-signing-config=false, not both");
	/* a token that only stands in the environment is no contradiction */
	bool has_token = o->identity_token && o->identity_token != getenv("SIGSTORE_ID_TOKEN");
	if (o->is_local && (o->key || o->signing_config || has_token || o->trusted_root))
		return hm_fail(err, HM_R_USAGE,
			       "--local has its own key, services, token and trust root: --key, --signing-config, "
			       "--identity-token and --trusted-root do not go with it");
	if (o->state && !o->is_local)
		return hm_fail(err, HM_R_USAGE, "--state is where --local keeps its keys; it means nothing without");
	if (o->is_local)
		return HM_OK;
	if (!o->key && !o->signing_config)
		return hm_fail(err, HM_R_UNSUPPORTED,
			       "signing with the public-good Sigstore instance is not supported yet: give --key FILE, "
			       "--local, or --signing-config FILE with --identity-token and --trusted-root");
	if (!o->key && !o->identity_token)
		return hm_fail(err, HM_R_USAGE,
			       "signing without a key needs --identity-token, or the token in SIGSTORE_ID_TOKEN");
	return HM_OK;
}

/* The token or the path of a file that holds it, as cosign tells them apart: a token reads as one. */
static enum hm_status read_token(const char *given, struct hm_secret *ret_token, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(16 * HM_MAX_JWT);
	HM_OWN(hm_secret_buf_done) struct hm_buf text = { 0 };
	struct hm_jws jws;

	if (hm_jws_parse(hm_str(given), &arena, &jws, NULL) == HM_OK)
		return hm_secret_copy(hm_str(given), ret_token, err);
	/* What is no path may be a damaged token, which is not to be shown. */
	if (!hm_path_is_there(given))
		return hm_fail(err, HM_R_USAGE, "--identity-token is neither a token nor a file that holds one");
	enum hm_status st = hm_file_read(given, HM_MAX_JWT + 2, &text, err);
	if (st == HM_OK)
		st = hm_jws_parse(hm_str_trim(hm_buf_str(&text)), &arena, &jws, err);
	if (st != HM_OK)
		return hm_while(err, hm_at(err, st, given, 0, 0), "read the identity token");
	return hm_secret_copy(hm_str_trim(hm_buf_str(&text)), ret_token, err);
}

static enum hm_status open_services(struct hm_cli *cli, const struct hm_cli_sign_opts *o, struct hm_cli_signing *s,
				    struct hm_err *err)
{
	if (!o->signing_config)
		return HM_OK;
	enum hm_status st = hm_file_read(o->signing_config, HM_MAX_TRUSTED_ROOT, &s->config_text, err);
	if (st == HM_OK)
		st = hm_at(err, hm_signing_config_parse(hm_buf_str(&s->config_text), &s->config, err),
			   o->signing_config, 0, 0);
	if (st == HM_OK)
		st = hm_client_new(NULL, &s->client, err);
	if (st != HM_OK)
		return hm_while(err, st, "read the signing config");
	s->transport = hm_client_transport(s->client);
	st = hm_signing_services_choose(&s->config, !o->key, hm_now_ns(cli->fx), &s->transport, &s->services, err);
	if (st == HM_OK)
		st = hm_cli_trust_open(cli, o->trusted_root, &s->root, err);
	if (st == HM_OK)
		s->services.trust = s->root.trust;
	return st;
}

/* Its trust root stands beside its keys, for who verifies. */
static enum hm_status open_local(struct hm_cli *cli, const struct hm_cli_sign_opts *o, struct hm_cli_signing *s,
				 struct hm_err *err)
{
	HM_OWN(hm_freep) char *state = NULL;

	enum hm_status st = hm_local_state_dir(o->state, getenv("XDG_STATE_HOME"), getenv("HOME"), &state, err);
	if (st == HM_OK)
		st = hm_local_signing_open(state, cli->fx, NULL, NULL, &s->local, err);
	if (st == HM_OK)
		st = hm_instance_save(s->local.instance, NULL, state, err);
	if (st != HM_OK)
		return st;
	s->trusted_root = hm_asprintf("%s/trusted_root.json", state);
	if (!s->trusted_root)
		return hm_fail(err, HM_R_NO_MEMORY, "a path");
	s->signing = s->local.session;
	return HM_OK;
}

enum hm_status hm_cli_signing_open(struct hm_cli *cli, const struct hm_cli_sign_opts *opts, bool is_stdin_taken,
				   struct hm_cli_signing *s, struct hm_err *err)
{
	const struct hm_sign_opts sign_opts = { .fx = cli->fx };
	HM_OWN(hm_secret_done) struct hm_secret token = { 0 };

	*s = (struct hm_cli_signing){ 0 };
	enum hm_status st = check_usage(opts, err);
	if (st == HM_OK && opts->is_local)
		return open_local(cli, opts, s, err);
	if (st == HM_OK && opts->key)
		st = hm_cli_key_load(cli, opts->key, is_stdin_taken, &s->signer, err);
	else if (st == HM_OK)
		st = read_token(opts->identity_token, &token, err);
	if (st == HM_OK)
		st = open_services(cli, opts, s, err);
	if (st != HM_OK)
		return st;
	if (opts->key)
		st = hm_signing_new_keyed(&s->services, &s->signer, &sign_opts, &s->own, err);
	else
		st = hm_signing_new(&s->services, hm_secret_str(&token), &sign_opts, &s->own, err);
	s->signing = s->own;
	return st;
}

void hm_cli_signing_done(struct hm_cli_signing *s)
{
	s->own = hm_signing_free(s->own);
	hm_local_signing_done(&s->local);
	free(s->trusted_root);
	hm_signer_done(&s->signer);
	hm_signing_config_done(&s->config);
	hm_buf_done(&s->config_text);
	s->client = hm_client_free(s->client);
	hm_cli_trust_done(&s->root);
}

/* --- what was signed --- */

static enum hm_status print_json(struct hm_cli *cli, const struct hm_cli_sign_opts *opts, const char *what,
				 const struct hm_cli_signing *s, const struct hm_signed *made, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	struct hm_json_writer w = hm_json_writer_init(&text, NULL);

	hm_json_object(&w);
	hm_cli_verified_write(hm_signed_verified(made), what, &w);
	if (opts->bundle)
		hm_json_member_cstr(&w, "bundle", opts->bundle);
	if (s->trusted_root)
		hm_json_member_cstr(&w, "trustedRoot", s->trusted_root);
	hm_json_object_end(&w);
	return hm_cli_print_json(cli, &w, &text, err);
}

/* For people, where cosign writes the like: to standard error. */
static void print_facts(struct hm_cli *cli, const struct hm_verified *verified)
{
	const struct hm_identity *identity = hm_verified_identity(verified);
	const struct hm_verified_entry *entries;
	size_t count = hm_verified_entries(verified, &entries);

	if (identity) {
		fputs("Signed as ", cli->log);
		HM_OWN(hm_freep) char *name = NULL;
		if (hm_str_dup(identity->subject, &name, NULL) == HM_OK)
			hm_cli_print_clean(cli->log, name);
		fputc('\n', cli->log);
	}
	for (size_t i = 0; i < count; i++)
		fprintf(cli->log, "Logged with index %" PRId64 " in %.*s\n", entries[i].index,
			HM_STR_ARG(hm_str_head(entries[i].log_url, 200)));
}

enum hm_status hm_cli_signed_report(struct hm_cli *cli, const struct hm_cli_sign_opts *opts, const char *what,
				    const struct hm_cli_signing *s, const struct hm_signed *made, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	if (opts->bundle)
		st = hm_while(err, hm_file_put(opts->bundle, hm_signed_text(made), 0644, err), "write the bundle");
	if (st != HM_OK)
		return st;
	if (cli->json)
		return print_json(cli, opts, what, s, made, err);
	print_facts(cli, hm_signed_verified(made));
	if (s->trusted_root) {
		fputs("Verify it with --trusted-root ", cli->log);
		hm_cli_print_clean(cli->log, s->trusted_root);
		fputc('\n', cli->log);
	}
	if (opts->bundle) {
		fputs("Wrote bundle to file ", cli->log);
		hm_cli_print_clean(cli->log, opts->bundle);
		fputc('\n', cli->log);
	}
	return HM_OK;
}
