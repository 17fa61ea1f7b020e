/* generate-key-pair: a key to sign with, in cosign's files. */
#include "cli/commands.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "cli/password.h"
#include "crypto/keyfile.h"

#include <unistd.h>

struct key_pair_opts {
	const char *prefix;
};

static const struct hm_opt table[] = {
	{ "output-key-prefix", 0, HM_OPT_TEXT, offsetof(struct key_pair_opts, prefix), "PREFIX",
	  "the files' names without .key and .pub; \"cosign\" where not given", NULL, NULL, false },
};

static const char *const later[] = { "kms", "output-file", "timeout", "t", "verbose", "d", NULL };

/* What is to be written. */
struct pair {
	char *key_path, *pub_path;
	struct hm_signer signer;
	struct hm_secret password;
	struct hm_buf key, pub;
	bool may_replace; /* somebody said so */
};

static void pair_done(struct pair *p)
{
	free(p->key_path);
	free(p->pub_path);
	hm_signer_done(&p->signer);
	hm_secret_done(&p->password);
	hm_buf_done(&p->key);
	hm_buf_done(&p->pub);
}

/* Asked before the password, and held again by the kernel when the files are made. */
static enum hm_status check_places(struct hm_cli *cli, struct pair *p, struct hm_err *err)
{
	const char *taken = hm_path_is_there(p->key_path)   ? p->key_path
			    : hm_path_is_there(p->pub_path) ? p->pub_path
							    : NULL;

	if (!taken)
		return HM_OK;
	HM_OWN(hm_freep) char *question = hm_asprintf("File %s already exists. Overwrite?", taken);
	HM_OWN(hm_freep)
	char *refusal = hm_asprintf("'%s' exists: move it away, or name others with --output-key-prefix", taken);
	if (!question || !refusal)
		return hm_fail(err, HM_R_NO_MEMORY, "a question");
	enum hm_status st = hm_cli_confirm(cli, question, refusal, err);
	p->may_replace = st == HM_OK;
	return st;
}

static enum hm_status save(const struct pair *p, const char *path, const struct hm_buf *text, mode_t mode,
			   struct hm_err *err)
{
	return p->may_replace ? hm_file_save(path, hm_buf_str(text), mode, err)
			      : hm_file_save_once(path, hm_buf_str(text), mode, err);
}

static enum hm_status make(struct hm_cli *cli, struct pair *p, struct hm_err *err)
{
	p->key = hm_buf_init(HM_MAX_CONFIG_FILE);
	p->pub = hm_buf_init(HM_MAX_CONFIG_FILE);
	enum hm_status st = hm_cli_password(cli, true, false, &p->password, err);
	if (st == HM_OK)
		st = hm_signer_generate(HM_KEY_P256, 0, &p->signer, err);
	if (st == HM_OK)
		st = hm_keyfile_encrypt(&p->signer, hm_secret_str(&p->password), cli->fx, &p->key, err);
	if (st != HM_OK)
		return st;
	hm_key_encode_pem(&p->signer.key, &p->pub);
	return hm_buf_check(&p->pub, "a public key", err);
}

static enum hm_status generate(struct hm_cli *cli, const char *prefix, struct hm_err *err)
{
	HM_OWN(pair_done) struct pair p = { 0 };

	p.key_path = hm_asprintf("%s.key", prefix);
	p.pub_path = hm_asprintf("%s.pub", prefix);
	if (!p.key_path || !p.pub_path)
		return hm_fail(err, HM_R_NO_MEMORY, "the files' names");
	enum hm_status st = check_places(cli, &p, err);
	if (st == HM_OK)
		st = make(cli, &p, err);
	if (st == HM_OK)
		st = save(&p, p.key_path, &p.key, 0600, err);
	if (st != HM_OK)
		return st;
	st = save(&p, p.pub_path, &p.pub, 0644, err);
	/* A private key alone looks finished and is not. */
	if (st != HM_OK && !p.may_replace)
		unlink(p.key_path);
	if (st != HM_OK)
		return st;
	fputs("Private key written to ", cli->log);
	hm_cli_print_clean(cli->log, p.key_path);
	fputs("\nPublic key written to ", cli->log);
	hm_cli_print_clean(cli->log, p.pub_path);
	fputc('\n', cli->log);
	return HM_OK;
}

static enum hm_status run(struct hm_cli *cli, const void *opts, char *const *args, size_t count, struct hm_err *err)
{
	const struct key_pair_opts *o = opts;
	enum hm_status st;

	if (count > 0)
		st = hm_fail(err, HM_R_UNSUPPORTED, "a key in '%s' is not supported yet; keys are made as files",
			     args[0]);
	else
		st = generate(cli, o->prefix ? o->prefix : "cosign", err);
	return hm_while(err, st, "generate a key pair");
}

const struct hm_cmd hm_cmd_generate_key_pair = {
	.name = "generate-key-pair",
	.summary = "make a key to sign with",
	.args = "",
	.about =
	    "Makes a key on P-256 and writes it to PREFIX.key, encrypted with a password in the form of cosign "
	    "(scrypt and\n"
	    "XSalsa20-Poly1305), and its public half to PREFIX.pub. Either program uses the other's files.\n"
	    "\n"
	    "The password is that of COSIGN_PASSWORD; else it is asked for on the terminal; else it is all of "
	    "standard\n"
	    "input. An empty one is a password too. Files that exist are overwritten only if that is confirmed on a\n"
	    "terminal.",
	.example = "  hallmark generate-key-pair\n  hallmark generate-key-pair --output-key-prefix release\n",
	HM_CMD_OPTS(table, struct key_pair_opts),
	.later = later,
	.max_args = 1,
	.exits = HM_EXITS_COSIGN,
	.run = run,
};
